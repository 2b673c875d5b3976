package attn

import "math"

// rowPlain is one query's attention over keys [first, last] in float64: the twin
// that tests compare with. key and value give rows of the sequence.
func rowPlain(o, q []float32, scale float32, first, last int, key, value func(int) []float32) (lse float64) {
	scores := make([]float64, last+1-first)
	m := math.Inf(-1)
	for i := range scores {
		scores[i] = dot64(q, key(first+i)) * float64(scale)
		m = math.Max(m, scores[i])
	}
	var sum float64
	for i, s := range scores {
		scores[i] = math.Exp(s - m)
		sum += scores[i]
	}
	acc := make([]float64, len(o))
	for i, p := range scores {
		for d, v := range value(first + i) {
			acc[d] += p * float64(v)
		}
	}
	for d, v := range acc {
		o[d] = float32(v / sum)
	}
	return m + math.Log(sum)
}

func dot64(a, b []float32) (sum float64) {
	for i, v := range a {
		sum += float64(v) * float64(b[i])
	}
	return sum
}

func forwardPlain(s Shape, o Rows, lse []float32, q, k, v Rows, cu []int32) {
	for n := range len(cu) - 1 {
		start := int(cu[n])
		for i := range int(cu[n+1]) - start {
			for h := range s.Heads {
				g := h / (s.Heads / s.KVHeads)
				l := rowPlain(o.at(start+i, h, s.HeadDim), q.at(start+i, h, s.HeadDim), s.Scale, s.first(i), i,
					func(j int) []float32 { return k.at(start+j, g, s.HeadDim) },
					func(j int) []float32 { return v.at(start+j, g, s.HeadDim) })
				if lse != nil {
					lse[(start+i)*s.Heads+h] = float32(l)
				}
			}
		}
	}
}

// backwardPlain is the gradient in float64, summed over queries in order.
func backwardPlain(s Shape, dq, dk, dv, do, o, q, k, v Rows, lse []float32, cu []int32) {
	for n := range len(cu) - 1 {
		start, length := int(cu[n]), int(cu[n+1]-cu[n])
		for g := range s.KVHeads {
			b := newBackward(length, s.HeadDim)
			for h := g * (s.Heads / s.KVHeads); h < (g+1)*(s.Heads/s.KVHeads); h++ {
				for i := range length {
					t := start + i
					b.row(s, i, dq.at(t, h, s.HeadDim), do.at(t, h, s.HeadDim), o.at(t, h, s.HeadDim),
						q.at(t, h, s.HeadDim), float64(lse[t*s.Heads+h]),
						func(j int) []float32 { return k.at(start+j, g, s.HeadDim) },
						func(j int) []float32 { return v.at(start+j, g, s.HeadDim) })
				}
			}
			for i := range length {
				for d := range s.HeadDim {
					dk.at(start+i, g, s.HeadDim)[d] = float32(b.dk[i*s.HeadDim+d])
					dv.at(start+i, g, s.HeadDim)[d] = float32(b.dv[i*s.HeadDim+d])
				}
			}
		}
	}
}

// backward64 sums the gradients of one KV head over one sequence.
type backward64 struct{ dk, dv []float64 }

func newBackward(length, dim int) *backward64 {
	return &backward64{make([]float64, length*dim), make([]float64, length*dim)}
}

// row adds what query i contributes: with p = exp(scale·q·k − lse),
// dv += p·do, ds = p·(do·v − do·o), dq = scale·Σ ds·k, dk += scale·ds·q.
func (b *backward64) row(s Shape, i int, dq, do, o, q []float32, lse float64, key, value func(int) []float32) {
	acc := make([]float64, len(dq))
	delta := dot64(do, o)
	for j := s.first(i); j <= i; j++ {
		kj := key(j)
		p := math.Exp(float64(s.Scale)*dot64(q, kj) - lse)
		ds := p * (dot64(do, value(j)) - delta) * float64(s.Scale)
		for d := range acc {
			acc[d] += ds * float64(kj[d])
			b.dk[j*len(dq)+d] += ds * float64(q[d])
			b.dv[j*len(dq)+d] += p * float64(do[d])
		}
	}
	for d, v := range acc {
		dq[d] = float32(v)
	}
}
