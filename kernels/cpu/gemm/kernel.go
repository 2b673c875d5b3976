package gemm

import (
	"cogumi/kernels/cpu/vec"
)

type isa int

const (
	plain isa = iota
	avx2
	avx512
)

// kernels is what an instruction set offers: tiles of up to mr rows, panels of nr
// columns.
type kernels struct {
	isa    isa
	mr, nr int
	// across is how many panels a tile of 1, 2, 3 rows covers at once: one panel
	// has too few chains of multiply-adds to keep the processor busy.
	across [4]int
	halves bool // there are kernels for half a panel
}

// panels is how many panels n columns take.
func (s *kernels) panels(n int) int { return (n + s.nr - 1) / s.nr }

// tileRows cuts so many rows into tiles of about the same height.
func (s *kernels) tileRows(rows int) int {
	tiles := (rows + s.mr - 1) / s.mr
	return (rows + tiles - 1) / tiles
}

// wide is how many panels a tile of so many rows takes if left are left.
func (s *kernels) wide(rows, left int) int {
	if rows >= len(s.across) {
		return 1
	}
	w := max(1, s.across[rows])
	for w > left {
		w /= 2
	}
	return w
}

// tile is one call of a kernel: C[rows × panels·nr] (+)= A·B over k. Strides are
// in floats; panel is the distance between panels.
type tile struct {
	a, b, c    *float32
	ars, acs   int // of A
	panel, crs int
	k, nr      int // nr: columns of a panel
	rows, wide int // rows, panels
	add        bool
	half       bool // only the first half of the panel (AVX-512)
}

var plainKernels = kernels{isa: plain, mr: 4, nr: 8}

// active is chosen once.
var active = choose(vec.ISA())

// maxK bounds a block of K: a panel block and a few rows of A fit in 32 KB.
const maxK = 352

// kBlock is the length of the blocks that K is cut into: as even as can be, so
// that none is short, and a function of K alone.
func kBlock(k int) int {
	blocks := (k + maxK - 1) / maxK
	if blocks == 0 {
		return 1
	}
	return (k + blocks*4 - 1) / (blocks * 4) * 4
}
