package cuda

import (
	"fmt"
	"testing"

	"cogumi/kernels"
)

// beyondIsZero wants the rows of a GPU's bf16 results that are beyond those in use
// to be zero: products over the whole budget read them.
func beyondIsZero(t *testing.T, d *Device, build func(s *scene)) {
	t.Helper()
	s := newScene(3, kernels.BF16)
	build(s)
	for i := range s.results {
		s.results[i].rows = s.results[i].t.Rows()
	}
	var used []int
	counted := newScene(3, kernels.BF16)
	build(counted)
	for _, r := range counted.results {
		used = append(used, r.rows)
	}
	for i, x := range s.run(t, d) {
		r := s.results[i]
		if r.t.DType != kernels.BF16 {
			continue
		}
		for k := used[i] * r.t.Cols(); k < len(x); k++ {
			if x[k] != 0 {
				t.Errorf("result %d, %v: row %d beyond the %d in use holds %g", i, r.t, k/r.t.Cols(), used[i], x[k])
				break
			}
		}
	}
}

func both(t *testing.T, d *Device, name string, build func(s *scene)) {
	t.Run(name, func(t *testing.T) {
		twins(t, d, 1, build)
		beyondIsZero(t, d, build)
	})
}

func TestAddNorm(t *testing.T) {
	d := open(t, Options{})
	for _, h := range []int{8, 37, 64, 200, 256, 264, 576, 1000, 4096, 5120, 16384, 16392} {
		both(t, d, fmt.Sprint(h), func(s *scene) {
			const rows, used = 7, 5
			act := func() *kernels.Tensor { return s.activation(s.normal(rows*h, 1), rows, h) }
			f := &kernels.AddNorm{Rows: s.ints(used), X: act(), Delta: act(), Sum: act(), W: s.f32(s.normal(h, 1), h), Y: act(),
				RStd: s.f32(s.normal(rows, 1), rows, 1), Eps: 1e-5}
			g := &kernels.AddNorm{Rows: f.Rows, X: act(), W: f.W, Y: act(), RStd: s.f32(s.normal(rows, 1), rows, 1), Eps: 1e-2}
			a := &kernels.AddNormBackward{Forward: f, DY: act(), DSum: act(), Add: true}
			b := &kernels.AddNormBackward{Forward: g, DY: act(), DSum: act(), Y: act()}
			s.program.Add(f, g, a, b)
			for _, x := range []*kernels.Tensor{f.Sum, f.Y, f.RStd, g.Y, g.RStd, a.DSum, b.DSum, b.Y} {
				s.results = append(s.results, result{x, used, 6e-3})
			}
		})
	}
}

func TestHeadNorm(t *testing.T) {
	d := open(t, Options{})
	for _, c := range []struct{ heads, dim int }{{5, 64}, {3, 128}, {2, 24}, {3, 20}, {1, 256}, {33, 8}, {2, 512}} {
		both(t, d, fmt.Sprint(c), func(s *scene) {
			const rows, used = 6, 5
			act := func() *kernels.Tensor { return s.activation(s.normal(rows*c.heads*c.dim, 1), rows, c.heads*c.dim) }
			f := &kernels.HeadNorm{Rows: s.ints(used), X: act(), W: s.f32(s.normal(c.dim, 1), c.dim), Y: act(),
				RStd: s.f32(s.normal(rows*c.heads, 1), rows, c.heads), Eps: 1e-6}
			b := &kernels.HeadNormBackward{Forward: f, DY: act(), DX: act()}
			s.program.Add(f, b)
			s.results = append(s.results, result{f.Y, used, 6e-3}, result{f.RStd, used, 1e-5}, result{b.DX, used, 6e-3})
		})
	}
}

