package train

import (
	"fmt"
	"math"

	"cogumi/stdlib/experiment"
)

// newSchedule returns the learning rate of optimiser step s = 1…steps: a linear
// warm-up that begins at 0, then a half cosine to 0, a line to 0, or constant
// (the schedules of transformers, optimization.py).
func newSchedule(kind string, lr, warmup float64, steps int) (func(step int) float64, error) {
	warm := int(math.Ceil(warmup * float64(steps)))
	var decay func(done float64) float64
	switch kind {
	case "cosine":
		decay = func(done float64) float64 { return 0.5 * (1 + math.Cos(math.Pi*done)) }
	case "linear":
		decay = func(done float64) float64 { return 1 - done }
	case "constant":
		decay = func(float64) float64 { return 1 }
	default:
		return nil, experiment.Hint(fmt.Errorf("train: schedule %q is unknown", kind), "cosine, linear or constant")
	}
	return func(step int) float64 {
		s := step - 1
		if s < warm {
			return lr * float64(s) / float64(warm)
		}
		return lr * max(0, decay(float64(s-warm)/float64(max(1, steps-warm))))
	}, nil
}
