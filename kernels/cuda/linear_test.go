package cuda

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"cogumi/kernels"
	"cogumi/kernels/nf4"
	"cogumi/kernels/plain"
)

// open returns the first GPU, or skips the test.
func open(t testing.TB, o Options) *Device {
	t.Helper()
	d, err := New(0, o)
	if errors.Is(err, kernels.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// scene is a program's tensors with their contents, in f32 for the twin or with
// bf16 activations for the GPU. All values are ones that bf16 holds.
type scene struct {
	random  *rand.Rand
	compute kernels.DType
	program kernels.Program
	tensors []*kernels.Tensor
	data    map[*kernels.Tensor][]byte
	results []result
}

func newScene(seed uint64, compute kernels.DType) *scene {
	return &scene{random: rand.New(rand.NewPCG(seed, 11)), compute: compute, data: map[*kernels.Tensor][]byte{}}
}

// result is what is compared: the first rows of a tensor.
type result struct {
	t         *kernels.Tensor
	rows      int
	tolerance float64
}

func (s *scene) put(t *kernels.Tensor, data []byte) *kernels.Tensor {
	s.tensors = append(s.tensors, t)
	s.data[t] = data
	return t
}

func raw[T any](x []T) []byte {
	if len(x) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), len(x)*int(unsafe.Sizeof(x[0])))
}

func (s *scene) ints(x ...int32) *kernels.Tensor {
	return s.put(kernels.NewTensor(fmt.Sprintf("i%d", len(s.tensors)), kernels.I32, len(x)), raw(x))
}

func (s *scene) normal(n int, scale float64) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = nf4.RoundBF16(float32(s.random.NormFloat64() * scale))
	}
	return x
}

func (s *scene) f32(x []float32, shape ...int) *kernels.Tensor {
	return s.put(kernels.NewTensor(fmt.Sprintf("f%d", len(s.tensors)), kernels.F32, shape...), raw(x))
}

// activation is a [rows, cols] tensor of the compute type.
func (s *scene) activation(x []float32, rows, cols int) *kernels.Tensor {
	if s.compute == kernels.F32 {
		return s.f32(x, rows, cols)
	}
	return s.put(kernels.NewTensor(fmt.Sprintf("a%d", len(s.tensors)), kernels.BF16, rows, cols), bf16Bytes(x))
}

func bf16Bytes(x []float32) []byte {
	h := make([]uint16, len(x))
	for i, v := range x {
		h[i] = uint16(math.Float32bits(v) >> 16)
	}
	return raw(h)
}

// zeroFrom clears rows from n on.
func zeroFrom(x []float32, n, cols int) []float32 {
	clear(x[n*cols:])
	return x
}

func (s *scene) matrix(format string, out, in int) *kernels.Matrix {
	m := &kernels.Matrix{Name: format, Out: out, In: in}
	x := s.normal(out*in, 1/math.Sqrt(float64(in)))
	switch format {
	case "bf16":
		m.Dense = s.put(kernels.NewTensor("w", kernels.BF16, out, in), bf16Bytes(x))
	case "f32":
		m.Dense, m.Bias = s.f32(x, out, in), s.f32(s.normal(out, 1), out)
	case "nf4":
		q := nf4.Quantize(x, true)
		m.NF4 = &kernels.NF4{Codes: s.put(kernels.NewTensor("codes", kernels.U8, len(q.Packed)), q.Packed),
			Absmax:    s.put(kernels.NewTensor("absmax", kernels.U8, len(q.Nested.Codes)), q.Nested.Codes),
			AbsmaxMap: s.f32(q.Nested.Map, 256), NestedAbsmax: s.f32(q.Nested.Absmax, len(q.Nested.Absmax)),
			Offset: s.f32([]float32{q.Nested.Offset}, 1)}
	}
	return m
}

// run runs the program three times (launch by launch, then as graphs) and reads
// the results.
func (s *scene) run(t *testing.T, d kernels.Device) [][]float32 {
	t.Helper()
	s.place(t, d)
	defer d.Free(s.tensors...)
	return s.execute(t, d)
}

func (s *scene) place(t *testing.T, d kernels.Device) {
	t.Helper()
	if err := d.Alloc(s.tensors...); err != nil {
		t.Fatal(err)
	}
	for _, x := range s.tensors {
		if err := d.Write(x, 0, s.data[x]); err != nil {
			t.Fatal(err)
		}
	}
}

