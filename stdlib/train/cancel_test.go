package train

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/model"
)

// countdown is a context that ends when it has been asked n times by a function
// whose name holds in.
type countdown struct {
	context.Context
	cancel context.CancelFunc
	asked  atomic.Int64
	n      int64
	in     string
}

func newCountdown(n int64, in string) *countdown {
	c := &countdown{n: n, in: in}
	c.Context, c.cancel = context.WithCancel(context.Background())
	return c
}

func (c *countdown) ask() {
	if c.below() && c.asked.Add(1) == c.n {
		c.cancel()
	}
}

func (c *countdown) below() bool {
	var pc [32]uintptr
	frames := runtime.CallersFrames(pc[:runtime.Callers(2, pc[:])])
	for {
		f, more := frames.Next()
		if strings.Contains(f.Function, c.in) {
			return true
		}
		if !more {
			return false
		}
	}
}

func (c *countdown) Err() error            { c.ask(); return c.Context.Err() }
func (c *countdown) Done() <-chan struct{} { c.ask(); return c.Context.Done() }

// TestCancelAnywhere: wherever a run stops, in a step, an evaluation or between,
// it goes on to the same adapter, the same best evaluation and the same count of
// evaluations without improvement.
func TestCancelAnywhere(t *testing.T) {
	m, err := model.Load("tiny")
	if err != nil {
		t.Fatal(err)
	}
	pool, err := dataset.Read("tinyworld/pool")
	if err != nil {
		t.Fatal(err)
	}
	set := pool.Shuffle(5).Head(8)
	c, err := Config{Rank: 2, Epochs: 2, Batch: 2, Dropout: 0.1, Holdout: 0.5, EvalEvery: 1, SaveEvery: 3, Warmup: -1, LR: 0.02, Seed: 1}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	do := func(ctx context.Context, dir string) error {
		return trainIn(ctx, experiment.Current(), m, set, c, nil, dir)
	}
	result := func(dir string) string {
		text, err := os.ReadFile(filepath.Join(dir, "adapter", "adapter_model.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		checkpoint, err := os.ReadFile(filepath.Join(dir, checkpointFile))
		if err != nil {
			t.Fatal(err)
		}
		return string(text) + string(checkpoint)
	}
	clean := t.TempDir()
	if err := do(context.Background(), clean); err != nil {
		t.Fatal(err)
	}
	want := result(clean)
	for _, where := range []string{"(*Scorer).Loss", "(*Trainer).Step"} {
		all := newCountdown(-1, where)
		if err := do(all, t.TempDir()); err != nil {
			t.Fatal(err)
		}
		asked, moments := all.asked.Load(), int64(6)
		if testing.Short() {
			moments = 3
		}
		if asked < moments {
			t.Fatalf("%s asks %d times", where, asked)
		}
		for i := range moments {
			dir, at := t.TempDir(), 1+i*(asked-1)/(moments-1)
			if err := do(newCountdown(at, where), dir); err == nil {
				t.Errorf("%s: not stopped at %d of %d", where, at, asked)
			}
			if err := do(context.Background(), dir); err != nil {
				t.Fatal(err)
			}
			if result(dir) != want {
				t.Errorf("%s: stopped at %d of %d: another result", where, at, asked)
			}
		}
	}
}

// TestTidy: files that were being written when a run was killed do not become
// part of the result.
func TestTidy(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{checkpointFile, bestFile, ".checkpoint.tmp.tmp123", "adapter/.adapter_model.safetensors.tmp9", "adapter/adapter_config.json"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := tidy(dir); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 || left[0].Name() != bestFile || left[1].Name() != checkpointFile {
		t.Errorf("left: %v, %v", left, err)
	}
}
