// Package llm is the engine: a model's weights on a device, the programs that
// run it (training step, evaluation, generation), adapters and their optimiser.
//
// A program is recorded once for a token budget and run many times; see package
// kernels. Nothing here knows which device it computes on.
package llm

import (
	"fmt"
	"io/fs"
	"math"

	"cogumi/kernels"
	"cogumi/stdlib/llm/hfconfig"
	"cogumi/stdlib/llm/mapped"
	"cogumi/stdlib/llm/safetensors"
	"cogumi/stdlib/llm/tokenizer"
)

// Model is a base model: frozen weights on a device, with what turns text into
// ids and back.
type Model struct {
	Config    *hfconfig.Config
	Tokenizer *tokenizer.Tokenizer
	Format    string // of the projections: nf4, bf16, f32, q4_k, …
	Bytes     int64  // of the weights on the device

	template *template // nil: the folder has none
	device   kernels.Device
	compute  kernels.DType   // of activations and caches
	embed    *kernels.Tensor // [vocabulary, hidden]
	hosted   bool            // the embedding is in the host's memory, beside a device that has its own
	head     *kernels.Matrix
	norm     *kernels.Tensor
	layers   []layer
	cos, sin *kernels.Tensor // [positions, headDim/2]
	all      []*kernels.Tensor
}

type layer struct {
	inputNorm, postNorm        *kernels.Tensor
	qNorm, kNorm               *kernels.Tensor // [headDim]; nil without
	q, k, v, o, gate, up, down *kernels.Matrix
}

// projections lists the layer's adaptable matrices.
func (l *layer) projections() []*kernels.Matrix {
	return []*kernels.Matrix{l.q, l.k, l.v, l.o, l.gate, l.up, l.down}
}

// Options say how a model is loaded.
type Options struct {
	// NF4 quantises the projections (not the embedding, the output layer and
	// the norms) to 4 bits with double quantisation, also those that a GGUF file
	// holds in a format of its own. A bitsandbytes checkpoint stays as it is.
	NF4 bool
	// Quantised, if not nil, is told of every projection that was quantised here:
	// the tensors of a bitsandbytes checkpoint. It is called from several
	// goroutines; the tensors stay as they are.
	Quantised func(ts []safetensors.Tensor)
}

// Device is where the model is.
func (m *Model) Device() kernels.Device { return m.device }

// Close frees the weights.
func (m *Model) Close() { m.device.Free(m.all...) }

// Load reads a Hugging Face folder: config.json, generation_config.json,
// tokenizer.json, tokenizer_config.json, with its weights: model*.safetensors, or
// a GGUF file, which is such a folder itself. The weights stay open until Close: a
// device that computes in the host's memory reads them where they are.
func Load(device kernels.Device, folder fs.FS, weights Weights, o Options) (*Model, error) {
	config, err := hfconfig.Read(folder)
	if err != nil {
		return nil, err
	}
	if d, ok := device.(kernels.InPlace); ok {
		d.OnIdle(mapped.Release)
	}
	m := &Model{Config: config, device: device, compute: device.Describe().Compute}
	if err := m.readText(folder); err != nil {
		return nil, err
	}
	if err := m.place(weights, o); err != nil {
		m.Close()
		return nil, err
	}
	m.Format = m.format()
	return m, nil
}

func (m *Model) readText(folder fs.FS) error {
	b, err := fs.ReadFile(folder, "tokenizer.json")
	if err != nil {
		return fmt.Errorf("read tokenizer: %w", err)
	}
	if m.Tokenizer, err = tokenizer.Load(b); err != nil {
		return err
	}
	if n := m.Tokenizer.VocabSize(); n > m.Config.VocabSize {
		return fmt.Errorf("tokenizer.json has %d tokens, config.json says vocab_size %d", n, m.Config.VocabSize)
	}
	m.template, err = readTemplate(folder)
	return err
}

// ropeTables are cos and sin of position·frequency, in float32 as transformers
// computes them.
func ropeTables(c *hfconfig.Config, positions int) (cos, sin []float32) {
	freq := c.InvFreq()
	n := len(freq)
	cos, sin = make([]float32, positions*n), make([]float32, positions*n)
	const some = 4096 // positions of one job
	var jobs []func() error
	for from := 0; from < positions; from += some {
		jobs = append(jobs, func() error {
			for p := from; p < min(from+some, positions); p++ {
				for i, f := range freq {
					angle := float64(float32(p) * f)
					cos[p*n+i], sin[p*n+i] = float32(math.Cos(angle)), float32(math.Sin(angle))
				}
			}
			return nil
		})
	}
	runAll(jobs) // none of them fails
	return cos, sin
}
