//go:build !amd64

package gemm

func expandFast(c *Codes, dst []float32, codes []byte, scales, minima []float32, rows, nr int) bool {
	return false
}

func widenFast(dst []float32, src []uint16, depth, nr, stride int) bool { return false }

func nf4RowsFast(dst []float32, codes []byte, scales []float32, depth, nr, n int) bool { return false }
