package bench

import (
	"math"
	"testing"
)

func TestPresetsAreShapes(t *testing.T) {
	for _, name := range Presets() {
		c, err := shape(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if c.Heads%c.KVHeads != 0 || (c.Architecture == "Qwen3ForCausalLM") != c.QKNorm {
			t.Errorf("%s: %+v", name, c)
		}
	}
	if _, err := shape("llama-5"); err == nil {
		t.Error("a preset that is not there")
	}
}

// TestStepWork: Llama-3.1-8B has 6,979,321,856 frozen values in its projections;
// forward and input gradient are 4 operations each a token, less the first
// layer's q, k, v.
func TestStepWork(t *testing.T) {
	c, err := shape("llama-3.1-8b")
	if err != nil {
		t.Fatal(err)
	}
	w := stepWork(c, 4, 2048, 64)
	const tokens = 8192
	for _, p := range []struct {
		name      string
		got, want float64
	}{
		{"frozen", w.frozen, tokens * (4*6979321856 - 2*4096*6144)},
		{"adapters", w.lora, tokens * 6 * 167772160},
		{"output layer", w.head, tokens * 4 * 128256 * 4096},
		{"attention", w.attention, 32 * 7 * 2 * 4 * (2048 * 2049 / 2) * 4096},
	} {
		if math.Abs(p.got-p.want) > 1e-9*p.want {
			t.Errorf("%s: %g operations, want %g", p.name, p.got, p.want)
		}
	}
}
