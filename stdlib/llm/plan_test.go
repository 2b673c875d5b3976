package llm

import (
	"testing"

	"cogumi/kernels"
	"cogumi/kernels/cuda"
	"cogumi/stdlib/llm/hfconfig"
)

// onPaper is a GPU that holds nothing: it plans as a real one does.
type onPaper struct {
	cuda.Device
	free int64
}

func (d *onPaper) Describe() kernels.Description {
	return kernels.Description{Name: "cuda:0", Free: d.free, Memory: d.free, Compute: kernels.BF16}
}
func (d *onPaper) Balance() float64                           { return 0 }
func (d *onPaper) Alloc(...*kernels.Tensor) error             { return nil }
func (d *onPaper) Free(...*kernels.Tensor)                    {}
func (d *onPaper) Write(*kernels.Tensor, int64, []byte) error { return nil }
func (d *onPaper) Read(*kernels.Tensor, int64, []byte) error  { return nil }
func (d *onPaper) Compile(*kernels.Program) (kernels.Executable, error) {
	return nil, kernels.ErrUnsupported
}

// llama8B is the shape of Llama-3.1-8B.
func llama8B(t testing.TB) *hfconfig.Config {
	t.Helper()
	c, err := hfconfig.Parse([]byte(`{"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 128256, "hidden_size": 4096,
		"intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128,
		"rms_norm_eps": 1e-5, "rope_theta": 5e5, "max_position_embeddings": 131072, "hidden_act": "silu", "tie_word_embeddings": false}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestPlanIsTrue: plans of a Llama-3.1-8B step with rank 64 against what
// `cogumi bench train` held on an NVIDIA H200.
func TestPlanIsTrue(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: draws 8 billion parameters")
	}
	d := &onPaper{free: 138 << 30}
	m, err := NewRandom(d, llama8B(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []struct {
		limit  float64 // GiB
		tokens int
		held   float64 // GiB; 0: not measured
	}{{138, 8192, 55.25}, {138, 4096, 37.91}, {45, 8192, 0}, {20, 8192, 19.45}, {12, 4096, 11.84}, {7.5, 4096, 7.45}, {6.5, 4096, 6.47}} {
		d.free = int64(p.limit*(1<<30)) - m.Bytes
		plan, err := PlanTraining(m, AdapterConfig{Rank: 64, Alpha: 16}, TrainerConfig{Optimizer: AdamW8bit, MaxNorm: 1, Budget: p.tokens}, 0)
		if err != nil {
			t.Fatal(err)
		}
		got := float64(plan.Total()) / (1 << 30)
		t.Logf("%d tokens, %g GiB: planned %.2f, held %.2f: %+v", p.tokens, p.limit, got, p.held, plan)
		if p.held > 0 && (got < 0.98*p.held || got > 1.02*p.held) {
			t.Errorf("%d tokens, %g GiB: planned %.2f GiB, the GPU held %.2f", p.tokens, p.limit, got, p.held)
		}
		if p.limit < 100 && (got > p.limit || got < 0.95*p.limit) {
			t.Errorf("%d tokens: %.2f of the %g GiB that may be used are spent", p.tokens, got, p.limit)
		}
	}
}

// TestEightBit: 8-bit floats are for products that gain by them.
func TestEightBit(t *testing.T) {
	shape := func(hidden, kv, inner int) *Model {
		w := func(out, in int) *kernels.Matrix { return &kernels.Matrix{Out: out, In: in} }
		return &Model{layers: []layer{{q: w(hidden, hidden), k: w(kv, hidden), v: w(kv, hidden), o: w(hidden, hidden),
			gate: w(inner, hidden), up: w(inner, hidden), down: w(hidden, inner)}}}
	}
	for _, c := range []struct {
		name              string
		hidden, kv, inner int
		want              int
	}{{"SmolLM2-135M", 576, 192, 1536, 0}, {"Llama-3.2-1B", 2048, 512, 8192, 4}, {"Llama-3.1-8B", 4096, 1024, 14336, 4}, {"960 wide", 960, 320, 4000, 0}} {
		if got := shape(c.hidden, c.kv, c.inner).EightBit(); got != c.want {
			t.Errorf("%s: %d groups, want %d", c.name, got, c.want)
		}
	}
}
