package vec

// SwiGLU is h[i] = silu(g[i])·u[i] with silu(g) = g/(1+exp(−g)) (arXiv:2002.05202).
// h may be g or u.
func SwiGLU(h, g, u []float32) { swiglu(h, g[:len(h)], u[:len(h)]) }

// SwiGLUBackward gives the gradients of g and u from that of h, with
// s = 1/(1+exp(−g)):
//
//	du = dh·g·s
//	dg = dh·u·s·(1 + g·(1−s))
//
// dg may be g and du may be u or dh, as far as one slice is written once.
func SwiGLUBackward(dg, du, dh, g, u []float32) {
	n := len(dg)
	swigluBackward(dg, du[:n], dh[:n], g[:n], u[:n])
}
