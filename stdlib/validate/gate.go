package validate

import (
	"errors"
	"fmt"

	"cogumi/reports/run"
	"cogumi/stdlib/experiment"
)

// Gate ends the run with exit code 4 unless the tuned model is good enough to be
// used: at least least of its answers right (0…1), and no confirmed regression
// of a family. Nothing graded is not good enough.
func Gate(c *run.Comparison, least float64) {
	if err := gate(c, least); err != nil {
		experiment.Stop(experiment.WithCode(err, 4))
	}
	experiment.Current().Note(run.Note{Level: "info", Topic: "validate", Text: fmt.Sprintf("the gate is passed: %s has %.1f %% right, %.1f %% are needed", c.TunedName, 100*c.Tuned.Accuracy, 100*least)})
}

func gate(c *run.Comparison, least float64) error {
	if c.Tuned.N == 0 {
		return errors.New("gate: nothing was graded")
	}
	if c.Tuned.Accuracy < least {
		return experiment.Hint(fmt.Errorf("gate: %s has %.1f %% right (%.1f to %.1f, n = %d), %.1f %% are needed",
			c.TunedName, 100*c.Tuned.Accuracy, 100*c.Tuned.Low, 100*c.Tuned.High, c.Tuned.N, 100*least), "The report shows which families fail.")
	}
	for _, f := range c.Regressions {
		if f.Confirmed {
			return experiment.Hint(fmt.Errorf("gate: %s/%s fell from %d to %d of %d (p = %.2g, %.2g after Holm's correction)",
				f.Category, f.Family, f.Before, f.After, f.N, f.P, f.PAdjusted), "Mix in more right rows of that family, or train more gently.")
		}
	}
	return nil
}
