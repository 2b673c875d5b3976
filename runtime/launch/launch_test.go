package launch

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"cogumi/reports/run"
	"cogumi/runtime/stage"
)

// The test binary is its own child: COGUMI_TEST_CHILD says what it does.
const envChild = "COGUMI_TEST_CHILD"

func TestMain(m *testing.M) {
	if mode := os.Getenv(envChild); mode != "" {
		child(mode)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(mode string) {
	if err := RecordCrashes(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(9)
	}
	dir := os.Getenv(EnvRunDir)
	mark := func(name string) {
		path := filepath.Join(dir, name) // appears whole
		_ = os.WriteFile(path+".tmp", []byte(strconv.Itoa(os.Getpid())), 0o644)
		_ = os.Rename(path+".tmp", path)
	}
	switch mode {
	case "args":
		fmt.Println(strings.Join(os.Args[1:], " "))
	case "restrictions":
		if wrong := restrictions(); wrong != "" {
			fmt.Println(wrong)
			os.Exit(1)
		}
	case "exit7":
		os.Exit(7)
	case "exit4":
		os.Exit(4)
	case "crash":
		go func() { panic("boom in a goroutine") }()
		select {}
	case "kill":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case "sleep": // ends by the default action of SIGINT
		mark("ready")
		time.Sleep(time.Minute)
	case "polite":
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, os.Interrupt)
		mark("ready")
		<-signals
		w, err := run.OpenWriter(dir)
		if err == nil {
			err = w.Update(func(i *run.Info) { i.State, i.Ended = run.Interrupted, time.Now() })
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(130)
	case "deaf": // ignores SIGINT and has a child of its own that does too
		signal.Ignore(os.Interrupt)
		grandchild := exec.Command(os.Args[0])
		grandchild.Env = append(os.Environ(), envChild+"=deafer")
		if err := grandchild.Start(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(9)
		}
		mark("ready")
		select {}
	case "deafer":
		signal.Ignore(os.Interrupt)
		mark("grandchild")
		select {}
	case "orphan": // ends well and leaves a process behind
		grandchild := exec.Command(os.Args[0])
		grandchild.Env = append(os.Environ(), envChild+"=deafer")
		_ = grandchild.Start()
		for !exists(filepath.Join(dir, "grandchild")) {
			time.Sleep(time.Millisecond)
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// config is a run of the test binary in the given mode.
func config(t *testing.T, mode string) Config {
	t.Helper()
	t.Setenv(envChild, mode)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	script, _ := stage.Parse("x.go", []byte("package main\n"))
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	return Config{
		Script: script, Root: filepath.Join(t.TempDir(), "runs"), Command: "cogumi run x",
		Program: program, ProgramArgs: []string{"__child"}, Args: []string{"--a", "b"},
		Stdout: out, Stderr: out, Report: func(dir string) (string, error) { return filepath.Join(dir, "report.html"), nil },
	}
}

func TestEndings(t *testing.T) {
	tests := []struct {
		mode    string
		code    int
		state   run.State
		message string
		hint    string
	}{
		{"args", 0, run.Done, "", ""},
		{"exit7", 1, run.Failed, "exit status 7", ""},
		{"exit4", 4, run.Failed, "exit status 4", ""},
		{"crash", 1, run.Failed, "panic: boom in a goroutine", "crash.log"},
		{"kill", 1, run.Failed, "the signal SIGKILL", "memory runs out (its peak was"},
		{"orphan", 0, run.Done, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.mode, func(t *testing.T) {
			out, err := Run(config(t, tt.mode))
			if err != nil {
				t.Fatal(err)
			}
			info := out.Run.Info
			if out.Code != tt.code || info.State != tt.state || !out.Orphan || info.Ended.IsZero() {
				t.Errorf("code %d, state %s, closed by the parent %v, ended %v", out.Code, info.State, out.Orphan, info.Ended)
			}
			if (info.Error == nil) != (tt.message == "") {
				t.Fatalf("error is %+v", info.Error)
			}
			if info.Error != nil && (!strings.Contains(info.Error.Message, tt.message) || !strings.Contains(info.Error.Hint, tt.hint)) {
				t.Errorf("error is %+v", info.Error)
			}
			if out.Report == "" {
				t.Error("no report")
			}
			if tt.mode == "orphan" {
				wantGone(t, out.Dir, "grandchild")
			}
		})
	}
}

// wantGone waits until the process whose id is in the file has ended.
func wantGone(t *testing.T, dir, name string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(string(b))
	if err != nil {
		t.Fatal(err)
	}
	for range 500 {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) || zombie(pid) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("process %d (%s) is still there", pid, name)
}

// zombie: killed, and nobody has waited for it yet.
func zombie(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(b), ") Z ")
}

func TestArgumentsAndEnvironment(t *testing.T) {
	cfg := config(t, "args")
	out, err := Run(cfg)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(cfg.Stdout.Name())
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(out.Dir, "source", "x.go")
	if got, want := strings.TrimSpace(string(b)), "__child "+copied+" --a b"; got != want {
		t.Errorf("the child got %q, want %q", got, want)
	}
	if src, err := os.ReadFile(copied); err != nil || string(src) != "package main\n" {
		t.Errorf("the source copy is %q, %v", src, err)
	}
	if exists(filepath.Join(out.Dir, crashFile)) {
		t.Error("an empty crash log is left")
	}
}

// interruptWhenReady sends this process Ctrl-C n times, the first when the
// child is ready.
func interruptWhenReady(root string, n int) {
	for {
		if ready, _ := filepath.Glob(filepath.Join(root, "*", "ready")); len(ready) > 0 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	for range n {
		_ = syscall.Kill(os.Getpid(), syscall.SIGINT)
		time.Sleep(50 * time.Millisecond)
	}
}

func TestInterrupt(t *testing.T) {
	tests := []struct {
		mode    string
		times   int
		orphan  bool
		message string
	}{
		{"sleep", 1, true, "interrupted by Ctrl-C"},
		{"polite", 1, false, ""},
		{"deaf", 2, true, "ended at once by a second Ctrl-C"},
	}
	for _, tt := range tests {
		t.Run(tt.mode, func(t *testing.T) {
			cfg := config(t, tt.mode)
			go interruptWhenReady(cfg.Root, tt.times)
			out, err := Run(cfg)
			if err != nil {
				t.Fatal(err)
			}
			info := out.Run.Info
			if out.Code != Interrupted || info.State != run.Interrupted || out.Orphan != tt.orphan {
				t.Errorf("code %d, state %s, closed by the parent %v", out.Code, info.State, out.Orphan)
			}
			if tt.message != "" && (info.Error == nil || info.Error.Message != tt.message) {
				t.Errorf("error is %+v", info.Error)
			}
			if tt.mode == "deaf" && exists(filepath.Join(out.Dir, "grandchild")) {
				wantGone(t, out.Dir, "grandchild")
			}
		})
	}
}

func TestWhatDoesNotStart(t *testing.T) {
	cfg := config(t, "args")
	cfg.Program = filepath.Join(t.TempDir(), "missing")
	out, err := Run(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if e := out.Run.Info.Error; out.Code != Failed || e == nil || !strings.Contains(e.Message, "did not start") {
		t.Errorf("code %d, error %+v", out.Code, e)
	}
}

func TestReportPanics(t *testing.T) {
	cfg := config(t, "exit4")
	cfg.Report = func(string) (string, error) { panic("no ink") }
	out, err := Run(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if out.Code != GateFailed || out.ReportErr == nil || !strings.Contains(out.ReportErr.Error(), "no ink") {
		t.Errorf("code %d, report error %v", out.Code, out.ReportErr)
	}
}

// TestChildDiesWithParent kills a parent the hard way.
func TestChildDiesWithParent(t *testing.T) {
	if root := os.Getenv("COGUMI_TEST_ROOT"); root != "" {
		cfg := config(t, "sleep")
		cfg.Root = root
		_, _ = Run(cfg)
		return
	}
	if _, err := os.Stat("/proc/self"); err != nil {
		t.Skip("only Linux ends a child with its parent")
	}
	root := t.TempDir()
	parent := exec.Command(os.Args[0], "-test.run", "^TestChildDiesWithParent$")
	parent.Env = append(os.Environ(), "COGUMI_TEST_ROOT="+root)
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var ready []string
	for range 1000 {
		if ready, _ = filepath.Glob(filepath.Join(root, "*", "ready")); len(ready) > 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	_ = parent.Process.Kill()
	_ = parent.Wait()
	if len(ready) == 0 {
		t.Fatal("the child was never ready")
	}
	wantGone(t, filepath.Dir(ready[0]), "ready")
	r, err := run.Read(filepath.Dir(ready[0]))
	if err != nil || r.Info.State != run.Running {
		t.Errorf("the run of a killed parent says %v, %v", r.Info.State, err)
	}
}

func TestHistory(t *testing.T) {
	root := t.TempDir()
	add := func(script string, state run.State, seconds int, reused bool) {
		started := time.Now().Add(-time.Hour)
		w, err := run.Create(root, run.Info{Script: script, Started: started})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Update(func(i *run.Info) {
			i.State, i.Ended = state, started.Add(time.Duration(seconds)*time.Second)
			i.Steps = []run.Step{{Name: "s", Key: "k", State: run.Done, Reused: reused}}
		}); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	add("a", run.Done, 90, false)
	add("a", run.Done, 100, false)
	add("a", run.Done, 3, true)
	add("a", run.Failed, 1000, false)
	add("b", run.Done, 5, false)
	if err := os.MkdirAll(filepath.Join(root, "broken"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "broken", "run.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	h := PastRuns(root, "a")
	if len(h.Full) != 2 || Median(h.Full) != 95 || len(h.Reused) != 1 || Median(h.Reused) != 3 {
		t.Errorf("history is %+v", h)
	}
	if m := Median([]float64{3, 1, 2}); m != 2 || Median(nil) != 0 {
		t.Errorf("median is %v", m)
	}
}