func (s *scene) execute(t *testing.T, d kernels.Device) [][]float32 {
	t.Helper()
	e, err := d.Compile(&s.program)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for range 3 {
		if err := e.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	var out [][]float32
	for _, r := range s.results {
		b := make([]byte, r.t.Bytes())
		if err := d.Read(r.t, 0, b); err != nil {
			t.Fatal(err)
		}
		x := make([]float32, r.t.Len())
		for i := range x {
			if r.t.DType == kernels.BF16 {
				x[i] = math.Float32frombits(uint32(b[2*i])<<16 | uint32(b[2*i+1])<<24)
			} else {
				x[i] = math.Float32frombits(uint32(b[4*i]) | uint32(b[4*i+1])<<8 | uint32(b[4*i+2])<<16 | uint32(b[4*i+3])<<24)
			}
		}
		out = append(out, x[:r.rows*r.t.Cols()])
	}
	return out
}

// twins builds the same scene for both devices, runs it and compares the
// results by relative L2.
func twins(t *testing.T, d *Device, seed uint64, build func(s *scene)) {
	t.Helper()
	var got [2][][]float32
	var results []result
	for i, compute := range []kernels.DType{kernels.F32, kernels.BF16} {
		s := newScene(seed, compute)
		build(s)
		results = s.results
		if i == 0 {
			got[0] = s.run(t, plain.New())
		} else {
			got[1] = s.run(t, d)
		}
	}
	for i, r := range results {
		want, have := got[0][i], got[1][i]
		var diff, norm float64
		for k := range want {
			x := float64(have[k]) - float64(want[k])
			diff += x * x
			norm += float64(want[k]) * float64(want[k])
		}
		if rel := math.Sqrt(diff / norm); !(rel <= r.tolerance) {
			t.Errorf("result %d, %v: relative difference %.3g, tolerance %.3g", i, r.t, rel, r.tolerance)
		}
	}
}

type linearCase struct {
	format      string
	rows, used  int
	in          int
	outs, ranks []int
	rate        float32
	add         bool
	later       bool // the gradients of A in an operation of their own
}

func (c linearCase) build(s *scene) {
	rows := s.ints(int32(c.used))
	x := s.activation(s.normal(c.rows*c.in, 1), c.rows, c.in)
	op := &kernels.Linear{Rows: rows, X: x}
	if c.rate > 0 {
		op.Drop = &kernels.Dropout{Rate: c.rate, Seed: s.ints(12345, -77), Salt: 3}
	}
	back := &kernels.LinearBackward{Forward: op, Add: c.add}
	back.DX = s.activation(s.normal(c.rows*c.in, 1), c.rows, c.in)
	s.results = append(s.results, result{back.DX, c.used, 8e-3})
	for i, out := range c.outs {
		p := kernels.Projection{W: s.matrix(c.format, out, c.in), Y: s.activation(s.normal(c.rows*out, 1), c.rows, out)}
		var da, db *kernels.Tensor
		if r := c.ranks[i]; r > 0 {
			p.LoRA = &kernels.LoRA{A: s.f32(s.normal(r*c.in, 0.1), r, c.in), B: s.f32(s.normal(out*r, 0.1), out, r), Scale: 2}
			p.U = kernels.NewActivation("u", s.compute, c.rows, r)
			da, db = s.f32(s.normal(r*c.in, 1), r, c.in), s.f32(s.normal(out*r, 1), out, r)
			s.results = append(s.results, result{da, r, 5e-3}, result{db, out, 5e-3})
		}
		op.Projs = append(op.Projs, p)
		back.DY = append(back.DY, s.activation(zeroFrom(s.normal(c.rows*out, 1), c.used, out), c.rows, out))
		back.DA, back.DB = append(back.DA, da), append(back.DB, db)
		s.results = append(s.results, result{p.Y, c.used, 5e-3})
	}
	s.program.Add(op, back)
	if ranks := s.ranks(op); c.later && ranks > 0 {
		back.G = kernels.NewActivation("g", s.compute, c.rows, ranks)
		s.program.Add(&kernels.AdapterBackward{Forward: op, G: back.G, DA: back.DA})
		back.DA = make([]*kernels.Tensor, len(back.DA))
	}
}

func (s *scene) ranks(op *kernels.Linear) (sum int) {
	for _, p := range op.Projs {
		if p.LoRA != nil {
			sum += p.LoRA.A.Shape[0]
		}
	}
	return sum
}

func TestLinear(t *testing.T) {
	d := open(t, Options{})
	for i, c := range []linearCase{
		{"nf4", 64, 64, 64, []int{64}, []int{8}, 0, false, false},
		{"nf4", 77, 51, 128, []int{192, 64, 64}, []int{8, 8, 8}, 0, true, false},
		{"nf4", 77, 51, 128, []int{192, 64, 64}, []int{8, 16, 8}, 0.25, true, false},
		{"nf4", 40, 1, 192, []int{320, 320}, []int{4, 0}, 0.5, false, false},
		{"bf16", 130, 129, 96, []int{72, 40}, []int{3, 5}, 0, true, false},
		{"bf16", 33, 33, 64, []int{64}, []int{0}, 0, false, false},
		{"f32", 65, 60, 200, []int{104}, []int{8}, 0, true, false},
		{"f32", 512, 500, 1024, []int{1024, 256, 256}, []int{64, 64, 64}, 0.1, false, false},
		{"nf4", 5, 3, 128, []int{192, 64, 64}, []int{8, 16, 8}, 0, true, false},
		{"nf4", 8, 8, 640, []int{64, 320}, []int{0, 8}, 0, false, false},
		{"nf4", 1, 1, 4096, []int{1024}, []int{0}, 0, false, false},
		{"nf4", 4, 3, 14336, []int{256}, []int{8}, 0, false, false},
	} {
		t.Run(fmt.Sprintf("%s-%d", c.format, i), func(t *testing.T) {
			twins(t, d, uint64(i), c.build)
			c.later = true
			twins(t, d, uint64(i), c.build)
		})
	}
}

// TestLinearFP8: frozen products in 8-bit floats stay within what three bits of
// mantissa cost; what adapters learn from does not change.
func TestLinearFP8(t *testing.T) {
	d := open(t, Options{})
	if err := d.FP8(); err != nil {
		t.Skip(err)
	}
	for i, c := range []linearCase{
		{"nf4", 64, 64, 64, []int{64}, []int{8}, 0, false, false},
		{"nf4", 80, 51, 128, []int{192, 64, 64}, []int{8, 16, 8}, 0, true, false},
		{"nf4", 80, 51, 128, []int{192, 64, 64}, []int{8, 0, 8}, 0.25, false, false},
		{"nf4", 272, 270, 640, []int{1024, 2048}, []int{16, 0}, 0, true, false},
		{"nf4", 48, 48, 4096, []int{1024}, []int{0}, 0, false, false},
		{"bf16", 80, 51, 576, []int{576, 192, 192}, []int{8, 16, 8}, 0, true, false},
		{"f32", 16, 16, 64, []int{48}, []int{8}, 0, false, false},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			twins(t, d, uint64(i), func(s *scene) {
				c.build(s)
				s.program.Ops[0].(*kernels.Linear).FP8 = true
				for k, r := range s.results {
					if r.t.DType == kernels.BF16 {
						s.results[k].tolerance = 5e-2
					}
				}
			})
		})
	}
}

