package gemm

import (
	"cogumi/kernels/cpu/par"
)

// unit is how many columns lie together in a compact operand, whatever the width
// of panels.
const unit = 16

// Codes is a B of small integers c with a scale, and a minimum or none, for every
// `run` rows of a column: c·scale + minimum, each operation rounded by itself, or
// table[c]·scale rounded to bf16 for NF4.
type Codes struct {
	k, n, run int
	bits      int // 4: unsigned; 8: signed
	nf4       bool
	codes     []byte    // unit after unit: rows of 8 bytes (column i low, i+8 high) or 16
	scales    []float32 // unit after unit: runs of 16
	minima    []float32 // likewise; nil: none
}

// NewCodes makes the operand Wᵀ of a weight W [n, k]. column writes the codes of
// column j (row j of W), with a scale and a minimum for every run of rows; it is
// called from several goroutines, once per column. bits is 4 (codes 0…15) or 8
// (codes as int8). run divides k.
func NewCodes(k, n, run, bits int, minima bool, column func(j int, codes []byte, scales, minima []float32)) *Codes {
	units, runs := (n+unit-1)/unit, k/run
	c := &Codes{k: k, n: n, run: run, bits: bits, codes: make([]byte, units*k*unit*bits/8), scales: make([]float32, units*runs*unit)}
	if minima {
		c.minima = make([]float32, len(c.scales))
	}
	par.For(units, 1+1<<12/max(1, k), func(lo, hi int) {
		codes, scales, least := make([]byte, k), make([]float32, runs), make([]float32, runs)
		for u := lo; u < hi; u++ {
			for i := range min(unit, n-u*unit) {
				column(u*unit+i, codes, scales, least)
				c.place(u, i, codes)
				for r, s := range scales {
					c.scales[(u*runs+r)*unit+i] = s
					if minima {
						c.minima[(u*runs+r)*unit+i] = least[r]
					}
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

// place writes the codes of column i of unit u.
func (c *Codes) place(u, i int, codes []byte) {
	if c.bits == 8 {
		dst := c.codes[u*c.k*unit+i:]
		for k, v := range codes {
			dst[k*unit] = v
		}
		return
	}
	dst, shift := c.codes[u*c.k*unit/2+i%8:], uint(i/8*4)
	for k, v := range codes {
		dst[k*unit/2] |= v << shift
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
	u := j / unit
	row := unit * c.bits / 8
	codes := c.codes[(u*c.k+k)*row:][:rows*row]
	from := (u*(c.k/c.run) + k/c.run) * unit
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
			col := j%unit + i
			dst[r*nr+i] = c.value(codes[r*row:], scales, minima, col)
		}
	}
}
