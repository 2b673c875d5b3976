//go:build !amd64

package vec

func dot(a, b []float32) float32                         { return dotPlain(a, b) }
func sumSquares(x []float32) float64                     { return sumSquaresPlain(x) }
func maximum(x []float32) float32                        { return maxPlain(x) }
func axpy(alpha float32, x, y []float32)                 { axpyPlain(alpha, x, y) }
func scale(alpha float32, x []float32)                   { scalePlain(alpha, x) }
func add(dst, x []float32)                               { addPlain(dst, x) }
func mulAdd(dst, a, b []float32)                         { mulAddPlain(dst, a, b) }
func exp(x []float32)                                    { expPlain(x) }
func expSub(x []float32, m float32) float32              { return expSubPlain(x, m) }
func sumExp(x []float32, m float32) float32              { return sumExpPlain(x, m) }
func softmaxGrad(x []float32, lse, s float32)            { softmaxGradPlain(x, lse, s) }
func index(x []float32, v float32) int                   { return indexPlain(x, v) }
func swiglu(h, g, u []float32)                           { swigluPlain(h, g, u) }
func swigluBackward(dg, du, dh, g, u []float32)          { swigluBackwardPlain(dg, du, dh, g, u) }
func rmsScale(y, x, w []float32, rstd float32)           { rmsScalePlain(y, x, w, rstd) }
func dot3(a, b, c []float32) float32                     { return dot3Plain(a, b, c) }
func rope(x, y, cos, sin []float32)                      { ropePlain(x, y, cos, sin) }
func unrope(x, y, cos, sin []float32)                    { unropePlain(x, y, cos, sin) }
func adam(p, m, v, g []float32, k *adamConstants)        { adamPlain(p, m, v, g, k) }
func fromBF16(dst []float32, src []uint16)               { fromBF16Plain(dst, src) }
func toBF16(dst []uint16, src []float32)                 { toBF16Plain(dst, src) }
func nf4(dst []float32, p []byte, am []float32, rd bool) { nf4Plain(dst, p, am, 0, rd) }
func rmsBackward(dx, dy, x, w []float32, rstd, c float32, acc bool) {
	rmsBackwardPlain(dx, dy, x, w, rstd, c, acc)
}
func softmaxBackward(ds, p, dp []float32, mean, factor float32) {
	softmaxBackwardPlain(ds, p, dp, mean, factor)
}
