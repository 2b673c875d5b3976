package llm

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strings"

	"cogumi/kernels"
	"cogumi/kernels/nf4"
	"cogumi/stdlib/llm/hfconfig"
	"cogumi/stdlib/llm/safetensors"
)

// NewRandom is a model without a tokenizer whose weights are drawn (normal,
// σ 0.02; norms 1) and whose projections are NF4 with double quantisation: the
// same work as a real model's, for benchmarks. Weights repeat a drawn tile, so
// that a large model takes seconds.
func NewRandom(device kernels.Device, c *hfconfig.Config, seed uint64) (*Model, error) {
	m := &Model{Config: c, device: device, compute: device.Describe().Compute}
	if err := m.place(newRandomWeights(c, seed), Options{}); err != nil {
		m.Close()
		return nil, err
	}
	m.Format = m.format()
	return m, nil
}

// tileElements is what is drawn; a multiple of the 64·256 that share second
// statistics.
const tileElements = 1 << 22

// randomWeights are parts of one long repetition of a tile, each tensor from a
// place of its own.
type randomWeights struct {
	packed, absmax, half, nested []byte
	quantMap                     []byte
	state                        []byte
	shapes                       map[string][]int
}

func newRandomWeights(c *hfconfig.Config, seed uint64) *randomWeights {
	random := rand.New(rand.NewPCG(seed, 0x72616e64))
	x := make([]float32, tileElements)
	half := make([]byte, 0, 2*len(x))
	for i := range x {
		x[i] = float32(random.NormFloat64() * 0.02)
		half = binary.LittleEndian.AppendUint16(half, uint16(math.Float32bits(nf4.RoundBF16(x[i]))>>16))
	}
	q := nf4.Quantize(x, true)
	largest := max(c.Hidden*c.Intermediate, c.Hidden*c.Heads*c.HeadDim) + tileElements
	state, err := json.Marshal(map[string]any{"quant_type": "nf4", "blocksize": nf4.Block, "nested_blocksize": nf4.NestedBlock,
		"dtype": "bfloat16", "nested_dtype": "float32", "nested_offset": q.Nested.Offset})
	if err != nil {
		panic(err) // a map of numbers and strings
	}
	w := &randomWeights{packed: repeat(q.Packed, largest/2), absmax: repeat(q.Nested.Codes, largest/nf4.Block),
		nested: repeat(littleEndian(q.Nested.Absmax), 4*(largest/nf4.Block/nf4.NestedBlock+1)), quantMap: littleEndian(q.Nested.Map),
		half: repeat(half, 2*(c.VocabSize*c.Hidden+tileElements)), state: state, shapes: map[string][]int{}}
	w.shape(c)
	return w
}

func repeat(tile []byte, n int) []byte {
	out := make([]byte, n)
	for at := 0; at < n; at += copy(out[at:], tile) {
	}
	return out
}

func littleEndian(x []float32) []byte {
	var b []byte
	for _, v := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// shape lists the tensors of the model.
func (w *randomWeights) shape(c *hfconfig.Config) {
	w.shapes["model.embed_tokens.weight"] = []int{c.VocabSize, c.Hidden}
	w.shapes["lm_head.weight"] = []int{c.VocabSize, c.Hidden}
	w.shapes["model.norm.weight"] = []int{c.Hidden}
	q, kv := c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
	for i := range c.Layers {
		p := fmt.Sprintf("model.layers.%d.", i)
		for name, shape := range map[string][]int{
			"input_layernorm": {c.Hidden}, "post_attention_layernorm": {c.Hidden},
			"self_attn.q_norm": {c.HeadDim}, "self_attn.k_norm": {c.HeadDim},
			"self_attn.q_proj": {q, c.Hidden}, "self_attn.k_proj": {kv, c.Hidden}, "self_attn.v_proj": {kv, c.Hidden},
			"self_attn.o_proj": {c.Hidden, q}, "mlp.gate_proj": {c.Intermediate, c.Hidden},
			"mlp.up_proj": {c.Intermediate, c.Hidden}, "mlp.down_proj": {c.Hidden, c.Intermediate},
		} {
			w.shapes[p+name+".weight"] = shape
		}
	}
}

// Names is empty: there is nothing that the model might have no place for.
func (w *randomWeights) Names() []string { return nil }

func (w *randomWeights) Tensor(name string) (safetensors.Tensor, bool) {
	base, part, _ := strings.Cut(name, ".weight")
	shape, ok := w.shapes[base+".weight"]
	if !ok {
		return safetensors.Tensor{}, false
	}
	n := 1
	for _, d := range shape {
		n *= d
	}
	h := fnv.New64a()
	h.Write([]byte(base))
	from := int(h.Sum64()%(tileElements/nf4.Block/nf4.NestedBlock)) * nf4.Block * nf4.NestedBlock
	projection := strings.HasSuffix(base, "_proj")
	blocks := (n + nf4.Block - 1) / nf4.Block
	switch {
	case len(shape) == 1 && part == "":
		one := make([]float32, n)
		for i := range one {
			one[i] = 1
		}
		return safetensors.Tensor{Name: name, DType: "F32", Shape: shape, Data: littleEndian(one)}, true
	case !projection && part == "":
		return safetensors.Tensor{Name: name, DType: "BF16", Shape: shape, Data: w.half[2*from : 2*(from+n)]}, true
	case !projection:
		return safetensors.Tensor{}, false
	}
	u8 := func(b []byte) (safetensors.Tensor, bool) {
		return safetensors.Tensor{Name: name, DType: "U8", Shape: []int{len(b), 1}, Data: b}, true
	}
	f32 := func(b []byte) (safetensors.Tensor, bool) {
		return safetensors.Tensor{Name: name, DType: "F32", Shape: []int{len(b) / 4}, Data: b}, true
	}
	switch part {
	case "":
		return u8(w.packed[from/2 : from/2+(n+1)/2])
	case ".absmax":
		return u8(w.absmax[from/nf4.Block : from/nf4.Block+blocks])
	case ".quant_state.bitsandbytes__nf4":
		return u8(w.state)
	case ".nested_quant_map":
		return f32(w.quantMap)
	case ".nested_absmax":
		at := 4 * (from / nf4.Block / nf4.NestedBlock)
		return f32(w.nested[at : at+4*((blocks+nf4.NestedBlock-1)/nf4.NestedBlock)])
	}
	return safetensors.Tensor{}, false
}
