package gemm

//go:noescape
func packRowsAVX2(dst, src *float32, stride, rows, vectors int)

//go:noescape
func transposeAVX2(dst *float32, dstStride int, src *float32, srcStride, blocks int)

// packRows copies rows of nr columns, at least one.
func packRows(dst []float32, nr int, src []float32, stride, rows int) {
	if active.isa == plain || nr != 16 && nr != 32 {
		packRowsPlain(dst, nr, src, stride, rows)
		return
	}
	packRowsAVX2(&dst[0], &src[0], stride, rows, nr/8)
}

// transpose8 transposes 8 columns of k values each into rows of nr and says how
// many rows it wrote.
func transpose8(dst []float32, nr int, src []float32, stride, k int) int {
	if active.isa == plain || k < 8 {
		return 0
	}
	transposeAVX2(&dst[0], nr, &src[0], stride, k/8)
	return k &^ 7
}
