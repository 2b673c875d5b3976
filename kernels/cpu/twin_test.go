package cpu

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"cogumi/kernels"
	"cogumi/kernels/cpu/par"
	"cogumi/kernels/nf4"
	"cogumi/kernels/plain"
)

// bench is one operation's tensors with their first contents.
type bench struct {
	random  *rand.Rand
	program kernels.Program
	fill    map[*kernels.Tensor][]byte
	order   []*kernels.Tensor
}

func newBench(seed uint64) *bench {
	return &bench{random: rand.New(rand.NewPCG(seed, 7)), fill: map[*kernels.Tensor][]byte{}}
}

func (b *bench) put(t *kernels.Tensor, data []byte) *kernels.Tensor {
	b.fill[t] = data
	b.order = append(b.order, t)
	return t
}

func (b *bench) ints(x ...int32) *kernels.Tensor {
	var data []byte
	for _, v := range x {
		data = binary.LittleEndian.AppendUint32(data, uint32(v))
	}
	return b.put(kernels.NewTensor(fmt.Sprintf("i%d", len(b.order)), kernels.I32, len(x)), data)
}

func (b *bench) table(cols int, x ...int32) *kernels.Tensor {
	t := b.ints(x...)
	t.Shape = []int{len(x) / cols, cols}
	return t
}

