package cpu

import (
	"cogumi/kernels"
	"cogumi/kernels/cpu/par"
	"cogumi/kernels/cpu/vec"
	"cogumi/kernels/host"
)

// grain is how many rows a core takes at once.
const grain = 16

// eachRow calls fn for rows 0…n, spread over the cores.
func eachRow(n int, fn func(i int)) {
	par.For(n, grain, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			fn(i)
		}
	})
}

func addNorm(v *host.View, o *kernels.AddNorm) func() {
	h := o.X.Cols()
	x, delta, sum, w, y, rstd := v.F32(o.X), v.F32(o.Delta), v.F32(o.Sum), v.F32(o.W), v.F32(o.Y), v.F32(o.RStd)
	return func() {
		eachRow(count(v, o.Rows), func(i int) {
			s := x[i*h : (i+1)*h]
			if delta != nil {
				s = sum[i*h : (i+1)*h]
				copy(s, x[i*h:(i+1)*h])
				vec.Add(s, delta[i*h:(i+1)*h])
			}
			rstd[i] = vec.RMSNorm(y[i*h:(i+1)*h], s, w, o.Eps)
		})
	}
}

func addNormBackward(v *host.View, o *kernels.AddNormBackward) func() {
	f := o.Forward
	h := f.X.Cols()
	sum := v.F32(f.Sum)
	if f.Sum == nil {
		sum = v.F32(f.X)
	}
	w, rstd, dy, ds, y := v.F32(f.W), v.F32(f.RStd), v.F32(o.DY), v.F32(o.DSum), v.F32(o.Y)
	return func() {
		eachRow(count(v, f.Rows), func(i int) {
			vec.RMSNormBackward(ds[i*h:(i+1)*h], dy[i*h:(i+1)*h], sum[i*h:(i+1)*h], w, rstd[i], o.Add)
			if y != nil { // by the forward's own routine: the same bits
				vec.RMSNorm(y[i*h:(i+1)*h], sum[i*h:(i+1)*h], w, f.Eps)
			}
		})
	}
}

func headNorm(v *host.View, o *kernels.HeadNorm) func() {
	d, heads := o.W.Len(), o.X.Cols()/o.W.Len()
	x, w, y, rstd := v.F32(o.X), v.F32(o.W), v.F32(o.Y), v.F32(o.RStd)
	return func() {
		eachRow(count(v, o.Rows)*heads, func(i int) {
			rstd[i] = vec.RMSNorm(y[i*d:(i+1)*d], x[i*d:(i+1)*d], w, o.Eps)
		})
	}
}

func headNormBackward(v *host.View, o *kernels.HeadNormBackward) func() {
	f := o.Forward
	d, heads := f.W.Len(), f.X.Cols()/f.W.Len()
	x, w, rstd, dy, dx := v.F32(f.X), v.F32(f.W), v.F32(f.RStd), v.F32(o.DY), v.F32(o.DX)
	return func() {
		eachRow(count(v, f.Rows)*heads, func(i int) {
			vec.RMSNormBackward(dx[i*d:(i+1)*d], dy[i*d:(i+1)*d], x[i*d:(i+1)*d], w, rstd[i], false)
		})
	}
}

func rope(v *host.View, o *kernels.Rope) func() {
	width, half := o.X.Cols(), o.HeadDim/2
	x, at, cos, sin := v.F32(o.X), v.I32(o.Positions), v.F32(o.Cos), v.F32(o.Sin)
	return func() {
		eachRow(count(v, o.Rows), func(i int) {
			p := int(at[i]) * half
			vec.Rope(x[i*width:(i+1)*width], o.HeadDim, cos[p:p+half], sin[p:p+half], o.Inverse)
		})
	}
}

func swiglu(v *host.View, o *kernels.SwiGLU) func() {
	g, u, h, cols := v.F32(o.G), v.F32(o.U), v.F32(o.H), o.H.Cols()
	return func() {
		par.For(count(v, o.Rows), grain, func(lo, hi int) {
			vec.SwiGLU(h[lo*cols:hi*cols], g[lo*cols:hi*cols], u[lo*cols:hi*cols])
		})
	}
}

func swigluBackward(v *host.View, o *kernels.SwiGLUBackward) func() {
	f := o.Forward
	g, u, dh, dg, du, h, cols := v.F32(f.G), v.F32(f.U), v.F32(o.DH), v.F32(o.DG), v.F32(o.DU), v.F32(o.H), f.H.Cols()
	return func() {
		par.For(count(v, f.Rows), grain, func(lo, hi int) {
			a, b := lo*cols, hi*cols
			vec.SwiGLUBackward(dg[a:b], du[a:b], dh[a:b], g[a:b], u[a:b])
			if h != nil {
				vec.SwiGLU(h[a:b], g[a:b], u[a:b])
			}
		})
	}
}
