package plain

import (
	"math"

	"cogumi/kernels"
	"cogumi/kernels/host"
)

func crossEntropy(v *host.View, o *kernels.CrossEntropy) func() {
	return func() {
		n, h := rows(v, o.Rows), o.X.Cols()
		w, weight := v.Weight(o.W), make([]float32, h)
		logits := make([]float64, n*w.Out)
		for j := range w.Out {
			w.Row(j, weight)
			for i := range n {
				logits[i*w.Out+j] = dot(row(v.F32(o.X), i, h), weight)
			}
		}
		var loss float64
		for i := range n {
			l := logits[i*w.Out : (i+1)*w.Out]
			nll := softmaxLoss(l, int(v.I32(o.Targets)[i]))
			v.F32(o.NLL)[i] = float32(nll)
			loss += nll
		}
		v.F32(o.Loss)[0] += float32(loss)
		if o.DX == nil {
			return
		}
		dx := make([]float64, n*h)
		scale := float64(v.F32(o.Scale)[0])
		for j := range w.Out {
			w.Row(j, weight)
			for i := range n {
				g := scale * logits[i*w.Out+j]
				for c := range h {
					dx[i*h+c] += g * float64(weight[c])
				}
			}
		}
		assign(v.F32(o.DX), dx)
	}
}

// softmaxLoss replaces logits by softmax − onehot(target) and returns the loss.
func softmaxLoss(l []float64, target int) float64 {
	top := math.Inf(-1)
	for _, x := range l {
		top = max(top, x)
	}
	var sum float64
	for _, x := range l {
		sum += math.Exp(x - top)
	}
	lse := top + math.Log(sum)
	nll := lse - l[target]
	for j, x := range l {
		l[j] = math.Exp(x - lse)
	}
	l[target]--
	return nll
}

func argmax(v *host.View, o *kernels.Argmax) func() {
	return func() {
		n := o.Logits.Cols()
		for i := range rows(v, o.Rows) {
			best, margin := largest(row(v.F32(o.Logits), i, n))
			v.I32(o.IDs)[i] = int32(best)
			if o.Margin != nil {
				v.F32(o.Margin)[i] = margin
			}
		}
	}
}

// largest is the first index of the largest value and its lead over the next.
func largest(l []float32) (best int, margin float32) {
	second := float32(math.Inf(-1))
	for j, x := range l {
		switch {
		case j == 0:
		case x > l[best]:
			second, best = l[best], j
		case x > second:
			second = x
		}
	}
	return best, l[best] - second
}
