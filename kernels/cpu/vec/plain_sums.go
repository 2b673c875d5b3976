package vec

import "math"

func dotPlain(a, b []float32) float32 {
	var s [4]float32
	n := len(a) &^ 3
	for i := 0; i < n; i += 4 {
		s[0] += a[i] * b[i]
		s[1] += a[i+1] * b[i+1]
		s[2] += a[i+2] * b[i+2]
		s[3] += a[i+3] * b[i+3]
	}
	sum := (s[0] + s[1]) + (s[2] + s[3])
	for i := n; i < len(a); i++ {
		sum += a[i] * b[i]
	}
	return sum
}

func sumSquaresPlain(x []float32) float64 {
	var sum float64
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return sum
}

func maxPlain(x []float32) float32 {
	m := float32(math.Inf(-1))
	for _, v := range x {
		if v != v {
			return v
		}
		if v > m {
			m = v
		}
	}
	return m
}

func axpyPlain(alpha float32, x, y []float32) {
	for i, v := range x {
		y[i] += float32(alpha * v)
	}
}

func scalePlain(alpha float32, x []float32) {
	for i := range x {
		x[i] *= alpha
	}
}

func addPlain(dst, x []float32) {
	for i := range dst {
		dst[i] += x[i]
	}
}

func mulAddPlain(dst, a, b []float32) {
	for i := range dst {
		dst[i] += float32(a[i] * b[i])
	}
}
