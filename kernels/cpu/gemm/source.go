package gemm

import (
	"fmt"

	"cogumi/kernels/cpu/par"
)

// Source is an operand B that is kept in fewer bits than float32. It is expanded
// block by block on its way into the caches, so that a product reads the fewer
// bytes: with few rows of A that is what binds. Results are those of the same
// values in panels, bit for bit.
type Source interface {
	// Size is B's rows and columns.
	Size() (k, n int)
	// Expand writes rows [k, k+depth) of the nr columns from column j on, row
	// after row; columns beyond the last are zero. nr is 8, 16 or 32, j a multiple
	// of it.
	Expand(dst []float32, k, depth, j, nr int)
}

// streamed is how many panels are expanded before the rows of A pass by: they
// stay in L2.
const streamed = 8

// MulSource is C = A·B, or C += A·B if accumulate is set, spread over the cores.
func MulSource(c, a Matrix, b Source, accumulate bool) {
	k, n := b.Size()
	g, ok := newGrid(c, a, k, n, active, accumulate)
	if !ok || mulRow(c, a, b, accumulate) {
		return
	}
	g.cut(par.Workers())
	g.group = min(g.group, streamed)
	g.groups = (g.panels + g.group - 1) / g.group
	nr := g.set.nr
	fill := func(dst []float32, panel, k, depth int) { b.Expand(dst, k, depth, panel*nr, nr) }
	par.For(g.groups, 1, func(lo, hi int) {
		for t := lo; t < hi; t++ {
			g.stream(t*g.group, min((t+1)*g.group, g.panels), k, fill)
		}
	})
}

// checkSource panics where a source does not hold what its size needs.
func checkSource(what string, got, want int) {
	if got < want {
		panic(fmt.Sprintf("gemm: %s has %d, needs %d", what, got, want))
	}
}