func TestRope(t *testing.T) {
	d := open(t, Options{})
	for _, c := range []struct {
		heads, dim int
		inverse    bool
	}{{5, 128, false}, {5, 128, true}, {4, 64, false}, {9, 16, true}, {3, 24, false}, {1, 2, true}, {2, 256, false}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			twins(t, d, 2, func(s *scene) {
				const rows, used = 37, 33
				at := make([]int32, rows)
				for i := range at {
					at[i] = int32(s.random.IntN(50))
				}
				angle := func() *kernels.Tensor { return s.f32(s.normal(50*c.dim/2, 1), 50, c.dim/2) }
				o := &kernels.Rope{Rows: s.ints(used), Positions: s.ints(at...), Cos: angle(), Sin: angle(), HeadDim: c.dim, Inverse: c.inverse,
					X: s.activation(s.normal(rows*c.heads*c.dim, 1), rows, c.heads*c.dim)}
				s.program.Add(o)
				s.results = append(s.results, result{o.X, rows, 1e-2})
			})
		})
	}
}

func TestSwiGLU(t *testing.T) {
	d := open(t, Options{})
	for _, cols := range []int{8, 19, 344, 1000} {
		both(t, d, fmt.Sprint(cols), func(s *scene) {
			const rows, used = 9, 7
			act := func() *kernels.Tensor { return s.activation(s.normal(rows*cols, 3), rows, cols) }
			f := &kernels.SwiGLU{Rows: s.ints(used), G: act(), U: act(), H: act()}
			b := &kernels.SwiGLUBackward{Forward: f, DH: act(), DG: act(), DU: act(), H: act()}
			s.program.Add(f, b)
			for _, x := range []*kernels.Tensor{f.H, b.DG, b.DU, b.H} {
				s.results = append(s.results, result{x, used, 6e-3})
			}
		})
	}
}

func TestEmbed(t *testing.T) {
	d := open(t, Options{})
	for _, h := range []int{8, 37, 576, 3000} {
		for _, format := range []string{"bf16", "f32"} {
			both(t, d, fmt.Sprint(format, h), func(s *scene) {
				const rows, used, vocabulary = 11, 9, 50
				ids := make([]int32, rows)
				for i := range ids {
					ids[i] = int32(s.random.IntN(vocabulary))
				}
				table := s.f32(s.normal(vocabulary*h, 1), vocabulary, h)
				if format == "bf16" {
					table = s.put(kernels.NewTensor("table", kernels.BF16, vocabulary, h), bf16Bytes(s.normal(vocabulary*h, 1)))
				}
				o := &kernels.Embed{Rows: s.ints(used), IDs: s.ints(ids...), Table: table, Y: s.activation(s.normal(rows*h, 1), rows, h)}
				s.program.Add(o)
				s.results = append(s.results, result{o.Y, used, 0})
			})
		}
	}
}

func TestGatherScatter(t *testing.T) {
	d := open(t, Options{})
	for _, h := range []int{8, 37, 576} {
		for _, count := range []int{1, 5, 20} {
			both(t, d, fmt.Sprint(h, count), func(s *scene) {
				const rows, used, picked = 40, 31, 20
				index := make([]int32, picked)
				for i, at := range s.random.Perm(used)[:picked] {
					index[i] = int32(at)
				}
				f := &kernels.Gather{Count: s.ints(int32(count)), Rows: s.ints(used), Index: s.ints(index...),
					X: s.activation(s.normal(rows*h, 1), rows, h), Y: s.activation(s.normal(picked*h, 1), picked, h)}
				b := &kernels.Scatter{Forward: f, DY: s.activation(s.normal(picked*h, 1), picked, h), DX: s.activation(s.normal(rows*h, 1), rows, h)}
				s.program.Add(f, b)
				s.results = append(s.results, result{f.Y, count, 0}, result{b.DX, used, 0})
			})
		}
	}
}

// TestActivationsAreBF16: other types are refused by name, not misread.
func TestActivationsAreBF16(t *testing.T) {
	d := open(t, Options{})
	s := newScene(1, kernels.F32)
	act := func() *kernels.Tensor { return s.activation(s.normal(16, 1), 2, 8) }
	s.program.Add(&kernels.SwiGLU{Rows: s.ints(2), G: act(), U: act(), H: act()})
	if err := d.Alloc(s.tensors...); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Compile(&s.program); err == nil {
		t.Error("f32 activations were taken for bf16")
	}
}
