package gemm

import (
	"sync"

	"cogumi/kernels/cpu/par"
)

// MulMatrix is Mul with a B that is used once: thin products and the gradients of
// weights. B is packed on the way, as a whole if it is small or many rows of A
// share it, otherwise block by block in the caches.
func MulMatrix(c, a, b Matrix, accumulate bool) {
	b.check("B")
	if swaps(c, a, b) {
		mulSwapped(c, a, b, accumulate)
		return
	}
	if c.Rows > 2*blockRows || b.Rows*b.Cols <= 1<<14 {
		p := operands.Get().(*Packed)
		defer operands.Put(p)
		p.Fill(b)
		Mul(c, a, p, accumulate)
		return
	}
	g, ok := newGrid(c, a, b.Rows, b.Cols, active, accumulate)
	if !ok {
		return
	}
	g.cut(par.Workers())
	g.group = min(g.group, 8) // the packed block stays in L2
	g.groups = (g.panels + g.group - 1) / g.group
	nr := g.set.nr
	fill := func(dst []float32, panel, k, depth int) {
		packPanel(dst, nr, b.Slice(k, k+depth, panel*nr, min((panel+1)*nr, b.Cols)))
	}
	par.For(g.groups, 1, func(lo, hi int) {
		for t := lo; t < hi; t++ {
			g.stream(t*g.group, min((t+1)*g.group, g.panels), b.Rows, fill)
		}
	})
}

var operands = sync.Pool{New: func() any { return new(Packed) }}

// stream computes all rows of panels [first, last) of a B with `all` rows; fill
// writes a block of a panel just before its use.
func (g *grid) stream(first, last, all int, fill func(dst []float32, panel, k, depth int)) {
	nr, depth := g.set.nr, kBlock(all)
	sb := getScratch((last - first) * nr * depth)
	defer putScratch(sb)
	sa := g.scratchA(g.rows, depth)
	if sa != nil {
		defer putScratch(sa)
	}
	for k := 0; k < all; k += depth {
		d := min(depth, all-k)
		for p := first; p < last; p++ {
			fill(sb.data[(p-first)*nr*d:][:nr*d], p, k, d)
		}
		for row := 0; row < g.c.Rows; row += g.rows {
			rows := min(g.rows, g.c.Rows-row)
			g.block(row, rows, first, last, k, d, g.strip(sa, row, rows, k, d), &sb.data[0], nr*d)
		}
	}
}

// swaps tells whether Cᵀ = Bᵀ·Aᵀ is the better product: A would have to be packed
// for the sake of a few columns.
func swaps(c, a, b Matrix) bool {
	return a.RowStride == 1 && a.ColStride > 128 && c.Cols <= 64 && c.Cols < c.Rows && c.Cols > 0 && a.Cols > 0
}

// mulSwapped computes the transpose of C beside it and adds it.
func mulSwapped(c, a, b Matrix, accumulate bool) {
	s := getScratch(c.Rows * c.Cols)
	defer putScratch(s)
	ct := Dense(s.data, c.Cols, c.Rows)
	ct.load(c, accumulate)
	MulMatrix(ct, b.T(), a.T(), accumulate)
	par.For(c.Rows, 64, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row := c.Data[i*c.RowStride:][:c.Cols]
			for j := range row {
				row[j] = s.data[j*c.Rows+i]
			}
		}
	})
}

// load copies the transpose of c, whose values a product is added to: in this
// order the sum has the same bits as without swapping.
func (m Matrix) load(c Matrix, wanted bool) {
	if !wanted {
		return
	}
	for i := range c.Rows {
		for j, v := range c.Data[i*c.RowStride:][:c.Cols] {
			m.Data[j*m.RowStride+i] = v
		}
	}
}
