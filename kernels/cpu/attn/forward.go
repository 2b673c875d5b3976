package attn

// Forward computes O for packed sequences: tokens cu[s]…cu[s+1] are sequence s.
// lse [tokens, heads] receives log Σ exp of each row's scaled scores, for the
// backward; it may be nil.
func Forward(s Shape, o Rows, lse []float32, q, k, v Rows, cu []int32) {
	s.check()
	if len(cu) < 2 {
		return
	}
	tokens := int(cu[len(cu)-1])
	o.check("O", tokens, s.Heads, s.HeadDim)
	q.check("Q", tokens, s.Heads, s.HeadDim)
	k.check("K", tokens, s.KVHeads, s.HeadDim)
	v.check("V", tokens, s.KVHeads, s.HeadDim)
	forwardPlain(s, o, lse, q, k, v, cu)
}

// Backward computes the gradients of Q, K and V from that of O, with O and lse as
// Forward left them. dq, dk and dv are written, not added to, and overlap nothing.
func Backward(s Shape, dq, dk, dv, do, o, q, k, v Rows, lse []float32, cu []int32) {
	s.check()
	if len(cu) < 2 {
		return
	}
	backwardPlain(s, dq, dk, dv, do, o, q, k, v, lse, cu)
}
