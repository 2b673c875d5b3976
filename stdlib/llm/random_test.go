package llm

import (
	"context"
	"math"
	"testing"

	"cogumi/kernels/cpu"
	"cogumi/stdlib/llm/hfconfig"
)

// TestRandomModelTrains: the loss of drawn weights is near that of guessing,
// and a step lowers it on the same rows.
func TestRandomModelTrains(t *testing.T) {
	c, err := hfconfig.Parse([]byte(`{"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 500, "hidden_size": 128,
		"intermediate_size": 320, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32,
		"rms_norm_eps": 1e-5, "rope_theta": 10000, "max_position_embeddings": 128, "hidden_act": "silu", "tie_word_embeddings": false}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := NewRandom(cpu.New(), c, 1)
	if err != nil {
		t.Fatal(err)
	}
	a, err := NewAdapter(m, AdapterConfig{Rank: 8, Alpha: 16}, 1)
	if err != nil {
		t.Fatal(err)
	}
	tr := newTestTrainer(t, a, AdamW8bit, 64)
	e := Example{}
	for i := range 60 {
		e.IDs = append(e.IDs, int32(i*7%500))
	}
	e.Labels = e.IDs
	var losses []float64
	for range 3 {
		r, err := tr.Step(context.Background(), []Example{e}, 1e-2)
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, r.Loss)
	}
	if math.Abs(losses[0]-math.Log(500)) > 0.5 || losses[2] >= losses[0] {
		t.Errorf("losses %v, want about %.2f and falling", losses, math.Log(500))
	}
	if m.Format != "nf4" {
		t.Errorf("format %s", m.Format)
	}
}
