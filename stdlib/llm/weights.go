package llm

import (
	"fmt"
	"runtime"
	"strings"
	"sync"

	"cogumi/kernels"
	"cogumi/stdlib/llm/hfconfig"
	"cogumi/stdlib/llm/safetensors"
)

// Weights are named tensors: a safetensors file or folder, or a GGUF file. Names
// and shapes are those of transformers; DType may also be a block format of
// GGUF ("Q4_K").
type Weights interface {
	Names() []string
	Tensor(name string) (safetensors.Tensor, bool)
}

// loader fills a model from its files. Projections, the bulk, are jobs that run
// on all cores once everything else is there.
type loader struct {
	m    *Model
	w    Weights
	o    Options
	used map[string]bool // names that the architecture has
	jobs []func() error
	mu   sync.Mutex // devices take one call at a time
	err  error      // the first
}

// ropeFreqs is what GGUF files of Llama 3.1 and later have in place of the
// "llama3" scaling: divisors of the rotary frequencies.
const ropeFreqs = "rope_freqs.weight"

// place allocates and fills everything the model keeps on its device.
func (m *Model) place(w Weights, o Options) error {
	c := m.Config
	l := &loader{m: m, w: w, o: o, used: map[string]bool{}}
	m.embed = l.dense("model.embed_tokens.weight", c.VocabSize, c.Hidden)
	m.head = &kernels.Matrix{Name: "lm_head", Out: c.VocabSize, In: c.Hidden, Dense: m.embed}
	if !c.TieEmbeddings {
		m.head.Dense = l.dense("lm_head.weight", c.VocabSize, c.Hidden)
	}
	m.norm = l.vector("model.norm.weight", c.Hidden)
	m.layers = make([]layer, c.Layers)
	for i := range m.layers {
		l.layer(&m.layers[i], fmt.Sprintf("model.layers.%d.", i))
	}
	if _, ok := w.Tensor(ropeFreqs); ok {
		c.RopeScaling = hfconfig.RopeScaling{Type: "divisors", Divisors: l.values(ropeFreqs, c.HeadDim/2)}
	}
	if l.err != nil {
		return l.err
	}
	if err := l.unknown(); err != nil {
		return err
	}
	cos, sin := ropeTables(c, c.MaxPositions)
	m.cos = l.upload("rope.cos", cos, c.MaxPositions, c.HeadDim/2)
	m.sin = l.upload("rope.sin", sin, c.MaxPositions, c.HeadDim/2)
	if l.err != nil {
		return l.err
	}
	return runAll(l.jobs)
}

// layer places one layer's norms and biases and plans its projections.
func (l *loader) layer(to *layer, prefix string) {
	c := l.m.Config
	to.inputNorm = l.vector(prefix+"input_layernorm.weight", c.Hidden)
	to.postNorm = l.vector(prefix+"post_attention_layernorm.weight", c.Hidden)
	if c.QKNorm {
		to.qNorm = l.vector(prefix+"self_attn.q_norm.weight", c.HeadDim)
		to.kNorm = l.vector(prefix+"self_attn.k_norm.weight", c.HeadDim)
	}
	q, kv := c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
	to.q = l.projection(prefix+"self_attn.q_proj", q, c.Hidden, c.QKVBias)
	to.k = l.projection(prefix+"self_attn.k_proj", kv, c.Hidden, c.QKVBias)
	to.v = l.projection(prefix+"self_attn.v_proj", kv, c.Hidden, c.QKVBias)
	to.o = l.projection(prefix+"self_attn.o_proj", c.Hidden, q, c.OBias)
	to.gate = l.projection(prefix+"mlp.gate_proj", c.Intermediate, c.Hidden, c.MLPBias)
	to.up = l.projection(prefix+"mlp.up_proj", c.Intermediate, c.Hidden, c.MLPBias)
	to.down = l.projection(prefix+"mlp.down_proj", c.Hidden, c.Intermediate, c.MLPBias)
}

func (l *loader) projection(name string, out, in int, bias bool) *kernels.Matrix {
	x := &kernels.Matrix{Name: name, Out: out, In: in}
	if bias {
		x.Bias = l.vector(name+".bias", out)
	}
	l.used[name+".weight"] = true
	l.jobs = append(l.jobs, func() error { return l.fill(x) })
	return x
}

// unknown refuses files with a tensor that the architecture has no place for:
// without it the model would compute something else. Buffers of older files that
// repeat the configuration, and an output layer that is the embedding, are not
// missed.
func (l *loader) unknown() error {
	for _, name := range l.w.Names() {
		weight, _, _ := strings.Cut(name, ".weight.") // parts of a quantised weight
		if l.used[name] || l.used[weight+".weight"] || name == "lm_head.weight" || strings.HasSuffix(name, ".rotary_emb.inv_freq") {
			continue
		}
		return fmt.Errorf("the model's files have a tensor %s, which %s as config.json describes it has no place for", name, l.m.Config.Architecture)
	}
	return nil
}

// runAll runs jobs on all cores and returns the error of the first that failed.
func runAll(jobs []func() error) error {
	errs := make([]error, len(jobs))
	var wg sync.WaitGroup
	gate := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, job := range jobs {
		wg.Add(1)
		gate <- struct{}{}
		go func() {
			defer wg.Done()
			errs[i] = job()
			<-gate
		}()
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func first(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
