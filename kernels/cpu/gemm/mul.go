package gemm

import (
	"fmt"

	"cogumi/kernels/cpu/par"
)

// Mul is C = A·B, or C += A·B if accumulate is set, spread over the cores. C is
// row-major (ColStride 1) and overlaps neither A nor B.
func Mul(c, a Matrix, b *Packed, accumulate bool) {
	g, ok := newGrid(c, a, b.K, b.N, b.set, accumulate)
	if !ok {
		return
	}
	g.cut(par.Workers())
	par.For(g.tasks(), 1, func(lo, hi int) {
		for t := lo; t < hi; t++ {
			g.do(t, b)
		}
	})
}

// MulSerial is Mul on the calling goroutine.
func MulSerial(c, a Matrix, b *Packed, accumulate bool) {
	g, ok := newGrid(c, a, b.K, b.N, b.set, accumulate)
	if !ok {
		return
	}
	g.cut(1)
	for t := range g.tasks() {
		g.do(t, b)
	}
}

// newGrid checks a product; ok is false if nothing is to be done.
func newGrid(c, a Matrix, k, n int, set *kernels, accumulate bool) (g grid, ok bool) {
	a.check("A")
	c.check("C")
	if a.Cols != k || c.Rows != a.Rows || c.Cols != n {
		panic(fmt.Sprintf("gemm: C %d×%d = A %d×%d · B %d×%d", c.Rows, c.Cols, a.Rows, a.Cols, k, n))
	}
	if c.ColStride != 1 && c.Cols > 1 {
		panic(fmt.Sprintf("gemm: C has column stride %d, must be 1", c.ColStride))
	}
	if c.Rows == 0 || c.Cols == 0 {
		return g, false
	}
	if k == 0 {
		if !accumulate {
			zero(c)
		}
		return g, false
	}
	return grid{c: c, a: a, set: set, accumulate: accumulate}, true
}

func zero(c Matrix) {
	for i := range c.Rows {
		clear(c.Data[i*c.RowStride:][:c.Cols])
	}
}
