package vec

import "math"

// The loops behind the package's functions: in assembly, or plain.

func axpy(alpha float32, x, y []float32) {
	if active == plain {
		axpyPlain(alpha, x, y)
		return
	}
	each(opAxpy, args{k: [8]float32{alpha}}, len(x), 1, y, x)
}

func scale(alpha float32, x []float32) {
	if active == plain {
		scalePlain(alpha, x)
		return
	}
	each(opScale, args{k: [8]float32{alpha}}, len(x), 1, x)
}

func add(dst, x []float32) {
	if active == plain {
		addPlain(dst, x)
		return
	}
	each(opAdd, args{}, len(dst), 1, dst, x)
}

func mulAdd(dst, a, b []float32) {
	if active == plain {
		mulAddPlain(dst, a, b)
		return
	}
	each(opMulAdd, args{}, len(dst), 1, dst, a, b)
}

func exp(x []float32) {
	if active == plain {
		expPlain(x)
		return
	}
	each(opExp, args{}, len(x), 1, x)
}

// sumExps runs a loop that sums exp(x[i]−m); what pads the last register is −Inf
// and adds exactly 0.
func sumExps(o op, x []float32, m float32) float32 {
	a := args{k: [8]float32{m}}
	if a.n = len(x) &^ (lanes() - 1); a.n > 0 {
		a.p[0] = &x[0]
		run(o, &a)
	}
	if rest := x[a.n:]; len(rest) > 0 {
		buf := padding
		copy(buf[:], rest)
		a.p[0], a.n = &buf[0], lanes()
		run(o, &a)
		if o == opExpSub {
			copy(rest, buf[:])
		}
	}
	return a.fold()
}

var padding = filled(float32(math.Inf(-1)))

func expSub(x []float32, m float32) float32 {
	if active == plain {
		return expSubPlain(x, m)
	}
	return sumExps(opExpSub, x, m)
}

func sumExp(x []float32, m float32) float32 {
	if active == plain {
		return sumExpPlain(x, m)
	}
	return sumExps(opSumExp, x, m)
}

func softmaxGrad(x []float32, lse, s float32) {
	if active == plain {
		softmaxGradPlain(x, lse, s)
		return
	}
	each(opSoftmaxGrad, args{k: [8]float32{lse, s}}, len(x), 1, x)
}

func swiglu(h, g, u []float32) {
	if active == plain {
		swigluPlain(h, g, u)
		return
	}
	each(opSwiGLU, args{}, len(h), 1, h, g, u)
}

func swigluBackward(dg, du, dh, g, u []float32) {
	if active == plain {
		swigluBackwardPlain(dg, du, dh, g, u)
		return
	}
	each(opSwiGLUBackward, args{}, len(dg), 2, dg, du, dh, g, u)
}

func rmsScale(y, x, w []float32, rstd float32) {
	if active == plain {
		rmsScalePlain(y, x, w, rstd)
		return
	}
	each(opRMSScale, args{k: [8]float32{rstd}}, len(y), 1, y, x, w)
}

func rmsBackward(dx, dy, x, w []float32, rstd, c float32, accumulate bool) {
	if active == plain {
		rmsBackwardPlain(dx, dy, x, w, rstd, c, accumulate)
		return
	}
	a := args{k: [8]float32{rstd, c, 0}}
	if accumulate {
		a.k[2] = 1
	}
	each(opRMSBackward, a, len(dx), 1, dx, dy, x, w)
}

func rope(x, y, cos, sin []float32) {
	if active == plain {
		ropePlain(x, y, cos, sin)
		return
	}
	each(opRope, args{}, len(cos), 2, x, y, cos, sin)
}

func unrope(x, y, cos, sin []float32) {
	if active == plain {
		unropePlain(x, y, cos, sin)
		return
	}
	each(opUnrope, args{}, len(cos), 2, x, y, cos, sin)
}

func adam(p, m, v, g []float32, k *adamConstants) {
	if active == plain {
		adamPlain(p, m, v, g, k)
		return
	}
	a := args{k: [8]float32{k.gradScale, k.decay, k.oneMinusBeta1, k.beta2,
		k.oneMinusBeta2, k.rootC2, k.eps, k.minusStep}}
	each(opAdam, a, len(p), 3, p, m, v, g)
}

func softmaxBackward(ds, p, dp []float32, mean, factor float32) {
	if active == plain {
		softmaxBackwardPlain(ds, p, dp, mean, factor)
		return
	}
	each(opSoftmaxBackward, args{k: [8]float32{mean, factor}}, len(ds), 1, ds, p, dp)
}
