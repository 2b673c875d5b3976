package vec

import "math"

// RMSNorm is y[i] = w[i]·(x[i]·rstd) with rstd = 1/√(mean(x²)+eps), which it
// returns (arXiv:1910.07467). y may be x.
func RMSNorm(y, x, w []float32, eps float32) (rstd float32) {
	n := len(y)
	rstd = float32(1 / math.Sqrt(sumSquares(x[:n])/float64(n)+float64(eps)))
	rmsScale(y, x[:n], w[:n], rstd)
	return rstd
}

// RMSNormBackward gives the gradient of x from that of y: with x̂ = x·rstd and
// g = dy·w, dx = rstd·(g − x̂·mean(g·x̂)), added to what dx holds if accumulate is
// set. dx may be dy.
func RMSNormBackward(dx, dy, x, w []float32, rstd float32, accumulate bool) {
	n := len(dx)
	dy, x, w = dy[:n], x[:n], w[:n]
	c := dot3(dy, w, x) / float32(n) * rstd * rstd * rstd
	rmsBackward(dx, dy, x, w, rstd, c, accumulate)
}
