package gemm

import (
	"math"

	"cogumi/kernels/cpu/par"
	"cogumi/kernels/nf4"
)

// BF16 is a B of bf16 values, read where they lie: row-major [k, n].
type BF16 struct {
	k, n  int
	width int // columns side by side: element (i, j) is data[(j/width·k + i)·width + j%width]
	data  []uint16
}

// BF16Rows is a row-major B [k, n].
func BF16Rows(data []uint16, k, n int) *BF16 {
	checkSource("a bf16 operand", len(data), k*n)
	return &BF16{k, n, n, data}
}

// BF16Columns makes the operand Wᵀ of a weight W [n, k]: a copy, groups of columns
// side by side.
func BF16Columns(data []uint16, k, n int) *BF16 {
	checkSource("a bf16 weight", len(data), k*n)
	groups := (n + group - 1) / group
	b := &BF16{k, n, group, make([]uint16, groups*k*group)}
	par.For(groups, 1+1<<10/max(1, k), func(lo, hi int) {
		for j := lo * group; j < min(hi*group, n); j++ {
			dst := b.data[b.at(0, j):]
			for i, v := range data[j*k:][:k] {
				dst[i*group] = v
			}
		}
	})
	return b
}

// at is where element (i, j) lies.
func (b *BF16) at(i, j int) int { return (j/b.width*b.k+i)*b.width + j%b.width }

// Bytes is the memory of the values.
func (b *BF16) Bytes() int64 { return 2 * int64(len(b.data)) }

// Size is Source.
func (b *BF16) Size() (k, n int) { return b.k, b.n }

// Expand is Source.
func (b *BF16) Expand(dst []float32, k, depth, j, nr int) {
	for at := 0; at < nr; at += unit {
		col := j + at
		width := min(unit, nr-at)
		if col+width > b.n {
			b.edge(dst[at:], k, depth, col, width, nr)
			continue
		}
		src := b.data[b.at(k, col):]
		if width == unit && widenFast(dst[at:], src, depth, nr, b.width) {
			continue
		}
		for r := range depth {
			for i := range width {
				dst[r*nr+at+i] = widen(src[r*b.width+i])
			}
		}
	}
}

// edge writes columns that reach beyond the last one.
func (b *BF16) edge(dst []float32, k, depth, j, width, nr int) {
	for r := range depth {
		for i := range width {
			dst[r*nr+i] = 0
			if j+i < b.n {
				dst[r*nr+i] = widen(b.data[b.at(k+r, j+i)])
			}
		}
	}
}

func widen(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) }

// NF4Rows is a B [k, n] as bitsandbytes packs it, blocks along n, read where it
// lies. n is a multiple of 64.
type NF4Rows struct {
	k, n   int
	packed []byte
	scales []float32
}

// NewNF4Rows checks the sizes.
func NewNF4Rows(packed []byte, scales []float32, k, n int) *NF4Rows {
	if n%64 != 0 {
		panic("gemm: NF4 rows of no whole blocks")
	}
	checkSource("an NF4 weight's codes", 2*len(packed), n*k)
	checkSource("an NF4 weight's scales", 64*len(scales), n*k)
	return &NF4Rows{k, n, packed, scales}
}

// Size is Source.
func (s *NF4Rows) Size() (k, n int) { return s.k, s.n }

// Expand is Source.
func (s *NF4Rows) Expand(dst []float32, k, depth, j, nr int) {
	for at := 0; at < nr; at += unit {
		col, width := j+at, min(unit, nr-at)
		if col >= s.n {
			zeroColumns(dst, depth, nr, at, width)
			continue
		}
		codes, scales := s.packed[(k*s.n+col)/2:], s.scales[(k*s.n+col)/64:]
		if width == unit && nf4RowsFast(dst[at:], codes, scales, depth, nr, s.n) {
			continue
		}
		for r := range depth {
			scale := scales[r*s.n/64]
			for i := range width {
				e := r*s.n + i
				dst[r*nr+at+i] = nf4.RoundBF16(nf4.Code[codes[e/2]>>(4*uint(1-e&1))&15] * scale)
			}
		}
	}
}
