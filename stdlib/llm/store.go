package llm

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"unsafe"

	"cogumi/kernels"
	"cogumi/kernels/ggml"
	"cogumi/kernels/nf4"
	"cogumi/stdlib/llm/safetensors"
)

// dtypes are the storage types of weights by the names that files use.
var dtypes = map[string]kernels.DType{
	"F32": kernels.F32, "BF16": kernels.BF16, "F16": kernels.F16,
	"Q4_0": kernels.Q4_0, "Q4_1": kernels.Q4_1, "Q5_0": kernels.Q5_0, "Q5_1": kernels.Q5_1, "Q8_0": kernels.Q8_0,
	"Q2_K": kernels.Q2_K, "Q3_K": kernels.Q3_K, "Q4_K": kernels.Q4_K, "Q5_K": kernels.Q5_K, "Q6_K": kernels.Q6_K,
	"IQ4_NL": kernels.IQ4_NL, "IQ4_XS": kernels.IQ4_XS,
}

// values widens a tensor to float32.
func values(t safetensors.Tensor) ([]float32, error) {
	d := dtypes[t.DType]
	n, bytes := d.Block()
	if n == 1 {
		return safetensors.Float32s(t)
	}
	if len(t.Data)%bytes != 0 {
		return nil, fmt.Errorf("tensor %s: %d bytes are no blocks of %s", t.Name, len(t.Data), t.DType)
	}
	x := make([]float32, len(t.Data)/bytes*n)
	ggml.Dequantize(x, t.Data, d)
	return x, nil
}

// find returns a tensor that must be there in this shape.
func (l *loader) find(name string, shape ...int) (safetensors.Tensor, error) {
	t, ok := l.w.Tensor(name)
	if !ok {
		return t, fmt.Errorf("the model's files have no tensor %s", name)
	}
	if !slices.Equal(t.Shape, shape) {
		return t, fmt.Errorf("tensor %s is %v, config.json wants %v", name, t.Shape, shape)
	}
	return t, nil
}

// values reads a tensor that must be there in this shape; nil after an error.
func (l *loader) values(name string, shape ...int) []float32 {
	l.used[name] = true
	t, err := l.find(name, shape...)
	if err == nil {
		var x []float32
		if x, err = values(t); err == nil {
			return x
		}
	}
	l.err = first(l.err, err)
	return nil
}

func (l *loader) vector(name string, n int) *kernels.Tensor {
	x := l.values(name, n)
	if l.err != nil {
		return nil
	}
	return l.upload(name, x, n)
}

func (l *loader) upload(name string, x []float32, shape ...int) *kernels.Tensor {
	t := kernels.NewTensor(name, kernels.F32, shape...)
	l.err = first(l.err, l.keep(t, floatBytes(x)))
	return t
}

func (l *loader) dense(name string, rows, cols int) *kernels.Tensor {
	l.used[name] = true
	t, err := l.matrix(name, rows, cols)
	l.err = first(l.err, err)
	return t
}

// matrix keeps a weight as it is where the device reads that format. Elsewhere
// bf16 stays, and anything else becomes f32, or bf16 where that is what the
// device computes in.
func (l *loader) matrix(name string, rows, cols int) (*kernels.Tensor, error) {
	src, err := l.find(name, rows, cols)
	if err != nil {
		return nil, err
	}
	d, known := dtypes[src.DType]
	if _, ok := l.m.device.(kernels.InPlace); known && ok || d == kernels.BF16 {
		t := kernels.NewTensor(name, d, rows, cols)
		return t, l.keep(t, src.Data)
	}
	x, err := values(src)
	if err != nil {
		return nil, err
	}
	if l.m.compute == kernels.BF16 {
		t := kernels.NewTensor(name, kernels.BF16, rows, cols)
		return t, l.keep(t, bf16Bytes(x))
	}
	t := kernels.NewTensor(name, kernels.F32, rows, cols)
	return t, l.keep(t, floatBytes(x))
}

