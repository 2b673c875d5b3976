package vec

import "math"

// AdamW is one update of a parameter with decoupled weight decay
// (arXiv:1711.05101), operation by operation as torch does it in float32:
//
//	g = g·GradScale
//	p = p·(1 − LR·WeightDecay)
//	m = m + (1−Beta1)·(g − m)
//	v = Beta2·v + (1−Beta2)·g·g
//	p = p − LR/c1·m / (√v/√c2 + Eps),  c = 1 − βᵗ
type AdamW struct {
	LR, Beta1, Beta2, Eps, WeightDecay float64
	Step                               int     // t of this update, from 1
	GradScale                          float32 // what clipping multiplies g with; 0 is 1
}

// adamConstants are the factors as float32, in the order the assembly reads
// them.
type adamConstants struct {
	gradScale, decay, oneMinusBeta1, beta2, oneMinusBeta2, rootC2, eps, minusStep float32
}

func (a AdamW) constants() adamConstants {
	t := float64(a.Step)
	k := adamConstants{
		gradScale:     a.GradScale,
		decay:         float32(1 - a.LR*a.WeightDecay),
		oneMinusBeta1: float32(1 - a.Beta1),
		beta2:         float32(a.Beta2),
		oneMinusBeta2: float32(1 - a.Beta2),
		rootC2:        float32(math.Sqrt(1 - math.Pow(a.Beta2, t))),
		eps:           float32(a.Eps),
		minusStep:     float32(-a.LR / (1 - math.Pow(a.Beta1, t))),
	}
	if k.gradScale == 0 {
		k.gradScale = 1
	}
	return k
}

// Update applies the step to a slice of a parameter, with its state m and v and
// its gradient g. Slices of one parameter may be updated apart.
func (a AdamW) Update(p, m, v, g []float32) {
	n := len(p)
	k := a.constants()
	adam(p, m[:n], v[:n], g[:n], &k)
}
