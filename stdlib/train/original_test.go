package train

import (
	"strings"
	"testing"

	"cogumi/stdlib/experiment/experimenttest"
	"cogumi/stdlib/model"
)

// TestLoRAOn16Bits: a model that is not quantised is trained the same way; its
// adapter belongs to it and not to the 4-bit model.
func TestLoRAOn16Bits(t *testing.T) {
	r := experimenttest.Start(t)
	four, pool := tinyPool(t, 60)
	m, err := model.LoadOriginal("tiny")
	if err != nil {
		t.Fatal(err)
	}
	a, err := QLoRA(m, pool, Config{Rank: 4, Epochs: 4, LR: 3e-3})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.WithAdapter(a); err != nil {
		t.Error(err)
	}
	if _, err := four.WithAdapter(a); err == nil {
		t.Error("an adapter of the 16-bit model was put on the 4-bit one")
	}
	first, last, format := 0.0, 0.0, ""
	for _, e := range experimenttest.Read(t, r).Events {
		switch {
		case e.Metric != nil && e.Metric.Series == "train/loss":
			if first == 0 {
				first = e.Metric.Value
			}
			last = e.Metric.Value
		case e.Table != nil && e.Table.Name == "train memory":
			format, _ = e.Table.Rows[0][0].(string)
		}
	}
	if !(last < 0.8*first) {
		t.Errorf("the loss went from %g to %g", first, last)
	}
	if !strings.Contains(format, "bf16") {
		t.Errorf("the weights are %q", format)
	}
}