// keep gives a tensor its memory: data itself where the device computes in the
// host's memory, a copy otherwise. data stays as it is from here on.
func (l *loader) keep(t *kernels.Tensor, data []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if int64(len(data)) != t.Bytes() {
		return fmt.Errorf("%s: %d bytes, want %d", t, len(data), t.Bytes())
	}
	m := l.m
	if d, ok := m.device.(kernels.InPlace); ok && alignedFor(t.DType, data) {
		if err := d.Map(t, data); err != nil {
			return err
		}
		m.all, m.Bytes = append(m.all, t), m.Bytes+t.Bytes()
		return nil
	}
	err := m.device.Alloc(t)
	if err != nil && m.head != nil && m.movable() && m.host() == nil {
		err = m.device.Alloc(t) // beside an embedding that went to the host's memory
	}
	if err != nil {
		return err
	}
	m.all, m.Bytes = append(m.all, t), m.Bytes+t.Bytes()
	return m.device.Write(t, 0, data)
}

// alignedFor tells whether elements in data begin where the machine wants them.
// Nothing in the files' formats promises it.
func alignedFor(d kernels.DType, data []byte) bool {
	size := uintptr(d.Size())
	return size < 2 || len(data) == 0 || uintptr(unsafe.Pointer(&data[0]))%size == 0
}

// floatBytes is x's memory.
func floatBytes(x []float32) []byte {
	if len(x) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), 4*len(x))
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
func (l *loader) fill(x *kernels.Matrix) (err error) {
	name := x.Name + ".weight"
	if _, ok := l.w.Tensor(name + ".absmax"); ok {
		q, err := readBitsandbytes(l.w, name, x.Out, x.In)
		if err != nil {
			return err
		}
		return l.keepNF4(x, q)
	}
	if !l.o.NF4 {
		x.Dense, err = l.matrix(name, x.Out, x.In)
		return err
	}
	src, err := l.find(name, x.Out, x.In)
	if err != nil {
		return err
	}
	v, err := values(src)
	if err != nil {
		return err
	}
	q := nf4.Quantize(v, true)
	if l.o.Quantised != nil {
		l.o.Quantised(asBitsandbytes(name, x.Out, x.In, q))
	}
	return l.keepNF4(x, q)
}

func (l *loader) keepNF4(x *kernels.Matrix, q *nf4.Quantized) error {
	if err := q.Check(); err != nil {
		return fmt.Errorf("%s: %w", x.Name, err)
	}
	blocks := (q.N + nf4.Block - 1) / nf4.Block
	n := &kernels.NF4{Codes: kernels.NewTensor(x.Name+".nf4", kernels.U8, len(q.Packed))}
	x.NF4 = n
	var err error
	floats := func(suffix string, v []float32) *kernels.Tensor {
		t := kernels.NewTensor(x.Name+suffix, kernels.F32, len(v))
		err = first(err, l.keep(t, floatBytes(v)))
		return t
	}
	err = l.keep(n.Codes, q.Packed)
	if q.Nested == nil {
		n.Absmax = floats(".absmax", q.Absmax)
		return err
	}
	n.Absmax = kernels.NewTensor(x.Name+".absmax", kernels.U8, blocks)
	err = first(err, l.keep(n.Absmax, q.Nested.Codes))
	n.AbsmaxMap = floats(".absmax.map", q.Nested.Map)
	n.NestedAbsmax = floats(".absmax.absmax", q.Nested.Absmax)
	n.Offset = floats(".absmax.offset", []float32{q.Nested.Offset})
	return err
}

// format names how the projections are stored: nf4, bf16, q4_k, or several.
func (m *Model) format() string {
	var names []string
	for i := range m.layers {
		for _, w := range m.layers[i].projections() {
			name := "nf4"
			if w.NF4 == nil {
				name = w.Dense.DType.String()
			}
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
