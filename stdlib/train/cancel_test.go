package train

import (
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/model"
)

// countdown is a context that ends when it has been asked n times.
type countdown struct {
	context.Context
	cancel context.CancelFunc
	asked  atomic.Int64
	n      int64
}

func newCountdown(n int64) *countdown {
	c := &countdown{n: n}
	c.Context, c.cancel = context.WithCancel(context.Background())
	return c
}

func (c *countdown) ask() {
	if c.asked.Add(1) == c.n {
		c.cancel()
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
	do := func(ctx context.Context, dir string) error { return trainIn(ctx, experiment.Current(), m, set, c, dir) }
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
	clean, all := t.TempDir(), newCountdown(-1)
	if err := do(all, clean); err != nil {
		t.Fatal(err)
	}
	want := result(clean)
	asked := all.asked.Load()
	moments := int64(10)
	if testing.Short() {
		moments = 3
	}
	moments = min(moments, asked)
	stopped := 0
	for i := range moments {
		dir := t.TempDir()
		at := 1 + i*asked/moments
		if err := do(newCountdown(at), dir); err != nil {
			stopped++
		}
		if err := do(context.Background(), dir); err != nil {
			t.Fatal(err)
		}
		if result(dir) != want {
			t.Errorf("stopped at %d of %d: another result", at, asked)
		}
	}
	if stopped < int(moments)/2 {
		t.Errorf("%d of %d runs were stopped", stopped, moments)
	}
	t.Logf("%d of %d runs were stopped; a run asks %d times", stopped, moments, asked)
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
