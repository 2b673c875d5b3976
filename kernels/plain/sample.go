package plain

import (
	"cmp"
	"math"
	"slices"

	"cogumi/kernels"
	"cogumi/kernels/host"
)

func sample(v *host.View, o *kernels.Sample) func() {
	return func() {
		n := o.Logits.Cols()
		for i := range rows(v, o.Rows) {
			l := row(v.F32(o.Logits), i, n)
			if v.F32(o.Temperature)[i] <= 0 {
				best, _ := largest(l)
				v.I32(o.IDs)[i] = int32(best)
				continue
			}
			v.I32(o.IDs)[i] = int32(Draw(l, v.F32(o.Temperature)[i], v.F32(o.TopP)[i], int(v.I32(o.TopK)[i]), v.F32(o.Uniform)[i]))
		}
	}
}

// Draw picks the index whose share of the restricted distribution, counted from
// the most probable one on, holds uniform.
func Draw(logits []float32, temperature, topP float32, topK int, uniform float32) int {
	order := make([]int, len(logits))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(logits[b], logits[a]) })
	if topK > 0 {
		order = order[:min(topK, len(order))]
	}
	p := make([]float64, len(order))
	var sum float64
	for k, i := range order {
		p[k] = math.Exp(float64(logits[i]-logits[order[0]]) / float64(temperature))
		sum += p[k]
	}
	kept, mass := 0, 0.0
	for kept < len(p) && (kept == 0 || mass < float64(topP)*sum) {
		mass += p[kept]
		kept++
	}
	target := float64(uniform) * mass
	for k := range kept {
		if target -= p[k]; target < 0 {
			return order[k]
		}
	}
	return order[kept-1]
}
