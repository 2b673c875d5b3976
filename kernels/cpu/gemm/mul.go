package gemm

import (
	"fmt"

	"cogumi/kernels/cpu/par"
)

// Mul is C = A·B, or C += A·B if accumulate is set, spread over the cores. C is
// row-major (ColStride 1) and overlaps neither A nor B.
func Mul(c, a Matrix, b *Packed, accumulate bool) {
	g, ok := newGrid(c, a, b, accumulate)
	if !ok {
		return
	}
	g.cut(par.Workers())
	par.For(g.tasks(), 1, func(lo, hi int) {
		for t := lo; t < hi; t++ {
			g.do(t)
		}
	})
}

// MulSerial is Mul on the calling goroutine.
func MulSerial(c, a Matrix, b *Packed, accumulate bool) {
	g, ok := newGrid(c, a, b, accumulate)
	if !ok {
		return
	}
	g.cut(1)
	for t := range g.tasks() {
		g.do(t)
	}
}

// MulMatrix is Mul with a B that is used once and packed on the way.
func MulMatrix(c, a, b Matrix, accumulate bool) {
	p := panels.Get().(*Packed)
	defer panels.Put(p)
	p.Fill(b)
	Mul(c, a, p, accumulate)
}

// newGrid checks a product; ok is false if nothing is to be done.
func newGrid(c, a Matrix, b *Packed, accumulate bool) (g grid, ok bool) {
	a.check("A")
	checkProduct(c, a, b.K, b.N)
	if c.Rows == 0 || c.Cols == 0 {
		return g, false
	}
	if a.Cols == 0 {
		if !accumulate {
			zero(c)
		}
		return g, false
	}
	return grid{c: c, a: a, b: b, set: b.set, accumulate: accumulate}, true
}

func checkProduct(c, a Matrix, k, n int) {
	c.check("C")
	if a.Cols != k || c.Rows != a.Rows || c.Cols != n {
		panic(fmt.Sprintf("gemm: C %d×%d = A %d×%d · B %d×%d", c.Rows, c.Cols, a.Rows, a.Cols, k, n))
	}
	if c.ColStride != 1 && c.Cols > 1 {
		panic(fmt.Sprintf("gemm: C has column stride %d, must be 1", c.ColStride))
	}
}

func zero(c Matrix) {
	for i := range c.Rows {
		clear(c.Data[i*c.RowStride:][:c.Cols])
	}
}
