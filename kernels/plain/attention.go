package plain

import (
	"math"

	"cogumi/kernels"
	"cogumi/kernels/host"
)

// attend is one query over keys and values that stride floats apart: its
// output, the probabilities, and the log-sum-exp of the scaled scores.
func attend(o, q, k, v []float32, stride, n int, scale float32) (p []float64, lse float64) {
	d := len(q)
	p = make([]float64, n)
	top := math.Inf(-1)
	for j := range p {
		p[j] = float64(scale) * dot(q, k[j*stride:j*stride+d])
		top = max(top, p[j])
	}
	var sum float64
	for j := range p {
		p[j] = math.Exp(p[j] - top)
		sum += p[j]
	}
	for c := range d {
		var s float64
		for j := range p {
			s += p[j] / sum * float64(v[j*stride+c])
		}
		o[c] = float32(s)
	}
	for j := range p {
		p[j] /= sum
	}
	return p, top + math.Log(sum)
}

// seen is the first of the positions 0…i that the token at position i sees.
func seen(window, i int) int {
	if window == 0 {
		return 0
	}
	return max(0, i-window+1)
}

func attention(v *host.View, o *kernels.Attention) func() {
	return func() {
		d, width, kv := o.HeadDim, o.Heads*o.HeadDim, o.KVHeads*o.HeadDim
		cu := v.I32(o.CuSeqlens)
		for s := range rows(v, o.Seqs) {
			first := int(cu[s])
			for i := first; i < int(cu[s+1]); i++ {
				from := first + seen(o.Window, i-first)
				for h := range o.Heads {
					at := from*kv + h/(o.Heads/o.KVHeads)*d
					q := v.F32(o.Q)[i*width+h*d:][:d]
					_, lse := attend(v.F32(o.O)[i*width+h*d:][:d], q, v.F32(o.K)[at:], v.F32(o.V)[at:], kv, i-from+1, o.Scale)
					v.F32(o.LSE)[i*o.Heads+h] = float32(lse)
				}
			}
		}
	}
}

func attentionBackward(v *host.View, o *kernels.AttentionBackward) func() {
	f := o.Forward
	return func() {
		d, width, kv := f.HeadDim, f.Heads*f.HeadDim, f.KVHeads*f.HeadDim
		cu := v.I32(f.CuSeqlens)
		total := int(cu[rows(v, f.Seqs)])
		dq, dk, dv := make([]float64, total*width), make([]float64, total*kv), make([]float64, total*kv)
		for s := range rows(v, f.Seqs) {
			first := int(cu[s])
			for i := first; i < int(cu[s+1]); i++ {
				from := first + seen(f.Window, i-first)
				for h := range f.Heads {
					at, qat := from*kv+h/(f.Heads/f.KVHeads)*d, i*width+h*d
					q, do := v.F32(f.Q)[qat:][:d], v.F32(o.DO)[qat:][:d]
					out := make([]float32, d)
					p, _ := attend(out, q, v.F32(f.K)[at:], v.F32(f.V)[at:], kv, i-from+1, f.Scale)
					delta := dot(do, out)
					for j := range p {
						kj, vj := v.F32(f.K)[at+j*kv:][:d], v.F32(f.V)[at+j*kv:][:d]
						ds := p[j] * (dot(do, vj) - delta) * float64(f.Scale)
						for c := range d {
							dv[at+j*kv+c] += p[j] * float64(do[c])
							dq[qat+c] += ds * float64(kj[c])
							dk[at+j*kv+c] += ds * float64(q[c])
						}
					}
				}
			}
		}
		assign(v.F32(o.DQ), dq)
		assign(v.F32(o.DK), dk)
		assign(v.F32(o.DV), dv)
	}
}

func assign(dst []float32, src []float64) {
	if dst == nil {
		return
	}
	for i, x := range src {
		dst[i] = float32(x)
	}
}

func cachedAttention(v *host.View, o *kernels.CachedAttention) func() {
	return func() {
		d, width, kv := o.HeadDim, o.Heads*o.HeadDim, o.KVHeads*o.HeadDim
		length, most := o.KCache.Shape[1], o.Pages.Cols()
		cu, kc, vc := v.I32(o.CuSeqlens), v.F32(o.KCache), v.F32(o.VCache)
		for s := range rows(v, o.Seqs) {
			pages, start := v.I32(o.Pages)[s*most:][:most], int(v.I32(o.Starts)[s])
			lo, hi := int(cu[s]), int(cu[s+1])
			var keys, values []float32 // the sequence in a row
			for t := range start + hi - lo {
				at := (int(pages[t/length])*length + t%length) * kv
				if t >= start {
					copy(kc[at:], v.F32(o.K)[(lo+t-start)*kv:][:kv])
					copy(vc[at:], v.F32(o.V)[(lo+t-start)*kv:][:kv])
				}
				keys, values = append(keys, kc[at:at+kv]...), append(values, vc[at:at+kv]...)
			}
			for i := lo; i < hi; i++ {
				last := start + i - lo
				from := seen(o.Window, last)
				for h := range o.Heads {
					at := from*kv + h/(o.Heads/o.KVHeads)*d
					q := v.F32(o.Q)[i*width+h*d:][:d]
					attend(v.F32(o.O)[i*width+h*d:][:d], q, keys[at:], values[at:], kv, last-from+1, o.Scale)
				}
			}
		}
	}
}
