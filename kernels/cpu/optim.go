package cpu

import (
	"math"

	"cogumi/kernels"
	"cogumi/kernels/cpu/par"
	"cogumi/kernels/cpu/vec"
	"cogumi/kernels/host"
	"cogumi/kernels/nf4"
	"cogumi/kernels/plain"
)

func gradNorm(v *host.View, o *kernels.GradNorm) func() {
	sums := make([]float64, len(o.Grads))
	return func() {
		par.For(len(sums), 1, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				sums[i] = vec.SumSquares(v.F32(o.Grads[i]))
			}
		})
		var sum float64
		for _, s := range sums {
			sum += s
		}
		v.F32(o.Norm)[0] = float32(math.Sqrt(sum))
	}
}

func adamW(v *host.View, o *kernels.AdamW) func() {
	return func() {
		u, ok := plain.NewUpdate(o, v.F32(o.Norm)[0], v.F32(o.LR)[0], int(v.I32(o.Step)[0]))
		if !ok {
			return
		}
		full := vec.AdamW{LR: u.LR, Beta1: u.Beta1, Beta2: u.Beta2, Eps: u.Eps, WeightDecay: u.Decay, Step: u.Step, GradScale: u.Clip}
		par.For(len(o.Slots), 1, func(lo, hi int) {
			for _, s := range o.Slots[lo:hi] {
				if s.Eight == nil {
					full.Update(v.F32(s.P), v.F32(s.M), v.F32(s.V), v.F32(s.G))
				}
			}
		})
		for _, s := range o.Slots {
			if s.Eight != nil {
				eightBit(v, u, s)
			}
		}
	}
}

// eightBit spreads the blocks of one parameter over the cores.
func eightBit(v *host.View, u plain.Update, s kernels.AdamSlot) {
	p, g, e := v.F32(s.P), v.F32(s.G), s.Eight
	m, w, mMax, wMax := v.U8(e.M), v.U8(e.V), v.F32(e.MAbsmax), v.F32(e.VAbsmax)
	par.For(len(mMax), 4, func(lo, hi int) {
		a, b := lo*nf4.NestedBlock, min(hi*nf4.NestedBlock, len(p))
		u.Eight(p[a:b], g[a:b], m[a:b], w[a:b], mMax[lo:hi], wMax[lo:hi])
	})
}
