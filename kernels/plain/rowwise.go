package plain

import (
	"math"

	"cogumi/kernels"
	"cogumi/kernels/host"
)

func embed(v *host.View, o *kernels.Embed) func() {
	return func() {
		h := o.Y.Cols()
		table := v.Weight(&kernels.Matrix{Out: o.Table.Rows(), In: h, Dense: o.Table})
		for i, id := range v.I32(o.IDs)[:rows(v, o.Rows)] {
			table.Row(int(id), row(v.F32(o.Y), i, h))
		}
	}
}

func addNorm(v *host.View, o *kernels.AddNorm) func() {
	return func() {
		h := o.X.Cols()
		x, delta, sum, w, y := v.F32(o.X), v.F32(o.Delta), v.F32(o.Sum), v.F32(o.W), v.F32(o.Y)
		if o.Delta == nil {
			sum = x
		}
		for i := range rows(v, o.Rows) {
			s := row(sum, i, h)
			if o.Delta != nil {
				for c := range s {
					s[c] = x[i*h+c] + delta[i*h+c]
				}
			}
			rstd := float32(1 / math.Sqrt(dot(s, s)/float64(h)+float64(o.Eps)))
			v.F32(o.RStd)[i] = rstd
			normalise(row(y, i, h), s, w, rstd)
		}
	}
}

func headNorm(v *host.View, o *kernels.HeadNorm) func() {
	return func() {
		d := o.W.Len()
		heads := o.X.Cols() / d
		x, w, y := v.F32(o.X), v.F32(o.W), v.F32(o.Y)
		for i := range rows(v, o.Rows) * heads {
			s := row(x, i, d)
			rstd := float32(1 / math.Sqrt(dot(s, s)/float64(d)+float64(o.Eps)))
			v.F32(o.RStd)[i] = rstd
			normalise(row(y, i, d), s, w, rstd)
		}
	}
}

func headNormBackward(v *host.View, o *kernels.HeadNormBackward) func() {
	f := o.Forward
	return func() {
		d := f.W.Len()
		heads := f.X.Cols() / d
		x, w, dy, dx := v.F32(f.X), v.F32(f.W), v.F32(o.DY), v.F32(o.DX)
		for i := range rows(v, f.Rows) * heads {
			rstd := float64(v.F32(f.RStd)[i])
			normGradient(row(dx, i, d), row(dy, i, d), row(x, i, d), w, rstd, false)
		}
	}
}

func addNormBackward(v *host.View, o *kernels.AddNormBackward) func() {
	f := o.Forward
	return func() {
		h := f.X.Cols()
		sum := v.F32(f.Sum)
		if f.Sum == nil {
			sum = v.F32(f.X)
		}
		w, dy, ds, y := v.F32(f.W), v.F32(o.DY), v.F32(o.DSum), v.F32(o.Y)
		for i := range rows(v, f.Rows) {
			normGradient(row(ds, i, h), row(dy, i, h), row(sum, i, h), w, float64(v.F32(f.RStd)[i]), o.Add)
			if y != nil {
				normalise(row(y, i, h), row(sum, i, h), w, v.F32(f.RStd)[i])
			}
		}
	}
}

func normalise(y, x, w []float32, rstd float32) {
	for c := range x {
		y[c] = x[c] * rstd * w[c]
	}
}

// normGradient is dx (+)= rstd·(dy·w − x̂·mean(dy·w·x̂)) with x̂ = x·rstd.
func normGradient(dx, dy, x, w []float32, rstd float64, add bool) {
	var mean float64
	for c := range x {
		mean += float64(dy[c]) * float64(w[c]) * float64(x[c]) * rstd
	}
	mean /= float64(len(x))
	for c := range x {
		d := rstd * (float64(dy[c])*float64(w[c]) - float64(x[c])*rstd*mean)
		if add {
			d += float64(dx[c])
		}
		dx[c] = float32(d)
	}
}

func rope(v *host.View, o *kernels.Rope) func() {
	return func() {
		width, half := o.X.Cols(), o.HeadDim/2
		x, cos, sin := v.F32(o.X), v.F32(o.Cos), v.F32(o.Sin)
		for i := range rows(v, o.Rows) {
			at := int(v.I32(o.Positions)[i]) * half
			for head := 0; head < width; head += o.HeadDim {
				for k := range half {
					c, s := cos[at+k], sin[at+k]
					if o.Inverse {
						s = -s
					}
					p, q := &x[i*width+head+k], &x[i*width+head+k+half]
					*p, *q = *p*c-*q*s, *q*c+*p*s
				}
			}
		}
	}
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func swiglu(v *host.View, o *kernels.SwiGLU) func() {
	return func() {
		g, u, h := v.F32(o.G), v.F32(o.U), v.F32(o.H)
		for i := range rows(v, o.Rows) * o.H.Cols() {
			h[i] = float32(float64(g[i]) * sigmoid(float64(g[i])) * float64(u[i]))
		}
	}
}

func swigluBackward(v *host.View, o *kernels.SwiGLUBackward) func() {
	f := o.Forward
	return func() {
		g, u, dh, dg, du, h := v.F32(f.G), v.F32(f.U), v.F32(o.DH), v.F32(o.DG), v.F32(o.DU), v.F32(o.H)
		for i := range rows(v, f.Rows) * f.H.Cols() {
			x, d := float64(g[i]), float64(dh[i])
			s := sigmoid(x)
			if h != nil {
				h[i] = float32(x * s * float64(u[i]))
			}
			dg[i] = float32(d * float64(u[i]) * s * (1 + x*(1-s)))
			du[i] = float32(d * x * s)
		}
	}
}

func gather(v *host.View, o *kernels.Gather) func() {
	return func() {
		h := o.X.Cols()
		for i, at := range v.I32(o.Index)[:rows(v, o.Count)] {
			copy(row(v.F32(o.Y), i, h), row(v.F32(o.X), int(at), h))
		}
	}
}

func scatter(v *host.View, o *kernels.Scatter) func() {
	f := o.Forward
	return func() {
		h := f.X.Cols()
		clear(v.F32(o.DX)[:rows(v, f.Rows)*h])
		for i, at := range v.I32(f.Index)[:rows(v, f.Count)] {
			copy(row(v.F32(o.DX), int(at), h), row(v.F32(o.DY), i, h))
		}
	}
}
