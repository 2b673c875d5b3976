package gemm

// packPanel writes b, at most nr columns, as rows of nr; columns that b lacks
// are zero.
func packPanel(dst []float32, nr int, b Matrix) {
	if b.Rows == 0 || b.Cols == 0 {
		return
	}
	if b.Cols < nr {
		clear(dst)
	}
	switch {
	case b.ColStride == 1 && b.Cols == nr:
		packRows(dst, nr, b.Data, b.RowStride, b.Rows)
	case b.ColStride == 1:
		for k := range b.Rows {
			copy(dst[k*nr:(k+1)*nr], b.Data[k*b.RowStride:][:b.Cols])
		}
	default:
		packColumns(dst, nr, b)
	}
}

// packColumns is packPanel for columns that lie apart.
func packColumns(dst []float32, nr int, b Matrix) {
	j := 0
	if b.RowStride == 1 {
		for ; j+8 <= b.Cols; j += 8 {
			done := transpose8(dst[j:], nr, b.Data[j*b.ColStride:], b.ColStride, b.Rows)
			packStrided(dst[done*nr:], nr, b.Slice(done, b.Rows, 0, b.Cols), j, j+8)
		}
	}
	packStrided(dst, nr, b, j, b.Cols)
}

// packStrided copies columns [from, to) one by one.
func packStrided(dst []float32, nr int, b Matrix, from, to int) {
	for j := from; j < to; j++ {
		for k := range b.Rows {
			dst[k*nr+j] = b.At(k, j)
		}
	}
}

func packRowsPlain(dst []float32, nr int, src []float32, stride, rows int) {
	for k := range rows {
		copy(dst[k*nr:(k+1)*nr], src[k*stride:])
	}
}
