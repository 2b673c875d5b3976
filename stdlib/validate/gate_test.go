package validate

import (
	"strings"
	"testing"

	"cogumi/reports/run"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/experiment/experimenttest"
)

func TestGate(t *testing.T) {
	tuned := func(right, n int) run.Comparison {
		return run.Comparison{TunedName: "tuned", Tuned: rate(right, n)}
	}
	fell := tuned(90, 100)
	fell.Regressions = []run.Change{{Category: "math", Family: "add", N: 50, Before: 40, After: 20}, {Category: "math", Family: "sub", N: 50, Before: 40, After: 10, Confirmed: true}}
	seen := tuned(90, 100)
	seen.Regressions = fell.Regressions[:1]
	for _, c := range []struct {
		name string
		c    run.Comparison
		says string
	}{
		{"good", tuned(80, 100), ""}, {"too few", tuned(79, 100), "79.0 % right"}, {"nothing", tuned(0, 0), "nothing was graded"},
		{"a confirmed fall", fell, "math/sub"}, {"a fall that is not confirmed", seen, ""},
	} {
		err := gate(&c.c, 0.8)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestGateEndsTheRun with exit code 4.
func TestGateEndsTheRun(t *testing.T) {
	experimenttest.Start(t)
	defer func() {
		stopped, ok := recover().(*experiment.Stopped)
		if !ok || experiment.ExitCode(stopped.Err) != 4 {
			t.Errorf("%+v", stopped)
		}
	}()
	Gate(&run.Comparison{Tuned: rate(1, 2)}, 0.6)
}
