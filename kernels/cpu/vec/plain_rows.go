package vec

import "math"

func rmsScalePlain(y, x, w []float32, rstd float32) {
	for i, v := range x {
		y[i] = w[i] * float32(v*rstd)
	}
}

func dot3Plain(a, b, c []float32) float32 {
	var sum float32
	for i, v := range a {
		sum += float32(v*b[i]) * c[i]
	}
	return sum
}

// rmsBackwardPlain is dx (+)= rstd·dy·w − c·x.
func rmsBackwardPlain(dx, dy, x, w []float32, rstd, c float32, accumulate bool) {
	for i := range dx {
		d := float32(rstd*float32(dy[i]*w[i])) - float32(c*x[i])
		if accumulate {
			d += dx[i]
		}
		dx[i] = d
	}
}

// ropePlain rotates one head: x is its first half, y its second.
func ropePlain(x, y, cos, sin []float32) {
	for i, c := range cos {
		s, a, b := sin[i], x[i], y[i]
		x[i] = float32(a*c) - float32(b*s)
		y[i] = float32(b*c) + float32(a*s)
	}
}

// unropePlain rotates one head back.
func unropePlain(x, y, cos, sin []float32) {
	for i, c := range cos {
		s, a, b := sin[i], x[i], y[i]
		x[i] = float32(a*c) + float32(b*s)
		y[i] = float32(b*c) - float32(a*s)
	}
}

func adamPlain(p, m, v, g []float32, k *adamConstants) {
	for i := range p {
		gi := g[i] * k.gradScale
		pi := p[i] * k.decay
		mi := m[i] + float32(k.oneMinusBeta1*(gi-m[i]))
		vi := float32(v[i]*k.beta2) + float32(float32(k.oneMinusBeta2*gi)*gi)
		denom := float32(math.Sqrt(float64(vi)))/k.rootC2 + k.eps
		p[i] = pi + float32(k.minusStep*mi)/denom
		m[i], v[i] = mi, vi
	}
}
