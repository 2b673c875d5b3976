package cuda

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"cogumi/kernels"
	"cogumi/kernels/cuda/blas"
	"cogumi/kernels/cuda/driver"
	"cogumi/kernels/nf4"
)

// gemmCase is a product with tensors of its own.
type gemmCase struct {
	m, n, k     int
	ta, tb, f32 bool
	pad         int // between rows
	beta        float32
}

func (c gemmCase) String() string {
	return fmt.Sprintf("%d×%d×%d %v %v f32 %v pad %d beta %g", c.m, c.n, c.k, c.ta, c.tb, c.f32, c.pad, c.beta)
}

func (c gemmCase) shape() blas.Shape {
	s := blas.Shape{M: c.m, N: c.n, K: c.k, LdA: c.k + c.pad, LdB: c.n + c.pad, LdC: c.n + c.pad, TransA: c.ta, TransB: c.tb, F32: c.f32, Align: 16}
	if c.ta {
		s.LdA = c.m + c.pad
	}
	if c.tb {
		s.LdB = c.k + c.pad
	}
	return s
}

// tensors are a, b, c and scratch memory.
func (c gemmCase) tensors() (a, b, out, scratch *kernels.Tensor) {
	s := c.shape()
	rows := func(name string, t bool, lines, other, ld int, dtype kernels.DType) *kernels.Tensor {
		if t {
			lines = other
		}
		return kernels.NewTensor(name, dtype, lines, ld)
	}
	dtype := kernels.BF16
	if c.f32 {
		dtype = kernels.F32
	}
	return rows("a", c.ta, c.m, c.k, s.LdA, kernels.BF16), rows("b", c.tb, c.k, c.n, s.LdB, kernels.BF16),
		rows("c", false, c.m, 0, s.LdC, dtype), kernels.NewTensor("scratch", kernels.F32, 40, max(c.m*c.n, 1<<20))
}

// bind appends the product to a compiler that no program stands behind.
func (c gemmCase) bind(t testing.TB, d *Device, x [4]*kernels.Tensor, product func(*compiler, blas.Shape, matrix, matrix, matrix)) *step {
	t.Helper()
	p := func(t *kernels.Tensor) driver.Ptr { return d.memory.tensors[t].ptr }
	comp := &compiler{d: d, e: &executable{d: d}, current: &step{kind: "product"}, base: p(x[3])}
	s := c.shape()
	view := func(x *kernels.Tensor, ld int) matrix {
		return matrix{p: p(x), rows: x.Shape[0], cols: ld - c.pad, ld: ld, f32: x.DType == kernels.F32}
	}
	leave, err := d.enter()
	defer leave()
	if err != nil {
		t.Fatal(err)
	}
	product(comp, s, view(x[2], s.LdC), view(x[0], s.LdA), view(x[1], s.LdB))
	if comp.err != nil {
		t.Fatal(comp.err)
	}
	return comp.current
}

// want is the product in f64.
func (c gemmCase) want(a, b, old []float32) []float64 {
	s := c.shape()
	out := make([]float64, c.m*c.n)
	for i := range c.m {
		for j := range c.n {
			var sum float64
			for k := range c.k {
				x, y := i*s.LdA+k, k*s.LdB+j
				if c.ta {
					x = k*s.LdA + i
				}
				if c.tb {
					y = j*s.LdB + k
				}
				sum += float64(a[x]) * float64(b[y])
			}
			out[i*c.n+j] = 0.5*sum + float64(c.beta)*float64(old[i*s.LdC+j])
		}
	}
	return out
}

// TestOwnProduct: every layout in every tile, in one part and in several.
func TestOwnProduct(t *testing.T) {
	d := open(t, Options{})
	for _, c := range []gemmCase{
		{m: 1, n: 1, k: 1, tb: true}, {m: 130, n: 270, k: 96, tb: true}, {m: 130, n: 270, k: 96}, {m: 130, n: 272, k: 97, ta: true, f32: true},
		{m: 136, n: 264, k: 80, ta: true, beta: 1, f32: true, pad: 8}, {m: 64, n: 40, k: 520, pad: 8, beta: 2}, {m: 67, n: 33, k: 515, tb: true, pad: 3, beta: -1, f32: true},
		{m: 8, n: 300, k: 1024, tb: true, beta: 1}, {m: 64, n: 512, k: 1000, ta: true, f32: true, beta: 1},
	} {
		for _, tile := range gemmTiles {
			if tile.shared() > d.context.Device.SharedMemory {
				continue
			}
			for _, part := range []int{4096, 224} {
				t.Run(fmt.Sprint(c, tile.name, part), func(t *testing.T) {
					checkGemm(t, d, c, gemmPlan{tile, (c.k + part - 1) / part, part})
				})
			}
		}
	}
}

