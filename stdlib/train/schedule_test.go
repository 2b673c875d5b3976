package train

import (
	"math"
	"testing"
)

// TestCosineLikeTransformers: 3 warm-up steps of 20, as in the recorded
// trajectories.
func TestCosineLikeTransformers(t *testing.T) {
	lr, err := newSchedule("cosine", 1e-3, 0.15, 20)
	if err != nil {
		t.Fatal(err)
	}
	for step, want := range map[int]float64{1: 0, 2: 0.0003333333333333333, 3: 0.0006666666666666666, 4: 0.001, 5: 0.000991486549841951} {
		if got := lr(step); math.Abs(got-want) > 1e-15 {
			t.Errorf("step %d: %g, want %g", step, got, want)
		}
	}
	if got := lr(21); math.Abs(got) > 1e-18 {
		t.Errorf("behind the end: %g, want 0", got)
	}
}

func TestOtherSchedules(t *testing.T) {
	line, _ := newSchedule("linear", 1, 0, 10)
	flat, _ := newSchedule("constant", 1, 0.2, 10)
	for _, c := range []struct{ got, want float64 }{{line(1), 1}, {line(6), 0.5}, {line(11), 0}, {flat(1), 0}, {flat(2), 0.5}, {flat(3), 1}, {flat(10), 1}} {
		if math.Abs(c.got-c.want) > 1e-12 {
			t.Errorf("got %g, want %g", c.got, c.want)
		}
	}
	if _, err := newSchedule("cosin", 1, 0, 10); err == nil {
		t.Error("an unknown schedule passed")
	}
}

func TestConfigIsChecked(t *testing.T) {
	for name, c := range map[string]Config{
		"rank": {Rank: -1}, "epochs": {Epochs: -2}, "lr": {LR: 5}, "warmup": {Warmup: 1.5}, "schedule": {Schedule: "step"}, "holdout": {Holdout: 0.95},
	} {
		if _, err := c.withDefaults(); err == nil {
			t.Errorf("%s: %+v passed", name, c)
		}
	}
	c, err := Config{Warmup: -1, Rank: 8}.withDefaults()
	if err != nil || c.Warmup != 0 || c.Alpha != 16 || c.Optimizer != "adamw8bit" || c.Epochs != 3 {
		t.Errorf("defaults: %+v, %v", c, err)
	}
}
