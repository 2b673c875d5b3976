package llm

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"runtime"
	"sync"
	"unsafe"

	"cogumi/kernels"
	"cogumi/kernels/nf4"
	"cogumi/stdlib/llm/safetensors"
)

// Weights are named tensors: a safetensors file or folder.
type Weights interface {
	Names() []string
	Tensor(name string) (safetensors.Tensor, bool)
}

// place allocates and fills everything the model keeps on its device.
func (m *Model) place(w Weights, o Options) error {
	c := m.Config
	m.layers = make([]layer, c.Layers)
	var err error
	vector := func(name string) *kernels.Tensor {
		t, e := m.vector(w, name, c.Hidden)
		err = first(err, e)
		return t
	}
	if m.embed, err = m.dense(w, "model.embed_tokens.weight", c.VocabSize, c.Hidden); err != nil {
		return err
	}
	m.head = &kernels.Matrix{Name: "lm_head", Out: c.VocabSize, In: c.Hidden, Dense: m.embed}
	if !c.TieEmbeddings {
		if m.head.Dense, err = m.dense(w, "lm_head.weight", c.VocabSize, c.Hidden); err != nil {
			return err
		}
	}
	m.norm = vector("model.norm.weight")
	var jobs []func() error
	for i := range m.layers {
		l, prefix := &m.layers[i], fmt.Sprintf("model.layers.%d.", i)
		l.inputNorm, l.postNorm = vector(prefix+"input_layernorm.weight"), vector(prefix+"post_attention_layernorm.weight")
		q, kv := c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
		for _, p := range []struct {
			to      **kernels.Matrix
			name    string
			out, in int
			bias    bool
		}{
			{&l.q, "self_attn.q_proj", q, c.Hidden, c.AttentionBias}, {&l.k, "self_attn.k_proj", kv, c.Hidden, c.AttentionBias},
			{&l.v, "self_attn.v_proj", kv, c.Hidden, c.AttentionBias}, {&l.o, "self_attn.o_proj", c.Hidden, q, c.AttentionBias},
			{&l.gate, "mlp.gate_proj", c.Intermediate, c.Hidden, c.MLPBias}, {&l.up, "mlp.up_proj", c.Intermediate, c.Hidden, c.MLPBias},
			{&l.down, "mlp.down_proj", c.Hidden, c.Intermediate, c.MLPBias},
		} {
			*p.to = &kernels.Matrix{Name: prefix + p.name, Out: p.out, In: p.in}
			if p.bias {
				(*p.to).Bias, err = m.vector(w, prefix+p.name+".bias", p.out)
			}
			jobs = append(jobs, func() error { return m.fill(w, *p.to, o) })
		}
	}
	if err != nil {
		return err
	}
	cos, sin := ropeTables(c, c.MaxPositions)
	if m.cos, err = m.upload("rope.cos", cos, c.MaxPositions, c.HeadDim/2); err != nil {
		return err
	}
	if m.sin, err = m.upload("rope.sin", sin, c.MaxPositions, c.HeadDim/2); err != nil {
		return err
	}
	return runAll(jobs)
}

func first(a, b error) error {
	if a != nil {
		return a
	}
	return b
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

var placing sync.Mutex

// keep allocates a tensor and fills it; devices take one call at a time.
func (m *Model) keep(t *kernels.Tensor, data []byte) error {
	placing.Lock()
	defer placing.Unlock()
	if int64(len(data)) != t.Bytes() {
		return fmt.Errorf("%s: %d bytes, want %d", t, len(data), t.Bytes())
	}
	if err := m.device.Alloc(t); err != nil {
		return err
	}
	m.all = append(m.all, t)
	m.Bytes += t.Bytes()
	return m.device.Write(t, 0, data)
}

func (m *Model) upload(name string, x []float32, shape ...int) (*kernels.Tensor, error) {
	t := kernels.NewTensor(name, kernels.F32, shape...)
	return t, m.keep(t, floatBytes(x))
}

// floatBytes is x's memory.
func floatBytes(x []float32) []byte {
	if len(x) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), 4*len(x))
}

func find(w Weights, name string, shape ...int) (safetensors.Tensor, error) {
	t, ok := w.Tensor(name)
	if !ok {
		return t, fmt.Errorf("the model's files have no tensor %s", name)
	}
	if fmt.Sprint(t.Shape) != fmt.Sprint(shape) {
		return t, fmt.Errorf("tensor %s is %v, config.json wants %v", name, t.Shape, shape)
	}
	return t, nil
}

func (m *Model) vector(w Weights, name string, n int) (*kernels.Tensor, error) {
	t, err := find(w, name, n)
	if err != nil {
		return nil, err
	}
	x, err := safetensors.Float32s(t)
	if err != nil {
		return nil, err
	}
	return m.upload(name, x, n)
}

