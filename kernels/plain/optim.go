package plain

import (
	"math"

	"cogumi/kernels"
	"cogumi/kernels/host"
	"cogumi/kernels/nf4"
)

func zero(v *host.View, o *kernels.Zero) func() {
	return func() {
		for _, t := range o.Tensors {
			clear(v.U8(t))
		}
	}
}

func gradNorm(v *host.View, o *kernels.GradNorm) func() {
	return func() {
		var sum float64
		for _, t := range o.Grads {
			sum += dot(v.F32(t), v.F32(t))
		}
		v.F32(o.Norm)[0] = float32(math.Sqrt(sum))
	}
}

func adamW(v *host.View, o *kernels.AdamW) func() {
	return func() {
		u, ok := NewUpdate(o, v.F32(o.Norm)[0], v.F32(o.LR)[0], int(v.I32(o.Step)[0]))
		if !ok {
			return
		}
		for _, s := range o.Slots {
			p, g := v.F32(s.P), v.F32(s.G)
			if e := s.Eight; e != nil {
				u.Eight(p, g, v.U8(e.M), v.U8(e.V), v.F32(e.MAbsmax), v.F32(e.VAbsmax))
			} else {
				u.Full(p, g, v.F32(s.M), v.F32(s.V))
			}
		}
	}
}

// Update is what all elements of one optimiser step share.
type Update struct {
	Clip                         float32 // what the gradient is multiplied with
	LR, Beta1, Beta2, Eps, Decay float64
	C1, C2                       float64 // 1−β1ᵗ, √(1−β2ᵗ)
	Step                         int
}

// NewUpdate is false where the gradient norm is not finite: then nothing may
// change.
func NewUpdate(o *kernels.AdamW, norm, lr float32, step int) (Update, bool) {
	if math.IsNaN(float64(norm)) || math.IsInf(float64(norm), 0) {
		return Update{}, false
	}
	u := Update{Clip: 1, LR: float64(lr), Step: step, Beta1: o.Beta1, Beta2: o.Beta2, Eps: o.Eps, Decay: o.WeightDecay,
		C1: 1 - math.Pow(o.Beta1, float64(step)),
		C2: math.Sqrt(1 - math.Pow(o.Beta2, float64(step)))}
	if o.MaxNorm > 0 {
		u.Clip = min(1, o.MaxNorm/(norm+1e-6))
	}
	return u, true
}

// Full updates parameters with 32-bit state in torch's order of operations.
func (u Update) Full(p, g, m, v []float32) {
	keep, size, c2 := float32(1-u.LR*u.Decay), float32(u.LR/u.C1), float32(u.C2)
	b1, b2, b2rest, eps := float32(1-u.Beta1), float32(u.Beta2), float32(1-u.Beta2), float32(u.Eps)
	for i := range p {
		d := g[i] * u.Clip
		p[i] *= keep
		m[i] += (d - m[i]) * b1
		v[i] = v[i]*b2 + b2rest*d*d
		p[i] -= size * (m[i] / (float32(math.Sqrt(float64(v[i])))/c2 + eps))
	}
}

// Eight updates parameters with blockwise 8-bit state as bitsandbytes' CUDA
// kernel does: codes are the exact nearest ones, m keeps its sign, decay comes
// after the update, and a gradient that is not finite clears its element.
func (u Update) Eight(p, g []float32, m8, v8 []byte, mMax, vMax []float32) {
	for b := range mMax {
		lo, hi := b*nf4.NestedBlock, min((b+1)*nf4.NestedBlock, len(p))
		u.eightBlock(p[lo:hi], g[lo:hi], m8[lo:hi], v8[lo:hi], &mMax[b], &vMax[b])
	}
}

func (u Update) eightBlock(p, g []float32, m8, v8 []byte, mMax, vMax *float32) {
	signed, unsigned := nf4.SignedMap(), nf4.UnsignedMap()
	b1, b2, rest1, rest2 := float32(u.Beta1), float32(u.Beta2), 1-float32(u.Beta1), 1-float32(u.Beta2)
	var m, v [nf4.NestedBlock]float32
	var mTop, vTop float32
	for i := range p {
		d := g[i] * u.Clip
		if math.IsNaN(float64(d)) || math.IsInf(float64(d), 0) {
			continue
		}
		m[i] = signed[m8[i]]**mMax*b1 + rest1*d
		v[i] = unsigned[v8[i]]**vMax*b2 + rest2*d*d
		mTop = max(mTop, float32(math.Abs(float64(m[i]))))
		vTop = max(vTop, v[i])
	}
	size, eps, keep := float32(-u.LR*u.C2/u.C1), float32(u.C2)*float32(u.Eps), 1-float32(u.LR)*float32(u.Decay)
	for i := range p {
		p[i] += size * (m[i] / (float32(math.Sqrt(float64(v[i]))) + eps))
		p[i] *= keep
		m8[i], v8[i] = code8(m[i], mTop, signed, 127), code8(v[i], vTop, unsigned, 0)
		if m[i] < 0 && m8[i] == 127 {
			m8[i] = 126
		}
	}
	*mMax, *vMax = mTop, vTop
}

func code8(x, top float32, codes []float32, zero byte) byte {
	if top == 0 {
		return zero
	}
	return nf4.Nearest8(x/top, codes)
}
