package experiment_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"cogumi/reports/run"
)

// results are the bytes of all finished steps in root.
func results(t *testing.T, root string) string {
	t.Helper()
	var b strings.Builder
	steps := filepath.Join(root, ".steps")
	err := filepath.WalkDir(steps, func(path string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(steps, path)
		first, _, _ := strings.Cut(rel, "/")
		if err != nil || d.IsDir() || strings.Contains(first, ".") {
			return err
		}
		text, err := os.ReadFile(path)
		fmt.Fprintf(&b, "%s %x\n", rel, sha256.Sum256(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func newest(t *testing.T, root string) *run.Run {
	t.Helper()
	list, err := run.List(root)
	if err != nil || len(list) == 0 {
		t.Fatalf("runs: %v %v", list, err)
	}
	r, err := run.Read(list[0].Dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestKillAtAnyMoment: whenever a run is killed, running it again ends with the
// same bytes and the same report as one that nobody disturbed.
func TestKillAtAnyMoment(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	clean := t.TempDir()
	began := time.Now()
	out, err := program("steps", clean).Output()
	if err != nil {
		t.Fatal(err)
	}
	whole := time.Since(began)
	want := results(t, clean)
	if strings.Count(want, "\n") != 2 {
		t.Fatalf("results:\n%s", want)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d, one run takes %v", seed, whole)
	rng := rand.New(rand.NewPCG(seed, 1))
	killed, finished := 0, 0
	for round := range 10 {
		root := t.TempDir()
		for range 3 {
			cmd := program("steps", root)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			timer := time.AfterFunc(time.Duration(rng.Int64N(int64(whole))), func() { cmd.Process.Kill() })
			if cmd.Wait() != nil {
				killed++
			} else {
				finished++
			}
			timer.Stop()
		}
		last, err := program("steps", root).Output()
		if err != nil {
			t.Fatalf("round %d: %v %s", round, err, last)
		}
		if got := results(t, root); got != want || string(last) != string(out) {
			t.Fatalf("round %d:\n%s%s\nwant\n%s%s", round, got, last, want, out)
		}
		r := newest(t, root)
		if p := r.Series("count/value"); len(p) != 30 || p[29].Value != 29*29 {
			t.Fatalf("round %d: the curve has %d points", round, len(p))
		}
		if a := r.Artefacts(); len(a) != 1 || r.Info.State != run.Done || r.Cut != 0 {
			t.Fatalf("round %d: %+v %s", round, a, r.Info.State)
		}
		left, _ := filepath.Glob(filepath.Join(root, ".steps", "*.partial"))
		if len(left) > 0 {
			t.Fatalf("round %d: left over: %v", round, left)
		}
	}
	if killed < 10 {
		t.Errorf("only %d kills hit, %d runs were through", killed, finished)
	}
	t.Logf("%d killed, %d were through before", killed, finished)
}

// TestRunsAtTheSameTime: of several runs that need one step, one does it.
func TestRunsAtTheSameTime(t *testing.T) {
	root := t.TempDir()
	ran := filepath.Join(t.TempDir(), "ran")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			cmd := program("steps", root, "--lines=100")
			cmd.Env = append(cmd.Env, "EXPERIMENT_TEST_RAN="+ran)
			if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "bytes 1580") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	wg.Wait()
	if got := content(t, ran); got != "count\ndouble\n" {
		t.Errorf("ran:\n%s", got)
	}
}

// start runs a program and waits until it says that it is ready.
func start(t *testing.T, name, root string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	cmd := program(name, root)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("%q %v %s", line, err, stderr.String())
	}
	return cmd, &stderr
}

func code(err error) int {
	var e *exec.ExitError
	if errors.As(err, &e) {
		return e.ExitCode()
	}
	if err != nil {
		return -2
	}
	return 0
}

func TestFirstCtrlCStopsAtTheCheckpoint(t *testing.T) {
	root := t.TempDir()
	for _, resumed := range []bool{false, true} {
		cmd, stderr := start(t, "polls", root)
		cmd.Process.Signal(os.Interrupt)
		err := cmd.Wait()
		if code(err) != 130 || !strings.Contains(stderr.String(), "stopping after the current step's checkpoint; press Ctrl-C again to force") || strings.Contains(stderr.String(), "error") {
			t.Errorf("%v\n%s", err, stderr)
		}
		r := newest(t, root)
		s := r.Steps()
		if r.Info.State != run.Interrupted || r.Info.Error != nil || len(s) != 1 || s[0].State != run.Interrupted || s[0].Resumed != resumed || r.Info.Ended.IsZero() {
			t.Errorf("%s, error %v, steps %+v", r.Info.State, r.Info.Error, s)
		}
		time.Sleep(1100 * time.Millisecond) // ids sort by the second
	}
}

func TestSecondCtrlCForces(t *testing.T) {
	root := t.TempDir()
	cmd, stderr := start(t, "deaf", root)
	cmd.Process.Signal(syscall.SIGTERM)
	time.Sleep(200 * time.Millisecond)
	began := time.Now()
	cmd.Process.Signal(os.Interrupt)
	err := cmd.Wait()
	if code(err) != 130 || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %v\n%s", err, time.Since(began), stderr)
	}
	if r := newest(t, root); r.Info.State != run.Interrupted {
		t.Errorf("state %s", r.Info.State)
	}
}

func TestFailuresNameTheScriptsLine(t *testing.T) {
	for _, c := range []struct {
		program, line, message, hint string
		code                         int
	}{
		{"panics", "the line of the panic", "panic: runtime error: index out of range [3] with length 0", "panic.txt", 1},
		{"stops", "the line of the stop", "pool.jsonl:12: no answer", "add one", 4},
	} {
		root := t.TempDir()
		out, err := program(c.program, root).CombinedOutput()
		r := newest(t, root)
		f := r.Info.Error
		if code(err) != c.code || r.Info.State != run.Failed || f == nil {
			t.Fatalf("%s: %v, %s, %+v\n%s", c.program, err, r.Info.State, f, out)
		}
		want := lineOf(t, c.line)
		if f.Line != want || !strings.HasSuffix(f.File, "program_test.go") || !strings.Contains(f.Source, c.line) || f.Message != c.message || !strings.Contains(f.Hint, c.hint) {
			t.Errorf("%s: %+v, want line %d", c.program, f, want)
		}
		for _, text := range []string{"error  " + c.message, fmt.Sprintf("program_test.go:%d", want), "hint", c.hint} {
			if !strings.Contains(string(out), text) {
				t.Errorf("%s: standard error lacks %q:\n%s", c.program, text, out)
			}
		}
	}
	root := t.TempDir()
	out, err := program("recovers", root).CombinedOutput()
	if r := newest(t, root); code(err) != 1 || r.Info.State != run.Failed || r.Info.Error.Message != "not so bad" {
		t.Errorf("a stop that was recovered: %v\n%s", err, out)
	}
}

func TestTheProgramsOwnOutput(t *testing.T) {
	root := t.TempDir()
	cmd := program("steps", root, "--lines", "5")
	cmd.Env = append(cmd.Env, "COGUMI_PRICE_PER_HOUR=2.5", "HOME="+filepath.Dir(root))
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	if stdout.String() != "bytes 70\n" {
		t.Errorf("standard output belongs to the script: %q", stdout.String())
	}
	r := newest(t, root)
	i := r.Info
	if i.Script != "program_test" || len(i.Params) != 1 || i.Params[0].Value != "5" || i.Params[0].Default != "30" || string(i.Result) == "" || i.PID == 0 {
		t.Errorf("%+v", i)
	}
	if i.Cost == nil || i.Cost.Dollars <= 0 || !strings.Contains(i.Cost.Basis, "2.5 $/h") {
		t.Errorf("cost %+v", i.Cost)
	}
	if got := content(t, r.Dir, "source", "program_test.go"); got != content(t, "program_test.go") {
		t.Error("the source is not kept")
	}
	if strings.Contains(content(t, r.Dir, "run.json"), filepath.Dir(root)) {
		t.Errorf("the home folder is in run.json:\n%s", content(t, r.Dir, "run.json"))
	}
	if len(i.Steps) != 2 || i.Steps[1].Parts["source func ran"] == "" || i.Steps[1].Parts["source func check"] == "" {
		t.Errorf("steps %+v", i.Steps)
	}
	out, err := program("steps", root, "--help").Output()
	if err != nil || !strings.Contains(string(out), "--lines int  lines of the journal (default 30)") {
		t.Errorf("help: %v\n%s", err, out)
	}
	out, err = program("steps", root, "--line=3").CombinedOutput()
	if code(err) != 2 || !strings.Contains(string(out), "did you mean --lines?") {
		t.Errorf("a wrong flag: %v\n%s", err, out)
	}
	out, err = program("steps", root, "--lines=some").CombinedOutput()
	if code(err) != 2 || !strings.Contains(string(out), "--lines") {
		t.Errorf("a wrong value: %v\n%s", err, out)
	}
}