// dense keeps bf16 as it is and anything else as f32, or rounds it to bf16 where
// that is what the device computes in.
func (m *Model) dense(w Weights, name string, rows, cols int) (*kernels.Tensor, error) {
	src, err := find(w, name, rows, cols)
	if err != nil {
		return nil, err
	}
	if src.DType == "BF16" {
		t := kernels.NewTensor(name, kernels.BF16, rows, cols)
		return t, m.keep(t, src.Data)
	}
	x, err := safetensors.Float32s(src)
	if err != nil {
		return nil, err
	}
	if m.compute == kernels.BF16 {
		t := kernels.NewTensor(name, kernels.BF16, rows, cols)
		return t, m.keep(t, bf16Bytes(x))
	}
	return m.upload(name, x, rows, cols)
}

// bf16Bytes rounds x to bf16, to nearest even.
func bf16Bytes(x []float32) []byte {
	b := make([]byte, 0, 2*len(x))
	for _, v := range x {
		b = binary.LittleEndian.AppendUint16(b, uint16(math.Float32bits(nf4.RoundBF16(v))>>16))
	}
	return b
}

// fill gives a projection its weight: as it is, quantised here, or as a
// bitsandbytes checkpoint holds it.
func (m *Model) fill(w Weights, x *kernels.Matrix, o Options) (err error) {
	name := x.Name + ".weight"
	if _, ok := w.Tensor(name + ".absmax"); ok {
		q, err := readBitsandbytes(w, name, x.Out*x.In)
		if err != nil {
			return err
		}
		return m.keepNF4(x, q)
	}
	if !o.NF4 {
		x.Dense, err = m.dense(w, name, x.Out, x.In)
		return err
	}
	src, err := find(w, name, x.Out, x.In)
	if err != nil {
		return err
	}
	values, err := safetensors.Float32s(src)
	if err != nil {
		return err
	}
	return m.keepNF4(x, nf4.Quantize(values, true))
}

func (m *Model) keepNF4(x *kernels.Matrix, q *nf4.Quantized) error {
	if err := q.Check(); err != nil {
		return fmt.Errorf("%s: %w", x.Name, err)
	}
	blocks := (q.N + nf4.Block - 1) / nf4.Block
	n := &kernels.NF4{Codes: kernels.NewTensor(x.Name+".nf4", kernels.U8, len(q.Packed))}
	if err := m.keep(n.Codes, q.Packed); err != nil {
		return err
	}
	x.NF4 = n
	var err error
	if q.Nested == nil {
		n.Absmax, err = m.upload(x.Name+".absmax", q.Absmax, blocks)
		return err
	}
	n.Absmax = kernels.NewTensor(x.Name+".absmax", kernels.U8, blocks)
	if err := m.keep(n.Absmax, q.Nested.Codes); err != nil {
		return err
	}
	if n.AbsmaxMap, err = m.upload(x.Name+".absmax.map", q.Nested.Map, 256); err != nil {
		return err
	}
	if n.NestedAbsmax, err = m.upload(x.Name+".absmax.absmax", q.Nested.Absmax, len(q.Nested.Absmax)); err != nil {
		return err
	}
	n.Offset, err = m.upload(x.Name+".absmax.offset", []float32{q.Nested.Offset}, 1)
	return err
}

// readBitsandbytes reads a 4-bit weight as bitsandbytes saves it: P packed,
// P.absmax, P.quant_map, P.nested_absmax, P.nested_quant_map and the JSON text
// P.quant_state.bitsandbytes__nf4.
func readBitsandbytes(w Weights, name string, n int) (*nf4.Quantized, error) {
	part := func(suffix string) safetensors.Tensor { t, _ := w.Tensor(name + suffix); return t }
	state := part(".quant_state.bitsandbytes__nf4")
	var s struct {
		Type   string  `json:"quant_type"`
		Block  int     `json:"blocksize"`
		Nested int     `json:"nested_blocksize"`
		Offset float32 `json:"nested_offset"`
	}
	if err := json.Unmarshal(state.Data, &s); err != nil {
		return nil, fmt.Errorf("%s: quant_state: %w", name, err)
	}
	if s.Type != "nf4" || s.Block != nf4.Block {
		return nil, fmt.Errorf("%s: %s in blocks of %d is not supported, nf4 in blocks of %d is", name, s.Type, s.Block, nf4.Block)
	}
	q := &nf4.Quantized{N: n, Packed: part("").Data}
	if part(".absmax").DType == "F32" {
		q.Absmax = floats(part(".absmax").Data)
		return q, nil
	}
	if s.Nested != nf4.NestedBlock {
		return nil, fmt.Errorf("%s: nested blocks of %d are not supported, %d are", name, s.Nested, nf4.NestedBlock)
	}
	q.Nested = &nf4.Nested{Codes: part(".absmax").Data, Map: floats(part(".nested_quant_map").Data),
		Absmax: floats(part(".nested_absmax").Data), Offset: s.Offset}
	return q, nil
}

func floats(b []byte) []float32 {
	x := make([]float32, len(b)/4)
	for i := range x {
		x[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return x
}
