package gemm

import "cogumi/kernels/nf4"

// Each writes `rows` rows of 16 floats, `to` floats apart; the rows of codes are
// `from` bytes apart.

//go:noescape
func expandNF4AVX2(dst *float32, codes *byte, scales, table *float32, rows, to, from int)

//go:noescape
func expand4AVX2(dst *float32, codes *byte, scales, minima *float32, rows, to, from int)

//go:noescape
func expand8AVX2(dst *float32, codes *byte, scales, minima *float32, rows, to, from int)

// nf4RowsAVX2 has one scale for each row, `step` floats apart; a byte's high half
// is the first of two columns.
//
//go:noescape
func nf4RowsAVX2(dst *float32, codes *byte, scales, table *float32, rows, to, from, step int)

//go:noescape
func widenAVX2(dst *float32, src *uint16, rows, to, from int)

// none are the minima of codes that have none: x + (−0) is x for every x.
var none = func() (m [unit]float32) {
	var zero float32
	for i := range m {
		m[i] = -zero
	}
	return m
}()

func expandFast(c *Codes, dst []float32, codes []byte, scales, minima []float32, rows, nr int) bool {
	if active.isa == plain {
		return false
	}
	least := &none[0]
	if minima != nil {
		least = &minima[0]
	}
	_, _ = dst[(rows-1)*nr+unit-1], codes[(rows-1)*c.row()+unit*c.bits/8-1]
	switch {
	case c.nf4:
		expandNF4AVX2(&dst[0], &codes[0], &scales[0], &nf4.Code[0], rows, nr, c.row())
	case c.bits == 4:
		expand4AVX2(&dst[0], &codes[0], &scales[0], least, rows, nr, c.row())
	default:
		expand8AVX2(&dst[0], &codes[0], &scales[0], least, rows, nr, c.row())
	}
	return true
}

func widenFast(dst []float32, src []uint16, depth, nr, stride int) bool {
	if active.isa == plain {
		return false
	}
	_, _ = dst[(depth-1)*nr+unit-1], src[(depth-1)*stride+unit-1]
	widenAVX2(&dst[0], &src[0], depth, nr, 2*stride)
	return true
}

func nf4RowsFast(dst []float32, codes []byte, scales []float32, depth, nr, n int) bool {
	if active.isa == plain {
		return false
	}
	_, _, _ = dst[(depth-1)*nr+unit-1], codes[(depth-1)*n/2+unit/2-1], scales[(depth-1)*n/64]
	nf4RowsAVX2(&dst[0], &codes[0], &scales[0], &nf4.Code[0], depth, nr, n/2, n/64)
	return true
}
