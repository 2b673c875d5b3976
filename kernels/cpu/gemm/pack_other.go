//go:build !amd64

package gemm

func packRows(dst []float32, nr int, src []float32, stride, rows int) {
	packRowsPlain(dst, nr, src, stride, rows)
}

func transpose8([]float32, int, []float32, int, int) int { return 0 }