func checkGemm(t *testing.T, d *Device, c gemmCase, plan gemmPlan) {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(c.m), uint64(c.k)))
	a, b, out, scratch := c.tensors()
	x := [4]*kernels.Tensor{a, b, out, scratch}
	if err := d.Alloc(x[:]...); err != nil {
		t.Fatal(err)
	}
	defer d.Free(x[:]...)
	var values [3][]float32
	for i, t2 := range x[:3] {
		values[i] = make([]float32, t2.Len())
		for k := range values[i] {
			values[i][k] = nf4.RoundBF16(float32(r.NormFloat64()))
		}
		data := raw(values[i])
		if t2.DType == kernels.BF16 {
			data = bf16Bytes(values[i])
		}
		if err := d.Write(t2, 0, data); err != nil {
			t.Fatal(err)
		}
	}
	step := c.bind(t, d, x, func(comp *compiler, s blas.Shape, out, a, b matrix) { comp.gemm(plan, s, out, a, b, 0.5, c.beta) })
	elapsed(t, d, func() {
		if err := step.run(d.stream); err != nil {
			t.Fatal(err)
		}
	})
	got, want := read(t, d, out), c.want(values[0], values[1], values[2])
	var diff, norm float64
	for i := range want {
		at := i/c.n*(c.n+c.pad) + i%c.n
		g := float64(0)
		if c.f32 {
			g = float64(word(got, at))
		} else {
			g = float64(math.Float32frombits(uint32(got[2*at])<<16 | uint32(got[2*at+1])<<24))
		}
		diff += (g - want[i]) * (g - want[i])
		norm += want[i] * want[i]
	}
	tolerance := 3e-3
	if c.f32 {
		tolerance = 2e-6
	}
	if rel := math.Sqrt(diff / norm); !(rel <= tolerance) {
		t.Errorf("relative difference %.3g, tolerance %.3g", rel, tolerance)
	}
}

// BenchmarkProduct is our product beside cuBLASLt's, where there is one.
func BenchmarkProduct(b *testing.B) {
	d := open(b, Options{})
	for _, c := range []gemmCase{
		{m: 8192, n: 14336, k: 4096, tb: true}, {m: 8192, n: 4096, k: 14336}, {m: 8192, n: 4096, k: 4096, tb: true}, {m: 8192, n: 192, k: 4096, tb: true},
		{m: 64, n: 4096, k: 8192, ta: true, f32: true}, {m: 14336, n: 64, k: 8192, ta: true, f32: true}, {m: 64, n: 14336, k: 4096, tb: true}, {m: 1, n: 14336, k: 4096, tb: true},
	} {
		p, q, out, scratch := c.tensors()
		x := [4]*kernels.Tensor{p, q, out, scratch}
		if err := d.Alloc(x[:]...); err != nil {
			b.Fatal(err)
		}
		noise(b, d, x[:3], nil)
		run := func(name string, s *step) {
			b.Run(fmt.Sprint(c, " ", name), func(b *testing.B) {
				best := math.Inf(1)
				for b.Loop() {
					took := elapsed(b, d, func() {
						for range 5 {
							if err := s.run(d.stream); err != nil {
								b.Fatal(err)
							}
						}
					})
					best = min(best, took.Seconds()/5)
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(best*1e6, "µs")
				b.ReportMetric(2*float64(c.m)*float64(c.n)*float64(c.k)/best/1e12, "TFLOP/s")
			})
		}
		plan := planGemm(c.shape(), d.context.Device)
		run(fmt.Sprintf("own %s×%d", plan.name, plan.parts), c.bind(b, d, x, func(comp *compiler, s blas.Shape, out, a, b matrix) { comp.gemm(plan, s, out, a, b, 1, 0) }))
		if d.blas != nil {
			run("cuBLASLt", c.bind(b, d, x, func(comp *compiler, s blas.Shape, out, a, b matrix) { comp.product(out, a, b, c.ta, c.tb, 1, 0) }))
		}
		d.Free(x[:]...)
	}
}
