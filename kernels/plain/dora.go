package plain

import (
	"math"

	"cogumi/kernels"
	"cogumi/kernels/host"
)

func doraNorm(v *host.View, o *kernels.DoRANorm) func() {
	return func() {
		w, a, b := v.Weight(o.W), v.F32(o.LoRA.A), v.F32(o.LoRA.B)
		m, norm, gain := v.F32(o.To.M), v.F32(o.To.Norm), v.F32(o.To.Gain)
		r := o.LoRA.A.Shape[0]
		weight := make([]float32, w.In)
		for i := range w.Out {
			w.Row(i, weight)
			var squares float64
			for c, x := range weight {
				var update float64
				for k := range r {
					update += float64(b[i*r+k]) * float64(a[k*w.In+c])
				}
				x := float64(x) + float64(o.LoRA.Scale)*update
				squares += x * x
			}
			norm[i] = float32(math.Sqrt(squares))
			gain[i] = m[i] / norm[i]
		}
	}
}

// biasOf is the bias of column j; 0 without.
func biasOf(bias []float32, j int) float32 {
	if bias == nil {
		return 0
	}
	return bias[j]
}

func dora(v *host.View, o *kernels.DoRA) func() {
	return func() {
		n, out := rows(v, o.Rows), o.X.Cols()
		x, y, gain, bias := v.F32(o.X), v.F32(o.Y), v.F32(o.By.Gain), v.F32(o.Bias)
		for i := range n * out {
			c := biasOf(bias, i%out)
			y[i] = (x[i]-c)*gain[i%out] + c
		}
	}
}

func doraBackward(v *host.View, o *kernels.DoRABackward) func() {
	f := o.Forward
	return func() {
		n, out := rows(v, f.Rows), f.X.Cols()
		x, dy, gain, norm, bias := v.F32(f.X), v.F32(o.DY), v.F32(f.By.Gain), v.F32(f.By.Norm), v.F32(f.Bias)
		dx, dm := v.F32(o.DX), make([]float64, out)
		for i := range n * out {
			j := i % out
			dm[j] += float64(dy[i]) * float64(x[i]-biasOf(bias, j)) / float64(norm[j])
			switch {
			case dx != nil && o.Add:
				dx[i] += dy[i] * gain[j]
			case dx != nil:
				dx[i] = dy[i] * gain[j]
			}
		}
		accumulate(v.F32(o.DM), dm)
	}
}