// TestFewRowsAlone: what comes out for a row does not depend on the others.
func TestFewRowsAlone(t *testing.T) {
	d := open(t, Options{})
	const in, out = 512, 96
	var first []float32
	for rows := 1; rows <= fewRows; rows++ {
		s := newScene(3, kernels.BF16) // the same numbers each time, as far as they go
		m := s.matrix("nf4", out, in)
		op := &kernels.Linear{Rows: s.ints(int32(rows)), X: s.activation(s.normal(rows*in, 1), rows, in)}
		op.Projs = []kernels.Projection{{W: m, Y: s.activation(make([]float32, rows*out), rows, out)}}
		if !d.few(op) {
			t.Fatalf("%d rows are not few", rows)
		}
		s.program.Add(op)
		s.results = []result{{op.Projs[0].Y, rows, 0}}
		got := s.run(t, d)[0]
		for i := range first {
			if got[i] != first[i] {
				t.Fatalf("%d rows: value %d is %g, with a row less %g", rows, i, got[i], first[i])
			}
		}
		first = got
	}
}

// TestAdaptersRide: behind a norm, the up-projections are part of the base
// products. Run twice with adapters of different ranks on the same weights.
func TestAdaptersRide(t *testing.T) {
	d := open(t, Options{})
	for _, in := range []int{64, 256, 264, 1088} {
		for _, ranks := range [][]int{{8, 16, 8}, {8, 0, 24}, {16, 8, 0}} {
			t.Run(fmt.Sprint(in, ranks), func(t *testing.T) {
				twins(t, d, uint64(in), func(s *scene) {
					const rows, used = 270, 261
					op := &kernels.AddNorm{Rows: s.ints(used), X: s.activation(s.normal(rows*in, 1), rows, in), W: s.f32(s.normal(in, 1), in),
						Y: kernels.NewActivation("y", s.compute, rows, in), RStd: kernels.NewActivation("rstd", kernels.F32, rows), Eps: 1e-5}
					s.program.Add(op)
					c := linearCase{"nf4", rows, used, in, []int{128, 64, 192}, ranks, 0, true, false}
					c.build(s)
					back := s.program.Ops[2].(*kernels.LinearBackward)
					back.Forward.X = op.Y
					if s.compute == kernels.BF16 && joined(&s.program)[op.Y].whole == nil {
						t.Error("no adapter rides")
					}
				})
			})
		}
	}
}

