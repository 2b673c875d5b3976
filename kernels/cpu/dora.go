package cpu

import (
	"math"

	"cogumi/kernels"
	"cogumi/kernels/cpu/par"
	"cogumi/kernels/cpu/vec"
	"cogumi/kernels/host"
)

// doraNorm makes each row of the adapted weight, row by row.
func doraNorm(v *host.View, o *kernels.DoRANorm) func() {
	a, b := v.F32(o.LoRA.A), v.F32(o.LoRA.B)
	m, norm, gain := v.F32(o.To.M), v.F32(o.To.Norm), v.F32(o.To.Gain)
	r, in := o.LoRA.A.Shape[0], o.LoRA.A.Shape[1]
	return func() {
		w := v.Weight(o.W)
		par.For(w.Out, grain, func(lo, hi int) {
			row := make([]float32, in)
			for i := lo; i < hi; i++ {
				w.Row(i, row)
				for k := range r {
					vec.Axpy(o.LoRA.Scale*b[i*r+k], a[k*in:(k+1)*in], row)
				}
				norm[i] = float32(math.Sqrt(vec.SumSquares(row)))
				gain[i] = m[i] / norm[i]
			}
		})
	}
}

func dora(v *host.View, o *kernels.DoRA) func() {
	x, y, gain, bias, out := v.F32(o.X), v.F32(o.Y), v.F32(o.By.Gain), v.F32(o.Bias), o.X.Cols()
	return func() {
		eachRow(count(v, o.Rows), func(i int) {
			from, to := x[i*out:(i+1)*out], y[i*out:(i+1)*out]
			if bias == nil {
				clear(to)
				vec.MulAdd(to, from, gain)
				return
			}
			for j, b := range bias {
				to[j] = (from[j]-b)*gain[j] + b
			}
		})
	}
}

// doraBackward sums a column's gradient in the order of the rows.
func doraBackward(v *host.View, o *kernels.DoRABackward) func() {
	f := o.Forward
	x, dy, gain, norm, bias, out := v.F32(f.X), v.F32(o.DY), v.F32(f.By.Gain), v.F32(f.By.Norm), v.F32(f.Bias), f.X.Cols()
	dx, dm := v.F32(o.DX), v.F32(o.DM)
	return func() {
		n := count(v, f.Rows)
		if dx != nil {
			eachRow(n, func(i int) {
				to := dx[i*out : (i+1)*out]
				if !o.Add {
					clear(to)
				}
				vec.MulAdd(to, dy[i*out:(i+1)*out], gain)
			})
		}
		par.For(out, 64, func(lo, hi int) {
			sums := make([]float64, hi-lo)
			for i := range n {
				for j := lo; j < hi; j++ {
					c := x[i*out+j]
					if bias != nil {
						c -= bias[j]
					}
					sums[j-lo] += float64(dy[i*out+j]) * float64(c)
				}
			}
			for j := lo; j < hi; j++ {
				dm[j] += float32(sums[j-lo] / float64(norm[j]))
			}
		})
	}
}
