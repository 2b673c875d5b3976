package train

import (
	"testing"

	"cogumi/stdlib/experiment"
	"cogumi/stdlib/llm"
)

// TestSpike: three losses in a row far above the recent median stop the run,
// one or two do not.
func TestSpike(t *testing.T) {
	feed := func(losses ...float64) (err error) {
		s := &session{c: Config{Spike: 8}, r: experiment.Current()}
		for range 20 {
			losses = append([]float64{0.2}, losses...)
		}
		for i, l := range losses {
			s.Step = i + 1
			if err = s.spike(llm.StepResult{Loss: l}); err != nil {
				return err
			}
		}
		return nil
	}
	if err := feed(5, 5, 0.2, 5, 5, 0.3); err != nil {
		t.Errorf("two spikes stopped the run: %v", err)
	}
	if err := feed(0.2, 5, 6, 7); err == nil || experiment.HintOf(err) == "" {
		t.Errorf("three spikes in a row: %v", err)
	}
	if err := feed(0.9, 0.9, 0.9); err != nil {
		t.Errorf("small losses are no spike: %v", err)
	}
}
