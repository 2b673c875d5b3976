package gemm

import "cogumi/kernels/cpu/par"

// dotter is a Source that multiplies a single row without expanding anything into
// memory: while one sequence is written that is all there is to do.
type dotter interface {
	// dotWidth is how many columns one call takes; 0: none here.
	dotWidth() int
	// dot is c = a·B[k:k+len(a), j:j+width], or c += with add: one chain of
	// multiply-adds per column, as the tiles do it.
	dot(c, a []float32, k, j int, add bool)
}

// mulRow is MulSource for one row; false if it has to go the usual way.
func mulRow(c, a Matrix, b Source, accumulate bool) bool {
	d, ok := b.(dotter)
	if !ok || c.Rows != 1 || a.ColStride != 1 {
		return false
	}
	k, n := b.Size()
	width := d.dotWidth()
	if width == 0 || n%width != 0 {
		return false
	}
	depth := kBlock(k)
	par.For(n/width, 1+1<<13/(k*width), func(lo, hi int) {
		for j := lo * width; j < hi*width; j += width {
			for from := 0; from < k; from += depth {
				to := min(from+depth, k)
				d.dot(c.Data[j:j+width], a.Data[from:to], from, j, accumulate || from > 0)
			}
		}
	})
	return true
}