// TestRidersKeepTheirBits: results are the same bits whether dequantised weights
// stay, are made each time, or were kept for a program without adapters before,
// which may still be there.
func TestRidersKeepTheirBits(t *testing.T) {
	const rows, used, in = 512, 500, 1024
	build := func() *scene {
		s := newScene(9, kernels.BF16)
		op := &kernels.AddNorm{Rows: s.ints(used), X: s.activation(s.normal(rows*in, 1), rows, in), W: s.f32(s.normal(in, 1), in),
			Y: kernels.NewActivation("y", s.compute, rows, in), RStd: kernels.NewActivation("rstd", kernels.F32, rows), Eps: 1e-5}
		s.program.Add(op)
		c := linearCase{"nf4", rows, used, in, []int{1024, 256, 256}, []int{64, 64, 64}, 0, false, false}
		c.build(s)
		s.program.Ops[2].(*kernels.LinearBackward).Forward.X = op.Y
		return s
	}
	var want [][]float32
	compare := func(name string, got [][]float32) {
		t.Helper()
		if want == nil {
			want = got
		}
		for i := range want {
			if !slices.Equal(got[i], want[i]) {
				t.Errorf("%s: result %d differs", name, i)
			}
		}
	}
	compare("kept", build().run(t, open(t, Options{})))
	d := open(t, Options{Memory: 256 << 20})
	compare("made each time", build().run(t, d))
	if len(d.memory.dense) != 0 {
		t.Fatal("weights were kept in little memory")
	}
	for _, alive := range []bool{false, true} {
		d, s := open(t, Options{}), build()
		s.place(t, d)
		// the same weights without adapters
		forward := *s.program.Ops[1].(*kernels.Linear)
		forward.X, forward.Projs = s.program.Ops[0].(*kernels.AddNorm).X, slices.Clone(forward.Projs)
		for i := range forward.Projs {
			forward.Projs[i].LoRA, forward.Projs[i].U = nil, nil
		}
		e, err := d.Compile(&kernels.Program{Name: "base", Ops: []kernels.Op{&forward}})
		if err != nil {
			t.Fatal(err)
		}
		if len(d.memory.dense) != 3 {
			t.Fatalf("%d weights are kept", len(d.memory.dense))
		}
		if !alive {
			e.Close()
		}
		compare(fmt.Sprintf("after a program without adapters, alive %t", alive), s.execute(t, d))
		if alive {
			if err := e.Run(context.Background()); err != nil {
				t.Error(err)
			}
			e.Close()
		}
		d.Free(s.tensors...)
	}
}

// TestLinearDequantisedEachTime: the same with too little memory to keep
// dequantised weights.
func TestLinearDequantisedEachTime(t *testing.T) {
	d := open(t, Options{Memory: 256 << 20})
	c := linearCase{"nf4", 77, 51, 128, []int{192, 64, 64}, []int{8, 16, 8}, 0.25, true, false}
	twins(t, d, 5, c.build)
	if len(d.memory.dense) != 0 {
		t.Error("dequantised weights were kept")
	}
}

func TestCrossEntropy(t *testing.T) {
	d := open(t, Options{})
	for i, c := range []struct {
		rows, used, h, vocabulary int
		gradient                  bool
	}{
		{8, 8, 64, 96, true}, {50, 33, 64, 1003, true}, {50, 33, 64, 1003, false}, {2100, 1030, 64, 2048, true}, {2100, 5, 64, 515, true},
		{40, 40, 64, 140000, true},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			twins(t, d, uint64(i), func(s *scene) {
				o := &kernels.CrossEntropy{Rows: s.ints(int32(c.used)), X: s.activation(s.normal(c.rows*c.h, 1), c.rows, c.h),
					W: s.matrix("bf16", c.vocabulary, c.h), Scale: s.f32([]float32{1 / float32(c.used)}, 1), Loss: s.f32([]float32{1}, 1),
					NLL: s.f32(s.normal(c.rows, 1), c.rows, 1)}
				targets := make([]int32, c.rows)
				for k := range targets {
					targets[k] = int32(s.random.IntN(c.vocabulary))
				}
				o.Targets = s.ints(targets...)
				s.results = append(s.results, result{o.Loss, 1, 1e-3}, result{o.NLL, c.used, 3e-3})
				if c.gradient {
					o.DX = s.activation(s.normal(c.rows*c.h, 1), c.rows, c.h)
					s.results = append(s.results, result{o.DX, c.used, 8e-3})
				}
				s.program.Add(o)
			})
		})
	}
}
