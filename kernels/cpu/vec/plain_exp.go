package vec

import "math"

func exp32(x float32) float32 { return float32(math.Exp(float64(x))) }

func expPlain(x []float32) {
	for i, v := range x {
		x[i] = exp32(v)
	}
}

func expSubPlain(x []float32, m float32) float32 {
	var sum float32
	for i, v := range x {
		x[i] = exp32(v - m)
		sum += x[i]
	}
	return sum
}

func sumExpPlain(x []float32, m float32) float32 {
	var sum float32
	for _, v := range x {
		sum += exp32(v - m)
	}
	return sum
}

func softmaxGradPlain(x []float32, lse, scale float32) {
	for i, v := range x {
		x[i] = scale * exp32(v-lse)
	}
}

func sigmoidPlain(g float32) float32 { return 1 / (1 + exp32(-g)) }

func swigluPlain(h, g, u []float32) {
	for i, v := range g {
		h[i] = v / (1 + exp32(-v)) * u[i]
	}
}

func swigluBackwardPlain(dg, du, dh, g, u []float32) {
	for i, v := range g {
		s := sigmoidPlain(v)
		d, w := dh[i], u[i]
		du[i] = d * (v * s)
		dg[i] = d * w * s * (1 + float32(v*(1-s)))
	}
}

func softmaxBackwardPlain(ds, p, dp []float32, mean, factor float32) {
	for i := range ds {
		ds[i] = p[i] * (dp[i] - mean) * factor
	}
}
