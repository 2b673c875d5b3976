package gemm

import (
	"cogumi/kernels/cpu/par"
)

// unit is how many columns are expanded at once, group how many lie side by side
// in a compact operand, whatever the width of panels: one long stream for the
// processor to run ahead of.
const (
	unit  = 16
	group = 64
)

// Codes is a B of small integers c with a scale, and a minimum or none, for every
// `run` rows of a column: c·scale + minimum, each operation rounded by itself, or
// table[c]·scale rounded to bf16 for NF4.
type Codes struct {
	k, n, run int
	bits      int // 4: unsigned; 8: signed
	nf4       bool
	codes     []byte    // group after group: rows of 4 units, of 8 bytes (column i low, i+8 high) or 16
	scales    []float32 // group after group: runs of 64
	minima    []float32 // likewise; nil: none
}

// NewCodes makes the operand Wᵀ of a weight W [n, k]. column writes the codes of
// column j (row j of W), with a scale and a minimum for every run of rows; it is
// called from several goroutines, once per column. bits is 4 (codes 0…15) or 8
// (codes as int8). run divides k.
func NewCodes(k, n, run, bits int, minima bool, column func(j int, codes []byte, scales, minima []float32)) *Codes {
	groups, runs := (n+group-1)/group, k/run
	c := &Codes{k: k, n: n, run: run, bits: bits, codes: make([]byte, groups*k*group*bits/8), scales: make([]float32, groups*runs*group)}
	if minima {
		c.minima = make([]float32, len(c.scales))
	}
	par.For(groups, 1+1<<10/max(1, k), func(lo, hi int) {
		codes, scales, least := make([]byte, k), make([]float32, runs), make([]float32, runs)
		for j := lo * group; j < min(hi*group, n); j++ {
			column(j, codes, scales, least)
			c.place(j, codes)
			at := j/group*runs*group + j%group
			for r, s := range scales {
				c.scales[at+r*group] = s
				if minima {
					c.minima[at+r*group] = least[r]
				}
			}
		}
	})
	return c
}

// NewNF4 is NewCodes for a weight [n, k] as bitsandbytes packs it, blocks along k.
func NewNF4(k, n int, packed []byte, scales []float32) *Codes {
	checkSource("an NF4 weight's codes", 2*len(packed), n*k)
	checkSource("an NF4 weight's scales", 64*len(scales), n*k)
	c := NewCodes(k, n, 64, 4, false, func(j int, codes []byte, column, _ []float32) {
		for i, b := range packed[j*k/2:][:k/2] {
			codes[2*i], codes[2*i+1] = b>>4, b&15
		}
		copy(column, scales[j*k/64:])
	})
	c.nf4 = true
	return c
}

// row is the bytes of a group's row.
func (c *Codes) row() int { return group * c.bits / 8 }

// at is where the codes of column j's unit begin in row k.
func (c *Codes) at(k, j int) int { return (j/group*c.k+k)*c.row() + j%group/unit*unit*c.bits/8 }

// place writes the codes of column j.
func (c *Codes) place(j int, codes []byte) {
	if c.bits == 8 {
		dst := c.codes[c.at(0, j)+j%unit:]
		for k, v := range codes {
			dst[k*group] = v
		}
		return
	}
	dst, shift := c.codes[c.at(0, j)+j%8:], uint(j%unit/8*4)
	for k, v := range codes {
		dst[k*group/2] |= v << shift
	}
}

// Bytes is the memory that the operand takes.
func (c *Codes) Bytes() int64 { return int64(len(c.codes)) + 4*int64(len(c.scales)+len(c.minima)) }

// Size is Source.
func (c *Codes) Size() (k, n int) { return c.k, c.n }

// Expand is Source.
func (c *Codes) Expand(dst []float32, k, depth, j, nr int) {
	for at := 0; at < nr; at += unit {
		width := min(unit, nr-at)
		if j+at >= c.n {
			zeroColumns(dst, depth, nr, at, width)
			continue
		}
		for lo := 0; lo < depth; { // a scale at a time
			rows := min(depth-lo, c.run-(k+lo)%c.run)
			c.expandRun(dst[lo*nr+at:], k+lo, rows, j+at, nr, width)
			lo += rows
		}
	}
}

func zeroColumns(dst []float32, depth, nr, at, width int) {
	for r := range depth {
		clear(dst[r*nr+at:][:width])
	}
}

// expandRun writes rows [k, k+rows), which share their scales, of `width` columns
// from column j on; dst has rows of nr.
func (c *Codes) expandRun(dst []float32, k, rows, j, nr, width int) {
	row := c.row()
	codes := c.codes[c.at(k, j):]
	from := (j/group*(c.k/c.run)+k/c.run)*group + j%group/unit*unit
	scales := c.scales[from:][:unit]
	var minima []float32
	if c.minima != nil {
		minima = c.minima[from:][:unit]
	}
	if width == unit && expandFast(c, dst, codes, scales, minima, rows, nr) {
		return
	}
	for r := range rows {
		for i := range width {
			dst[r*nr+i] = c.value(codes[r*row:], scales, minima, j%unit+i)
		}
	}
}
