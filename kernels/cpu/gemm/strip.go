package gemm

// strip is a block of A as kernels read it: tile after tile, `next` floats apart,
// in A itself or in a packed copy.
type strip struct {
	first          *float32
	ars, acs, next int
}

// direct tells whether kernels may read A where it lies: along rows, or rows that
// lie side by side (a thin matrix transposed). Otherwise each k of a tile would
// be on a page of its own.
func (g *grid) direct() bool {
	return g.a.ColStride == 1 || g.a.RowStride == 1 && g.a.ColStride <= 128
}

// scratchA is memory for a packed block of A, nil if A is read directly.
func (g *grid) scratchA(rows, depth int) *scratch {
	if g.direct() {
		return nil
	}
	return getScratch((rows + g.set.mr) * depth)
}

// strip is the block of A at rows [row, row+rows), k [k, k+depth).
func (g *grid) strip(s *scratch, row, rows, k, depth int) strip {
	step := g.set.tileRows(rows)
	first := &g.a.Data[row*g.a.RowStride+k*g.a.ColStride]
	if s == nil {
		return strip{first, g.a.RowStride, g.a.ColStride, step * g.a.RowStride}
	}
	for kk := range depth {
		src := g.a.Data[row*g.a.RowStride+(k+kk)*g.a.ColStride:]
		for lo := 0; lo < rows; lo += step {
			h := min(step, rows-lo)
			dst := s.data[lo*depth+kk*step:][:h]
			if g.a.RowStride == 1 {
				copy(dst, src[lo:])
				continue
			}
			for i := range dst {
				dst[i] = src[(lo+i)*g.a.RowStride]
			}
		}
	}
	return strip{&s.data[0], 1, step, step * depth}
}
