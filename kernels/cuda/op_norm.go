package cuda

import (
	"fmt"

	"cogumi/kernels"
)

func bindNorm(c *compiler, op kernels.Op) bool {
	switch o := op.(type) {
	case *kernels.AddNorm:
		c.halves(o.X, o.Delta, o.Sum, o.Y)
		c.normalise("norm_add", normShape{o.X.Rows(), 1, o.X.Cols(), c.view(o.Y).ld}, o.Eps,
			c.ptr(o.Y), c.ptr(o.Sum), c.ptr(o.RStd), c.ptr(o.X), c.ptr(o.Delta), c.ptr(o.W), c.ptr(o.Rows))
	case *kernels.AddNormBackward:
		f := o.Forward
		sum := f.Sum
		if sum == nil {
			sum = f.X
		}
		c.halves(sum, o.DY, o.DSum, o.Y)
		name, results := "norm_back", []any{c.ptr(o.DSum)}
		if o.Y != nil {
			name, results = "norm_again", append(results, c.ptr(o.Y))
		}
		c.normalise(name, normShape{sum.Rows(), 1, sum.Cols(), 0}, flag(o.Add),
			append(results, c.ptr(sum), c.ptr(o.DY), c.ptr(f.W), c.ptr(f.RStd), c.ptr(f.Rows))...)
	case *kernels.HeadNorm:
		c.halves(o.X, o.Y)
		c.normalise("norm_add", headShape(o), o.Eps,
			c.ptr(o.Y), c.ptr(nil), c.ptr(o.RStd), c.ptr(o.X), c.ptr(nil), c.ptr(o.W), c.ptr(o.Rows))
	case *kernels.HeadNormBackward:
		f := o.Forward
		c.halves(f.X, o.DY, o.DX)
		c.normalise("norm_back", headShape(f), flag(false),
			c.ptr(o.DX), c.ptr(f.X), c.ptr(o.DY), c.ptr(f.W), c.ptr(f.RStd), c.ptr(f.Rows))
	default:
		return false
	}
	return true
}

// normGroups is how many rows the small kernels give a thread; GROUPS in norm.cu.
const normGroups = 4

// normShape is rows of h values; per of them belong to one row of the program.
// Rows of a forward's result are ld values apart.
type normShape struct{ rows, per, h, ld int }

func headShape(o *kernels.HeadNorm) normShape {
	d := o.W.Len()
	return normShape{o.X.Len() / d, o.X.Cols() / d, d, d}
}

// normalise chooses the version of a kernel for the shape; last is the kernel's
// own argument.
func (c *compiler) normalise(name string, s normShape, last any, args ...any) {
	vectors := s.h / 8
	var apart []any
	if name == "norm_add" {
		apart = []any{s.ld / 8}
	}
	switch {
	case s.h%8 == 0 && vectors <= 32:
		lanes := 1
		for lanes < vectors {
			lanes *= 2
		}
		c.launch(c.kernel(name+"_small"), blocks(s.rows, normGroups*256/lanes), [3]int{256, 1, 1}, 0, append(append(args, s.per, s.rows, s.h, last, lanes), apart...)...)
	case s.h%8 == 0 && vectors <= 2048 && s.per == 1:
		each := 2 // vectors a thread
		if vectors > 1024 {
			name, each = name+"_wide", 4
		}
		threads := warps((vectors + each - 1) / each)
		grid := min(s.rows, c.d.context.Device.Multiprocessors*(1024/threads))
		c.launch(c.kernel(name), [3]int{grid, 1, 1}, [3]int{threads, 1, 1}, 0, append(append(args, s.rows, s.h, last), apart...)...)
	default:
		c.launch(c.kernel(name+"_any"), [3]int{s.rows, 1, 1}, [3]int{256, 1, 1}, 0, append(args, s.per, s.h, last)...)
	}
}

// warps is n threads, in whole warps.
func warps(n int) int { return (n + 31) &^ 31 }

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// halves wants tensors to be bf16, as this device asks for activations.
func (c *compiler) halves(ts ...*kernels.Tensor) {
	for _, t := range ts {
		if t != nil && t.DType != kernels.BF16 {
			c.fail(fmt.Errorf("%s: activations on a GPU are bf16: %w", t, kernels.ErrUnsupported))
		}
	}
}
