package cuda

import (
	"math/bits"

	"cogumi/kernels/cuda/blas"
	"cogumi/kernels/cuda/driver"
)

// matrix is a row-major matrix in the GPU's memory, rows ld values apart.
type matrix struct {
	p          driver.Ptr
	rows, cols int
	ld         int
	f32        bool
}

func half(p driver.Ptr, rows, cols int) matrix { return matrix{p: p, rows: rows, cols: cols, ld: cols} }

func full(p driver.Ptr, rows, cols int) matrix {
	return matrix{p: p, rows: rows, cols: cols, ld: cols, f32: true}
}

// columns is the part of m from column from on.
func (m matrix) columns(from, n int) matrix {
	size := driver.Ptr(2)
	if m.f32 {
		size = 4
	}
	m.p += size * driver.Ptr(from)
	m.cols = n
	return m
}

// product appends out = alpha·op(a)·op(b) + beta·out; ta and tb transpose. a and
// b are bf16, sums are f32 with one rounding where out is bf16.
func (c *compiler) product(out, a, b matrix, ta, tb bool, alpha, beta float32) {
	s := blas.Shape{M: out.rows, N: out.cols, K: a.cols, LdA: a.ld, LdB: b.ld, LdC: out.ld, TransA: ta, TransB: tb, F32: out.f32}
	if ta {
		s.K = a.rows
	}
	if c.err != nil || s.M == 0 || s.N == 0 {
		return
	}
	s.Align = min(256, 1<<bits.TrailingZeros64(uint64(a.p|b.p|out.p)))
	if c.d.blas == nil {
		c.ownProduct(s, out, a, b, alpha, beta)
		return
	}
	p, err := c.d.blas.Plan(s)
	if err != nil {
		c.fail(err)
		return
	}
	c.do(func(stream *driver.Stream) error { return p.Run(stream, a.p, b.p, out.p, alpha, beta) })
}
