package train

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/model"
)

const childEnv = "COGUMI_TEST_TRAIN"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		os.Exit(child())
	}
	cache, err := os.MkdirTemp("", "cogumi-cache")
	if err != nil {
		panic(err)
	}
	os.Setenv("COGUMI_CACHE", cache)
	code := m.Run()
	os.RemoveAll(cache)
	os.Exit(code)
}

// recipe has everything that a resumed run must get right: dropout, an order per
// epoch, 8-bit moments, a held-out part whose best adapter is kept, checkpoints
// and evaluations at different steps.
var recipe = Config{Rank: 4, Epochs: 2, Batch: 6, Dropout: 0.1, Holdout: 0.2, EvalEvery: 3, SaveEvery: 2, LR: 3e-3, Seed: 7}

// child is the run of seconds that is killed.
func child() int {
	r, err := experiment.StartScript("resume.go")
	if err == nil {
		err = trainSmall()
		r.Finish()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return experiment.ExitCode(err)
}

func trainSmall() error {
	m, err := model.Load("tiny")
	if err != nil {
		return err
	}
	pool, err := dataset.Read("tinyworld/pool")
	if err != nil {
		return err
	}
	rows, c := 40, recipe
	if os.Getenv(childEnv) == "full" {
		rows, c = 300, fullBudget
	}
	_, err = QLoRA(m, pool.Shuffle(3).Head(rows), c)
	return err
}

// start runs the recipe in a process of its own.
func start(t *testing.T, root string, env ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"=1", "COGUMI_RUNS="+root, "COGUMI_RUN_DIR=", "COGUMI_SCRIPT=", "COGUMI_QUIET=1", "COGUMI_FORCE=", "COGUMI_FROM=")
	cmd.Env = append(cmd.Env, env...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, &out
}

func finish(t *testing.T, root string, env ...string) time.Duration {
	t.Helper()
	began := time.Now()
	cmd, out := start(t, root, env...)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return time.Since(began)
}

// resultFiles are the hashes of all that a training leaves, by name: the adapter,
// and the record with the hash of optimiser and position.
func resultFiles(t *testing.T, root string) string {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(root, ".steps", "*", "adapter"))
	if err != nil || len(dirs) != 1 || strings.Contains(dirs[0], ".partial") {
		t.Fatalf("adapters: %v, %v", dirs, err)
	}
	var b strings.Builder
	err = filepath.WalkDir(filepath.Dir(dirs[0]), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dirs[0], path)
		fmt.Fprintf(&b, "%s %x\n", rel, sha256.Sum256(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := b.String(); !strings.Contains(got, "adapter_model.safetensors") || !strings.Contains(got, "adapter_config.json") || !strings.Contains(got, recordFile) {
		t.Fatalf("the result is not whole:\n%s", got)
	}
	return b.String()
}

// TestKillAndResume: killed at any of 50 moments and run again, training ends
// with the bytes of a run that nobody disturbed.
func TestKillAndResume(t *testing.T) {
	moments := 50
	if testing.Short() {
		moments = 3
	}
	clean := t.TempDir()
	whole := finish(t, clean)
	want := resultFiles(t, clean)
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 1))
	t.Logf("seed %d, one run takes %v", seed, whole)
	killed, resumed := 0, 0
	for attempts := 0; killed < moments && attempts < 3*moments; attempts++ {
		root := t.TempDir()
		// One moment in each part of the run, so that all of it is covered.
		after := time.Duration((float64(killed) + rng.Float64()) / float64(moments) * float64(whole))
		began := time.Now()
		cmd, out := start(t, root)
		time.AfterFunc(after, func() { cmd.Process.Signal(syscall.SIGKILL) })
		if err := cmd.Wait(); err == nil {
			whole = min(whole, time.Since(began)) // it was faster than the first one
			continue
		} else if !strings.Contains(err.Error(), "killed") {
			t.Fatalf("%v\n%s", err, out)
		}
		killed++
		if m, _ := filepath.Glob(filepath.Join(root, ".steps", "*.partial", checkpointFile)); len(m) > 0 {
			resumed++
		}
		finish(t, root)
		if got := resultFiles(t, root); got != want {
			t.Errorf("killed after %v:\n%swant\n%s", after, got, want)
		}
	}
	t.Logf("%d runs were killed, %d of them behind a checkpoint", killed, resumed)
	if killed < moments || resumed == 0 {
		t.Errorf("only %d of %d runs were killed on the way, %d behind a checkpoint", killed, moments, resumed)
	}
}

// TestThreads: one processor gives the bits of two.
func TestThreads(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	finish(t, one, "GOMAXPROCS=1")
	finish(t, two, "GOMAXPROCS=2")
	if a, b := resultFiles(t, one), resultFiles(t, two); a != b {
		t.Errorf("with one processor\n%swith two\n%s", a, b)
	}
}

// TestInterruptAndResume: after Ctrl-C the run ends by itself with exit code
// 130, and goes on later to the same bytes.
func TestInterruptAndResume(t *testing.T) {
	clean := t.TempDir()
	whole := finish(t, clean)
	want := resultFiles(t, clean)
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 2))
	interrupted := 0
	for _, part := range []float64{0.35, 0.55, 0.75} {
		root := t.TempDir()
		after := time.Duration((part + 0.15*rng.Float64()) * float64(whole))
		cmd, out := start(t, root)
		time.Sleep(after)
		cmd.Process.Signal(os.Interrupt)
		began := time.Now()
		cmd.Wait()
		switch code := cmd.ProcessState.ExitCode(); code {
		case 130:
			interrupted++
			t.Logf("after %v: ended within %v", after, time.Since(began))
		case 0: // it was faster
		default:
			t.Errorf("after %v: exit code %d\n%s", after, code, out)
		}
		finish(t, root)
		if got := resultFiles(t, root); got != want {
			t.Errorf("interrupted after %v:\n%swant\n%s", after, got, want)
		}
	}
	if interrupted == 0 {
		t.Error("no run was interrupted on the way")
	}
}