func (b *bench) values(x []float32, shape ...int) *kernels.Tensor {
	var data []byte
	for _, v := range x {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	return b.put(kernels.NewTensor(fmt.Sprintf("f%d%v", len(b.order), shape), kernels.F32, shape...), data)
}

func (b *bench) normal(shape ...int) *kernels.Tensor {
	x := make([]float32, kernels.NewTensor("", kernels.F32, shape...).Len())
	for i := range x {
		x[i] = float32(b.random.NormFloat64())
	}
	return b.values(x, shape...)
}

func (b *bench) bytes(data []byte) *kernels.Tensor {
	return b.put(kernels.NewTensor(fmt.Sprintf("b%d", len(b.order)), kernels.U8, len(data)), data)
}

// matrix is a weight in one of the formats.
func (b *bench) matrix(format string, out, in int) *kernels.Matrix {
	m := &kernels.Matrix{Name: format, Out: out, In: in}
	x := make([]float32, out*in)
	for i := range x {
		x[i] = float32(b.random.NormFloat64())
	}
	switch format {
	case "f32":
		m.Dense, m.Bias = b.values(x, out, in), b.normal(out)
	case "bf16":
		var data []byte
		for _, v := range x {
			data = binary.LittleEndian.AppendUint16(data, uint16(math.Float32bits(v)>>16))
		}
		m.Dense = b.put(kernels.NewTensor(fmt.Sprintf("h%d", len(b.order)), kernels.BF16, out, in), data)
	case "f16":
		m.Dense = b.blocks(kernels.F16, 0, 1, 0x3800, out, in)
	case "q4_1":
		m.Dense = b.blocks(kernels.Q4_1, 0, 2, 0x2c00, out, in)
	case "q6_k":
		m.Dense = b.blocks(kernels.Q6_K, 208, 1, 0x0c00, out, in)
	default:
		q := nf4.Quantize(x, true)
		m.NF4 = &kernels.NF4{Codes: b.bytes(q.Packed), Absmax: b.bytes(q.Nested.Codes), AbsmaxMap: b.values(q.Nested.Map, 256),
			NestedAbsmax: b.values(q.Nested.Absmax, len(q.Nested.Absmax)), Offset: b.values([]float32{q.Nested.Offset}, 1)}
	}
	return m
}

// blocks is random bytes of a block format, whose halves at offset at
// have the exponent of size.
func (b *bench) blocks(dtype kernels.DType, at, halves int, size uint16, out, in int) *kernels.Tensor {
	t := kernels.NewTensor(fmt.Sprintf("%s %d", dtype, len(b.order)), dtype, out, in)
	data := make([]byte, t.Bytes())
	for i := range data {
		data[i] = byte(b.random.Uint32())
	}
	_, bytes := dtype.Block()
	for i := 0; i < len(data); i += bytes {
		for k := range halves {
			binary.LittleEndian.PutUint16(data[i+at+2*k:], size|uint16(b.random.Uint32())&0x83ff)
		}
	}
	return b.put(t, data)
}

// run runs the program on a device and returns all tensors.
func (b *bench) run(t *testing.T, d kernels.Device) map[*kernels.Tensor][]byte {
	t.Helper()
	for _, x := range b.order {
		if err := d.Alloc(x); err != nil {
			t.Fatal(err)
		}
		if err := d.Write(x, 0, b.fill[x]); err != nil {
			t.Fatal(err)
		}
	}
	e, err := d.Compile(&b.program)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	out := map[*kernels.Tensor][]byte{}
	for _, x := range b.order {
		out[x] = make([]byte, x.Bytes())
		if err := d.Read(x, 0, out[x]); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// operations builds every operation at small odd shapes.
func operations() map[string]func(b *bench) {
	ops := map[string]func(b *bench){}
	for _, format := range []string{"f32", "bf16", "nf4"} {
		for _, in := range []int{64, 37, 128} {
			ops[fmt.Sprintf("linear %s %d", format, in)] = func(b *bench) { linearOps(b, format, in, 0) }
		}
		ops["dropout "+format] = func(b *bench) { linearOps(b, format, 64, 0.25) }
		ops["crossentropy "+format] = func(b *bench) { lossOps(b, format) }
	}
	ops["linear f16"] = func(b *bench) { linearOps(b, "f16", 37, 0) }
	ops["linear q4_1"] = func(b *bench) { linearOps(b, "q4_1", 96, 0) }
	ops["linear q6_k"] = func(b *bench) { linearOps(b, "q6_k", 512, 0) }
	ops["embed q6_k"] = func(b *bench) {
		b.program.Add(&kernels.Embed{Rows: b.ints(3), IDs: b.ints(6, 0, 2, 1), Table: b.matrix("q6_k", 7, 256).Dense, Y: b.normal(4, 256)})
	}
	ops["addnorm"] = normOps
	for _, format := range []string{"f32", "nf4"} {
		ops["dora "+format] = func(b *bench) { doraOps(b, format) }
	}
	ops["rope"] = func(b *bench) {
		b.program.Add(&kernels.Rope{Rows: b.ints(5), X: b.normal(6, 24), Positions: b.ints(3, 0, 2, 1, 3, 0), Cos: b.normal(4, 4), Sin: b.normal(4, 4), HeadDim: 8})
	}
	for _, window := range []int{0, 1, 3} {
		ops[fmt.Sprintf("attention window %d", window)] = func(b *bench) { attentionOps(b, window) }
		ops[fmt.Sprintf("attention.cached window %d", window)] = func(b *bench) { cachedOps(b, window) }
	}
	for _, shape := range [][2]int{{3, 24}, {1, 8}, {5, 7}} {
		ops[fmt.Sprintf("headnorm %v", shape)] = func(b *bench) { headNormOps(b, shape[0], shape[1]) }
	}
	ops["swiglu"] = func(b *bench) {
		f := &kernels.SwiGLU{Rows: b.ints(5), G: b.normal(6, 19), U: b.normal(6, 19), H: b.normal(6, 19)}
		b.program.Add(f, &kernels.SwiGLUBackward{Forward: f, DH: b.normal(6, 19), DG: b.normal(6, 19), DU: b.normal(6, 19), H: b.normal(6, 19)})
	}
	for _, n := range []int{1, 255, 300, 5000} {
		ops[fmt.Sprintf("adamw %d", n)] = func(b *bench) { adamOps(b, n) }
	}
	return ops
}

func linearOps(b *bench, format string, in int, rate float32) {
	f := &kernels.Linear{Rows: b.ints(5), X: b.normal(7, in)}
	if rate > 0 {
		f.Drop = &kernels.Dropout{Rate: rate, Seed: b.ints(7, 9), Salt: 3}
	}
	back := &kernels.LinearBackward{Forward: f, DX: b.normal(7, in), Add: true}
	for i, out := range []int{33, 20} {
		p := kernels.Projection{W: b.matrix(format, out, in), Y: b.normal(7, out)}
		back.DY = append(back.DY, b.normal(7, out))
		if i == 0 {
			p.LoRA, p.U = &kernels.LoRA{A: b.normal(4, in), B: b.normal(out, 4), Scale: 2}, b.normal(7, 4)
			back.DA, back.DB = append(back.DA, b.normal(4, in)), append(back.DB, b.normal(out, 4))
		} else {
			back.DA, back.DB = append(back.DA, nil), append(back.DB, nil)
		}
		f.Projs = append(f.Projs, p)
	}
	b.program.Add(f, back)
	later := *back
	later.G, later.DA = b.normal(7, 4), make([]*kernels.Tensor, 2)
	b.program.Add(&later, &kernels.AdapterBackward{Forward: f, G: later.G, DA: back.DA})
}

func lossOps(b *bench, format string) {
	w := b.matrix(format, 50, 64)
	w.Bias = nil
	b.program.Add(&kernels.CrossEntropy{Rows: b.ints(5), X: b.normal(6, 64), W: w, Targets: b.ints(4, 0, 49, 7, 7, 1),
		Scale: b.values([]float32{0.2}, 1), Loss: b.normal(1), NLL: b.normal(6), DX: b.normal(6, 64)})
}

func normOps(b *bench) {
	f := &kernels.AddNorm{Rows: b.ints(5), X: b.normal(6, 37), Delta: b.normal(6, 37), Sum: b.normal(6, 37), W: b.normal(37), Y: b.normal(6, 37), RStd: b.normal(6), Eps: 1e-5}
	g := &kernels.AddNorm{Rows: f.Rows, X: b.normal(6, 37), W: f.W, Y: b.normal(6, 37), RStd: b.normal(6), Eps: 1e-5}
	b.program.Add(f, g, &kernels.AddNormBackward{Forward: f, DY: b.normal(6, 37), DSum: b.normal(6, 37), Add: true},
		&kernels.AddNormBackward{Forward: g, DY: b.normal(6, 37), DSum: b.normal(6, 37), Y: b.normal(6, 37)})
}

func headNormOps(b *bench, heads, dim int) {
	f := &kernels.HeadNorm{Rows: b.ints(5), X: b.normal(6, heads*dim), W: b.normal(dim), Y: b.normal(6, heads*dim), RStd: b.normal(6, heads), Eps: 1e-6}
	b.program.Add(f, &kernels.HeadNormBackward{Forward: f, DY: b.normal(6, heads*dim), DX: b.normal(6, heads*dim)})
}

func attentionOps(b *bench, window int) {
	f := &kernels.Attention{Seqs: b.ints(3), CuSeqlens: b.ints(0, 1, 6, 13, 0), Q: b.normal(14, 32), K: b.normal(14, 16), V: b.normal(14, 16),
		O: b.normal(14, 32), LSE: b.normal(14, 4), Heads: 4, KVHeads: 2, HeadDim: 8, Scale: 0.35, Window: window}
	b.program.Add(f, &kernels.AttentionBackward{Forward: f, DO: b.normal(14, 32), DQ: b.values(make([]float32, 14*32), 14, 32),
		DK: b.values(make([]float32, 14*16), 14, 16), DV: b.values(make([]float32, 14*16), 14, 16)})
}

func cachedOps(b *bench, window int) {
	// A page a sequence, then up to two pages of 128 tokens.
	b.program.Add(&kernels.CachedAttention{Seqs: b.ints(3), CuSeqlens: b.ints(0, 1, 4, 5, 0), Pages: b.table(2, 4, 1, 0, 2, 3, -1, -1, -1), Starts: b.ints(130, 126, 0, 0),
		Q: b.normal(6, 32), K: b.normal(6, 16), V: b.normal(6, 16), KCache: b.normal(5, 128, 16), VCache: b.normal(5, 128, 16), O: b.normal(6, 32),
		Heads: 4, KVHeads: 2, HeadDim: 8, Scale: 0.35, Window: window})
	b.program.Add(&kernels.CachedAttention{Seqs: b.ints(3), CuSeqlens: b.ints(0, 1, 4, 5, 0), Pages: b.table(1, 2, 0, 1, 0), Starts: b.ints(5, 0, 8, 0),
		Q: b.normal(6, 32), K: b.normal(6, 16), V: b.normal(6, 16), KCache: b.normal(3, 9, 16), VCache: b.normal(3, 9, 16), O: b.normal(6, 32),
		Heads: 4, KVHeads: 2, HeadDim: 8, Scale: 0.35, Window: window})
}

func adamOps(b *bench, n int) {
	full := kernels.AdamSlot{P: b.normal(n), G: b.normal(n), M: b.values(make([]float32, n), n), V: b.values(make([]float32, n), n)}
	blocks := (n + 255) / 256
	zero := func() *kernels.Tensor { return b.values(make([]float32, blocks), blocks) }
	eight := kernels.AdamSlot{P: b.normal(n), G: b.normal(n), Eight: &kernels.Slot8{M: b.bytes(make([]byte, n)), V: b.bytes(make([]byte, n)), MAbsmax: zero(), VAbsmax: zero()}}
	norm := b.normal(1)
	update := &kernels.AdamW{Slots: []kernels.AdamSlot{full, eight}, Norm: norm, MaxNorm: 1, LR: b.values([]float32{1e-2}, 1), Step: b.ints(3),
		Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: 0.01}
	b.program.Add(&kernels.GradNorm{Grads: []*kernels.Tensor{full.G, eight.G}, Norm: norm}, update, update)
}

// TestTwin runs every operation here and on the plain device.
func TestTwin(t *testing.T) {
	for name, build := range operations() {
		t.Run(name, func(t *testing.T) {
			b := newBench(1)
			build(b)
			got, want := b.run(t, New()), b.run(t, plain.New())
			for _, x := range b.order {
				compare(t, x, got[x], want[x])
			}
		})
	}
}

// compare allows float32 rounding in the sums; codes of 8 bits may differ by one
// where a value lies between two.
func compare(t *testing.T, x *kernels.Tensor, got, want []byte) {
	t.Helper()
	for i := 0; i < x.Len(); i++ {
		switch x.DType {
		case kernels.F32:
			g := math.Float32frombits(binary.LittleEndian.Uint32(got[4*i:]))
			w := math.Float32frombits(binary.LittleEndian.Uint32(want[4*i:]))
			if d := math.Abs(float64(g - w)); !(d <= 2e-5*(1+math.Abs(float64(w)))) {
				t.Errorf("%s[%d] = %g, want %g", x, i, g, w)
				return
			}
		case kernels.U8:
			if d := int(got[i]) - int(want[i]); d < -1 || d > 1 {
				t.Errorf("%s[%d] = %d, want %d", x, i, got[i], want[i])
				return
			}
		default:
			size := x.DType.Size()
			if string(got[i*size:(i+1)*size]) != string(want[i*size:(i+1)*size]) {
				t.Errorf("%s[%d] differs", x, i)
				return
			}
		}
	}
}

// TestSameBits: the number of threads changes nothing.
func TestSameBits(t *testing.T) {
	for name, build := range operations() {
		var first map[string][]byte
		for _, workers := range []int{1, 2, 5} {
			old := par.SetWorkers(workers)
			b := newBench(2)
			build(b)
			got := map[string][]byte{}
			for x, data := range b.run(t, New()) {
				got[x.Name] = data
			}
			par.SetWorkers(old)
			for k, v := range first {
				if string(got[k]) != string(v) {
					t.Errorf("%s: %s differs with %d threads", name, k, workers)
				}
			}
			if first == nil {
				first = got
			}
		}
	}
}
