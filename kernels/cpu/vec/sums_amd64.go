package vec

//go:noescape
func maxAVX2(x *float32, n int, out *[16]float32)

//go:noescape
func indexAVX2(x *float32, n int, v float32) int

//go:noescape
func sumSquaresAVX2(x *float32, n int, out *[4]float64)

func dot(a, b []float32) float32 {
	n := len(a) &^ (lanes() - 1)
	if active == plain || n == 0 {
		return dotPlain(a, b)
	}
	s := args{n: n}
	s.p[0], s.p[1] = &a[0], &b[0]
	run(opDot, &s)
	sum := s.fold()
	for i := n; i < len(a); i++ {
		sum += a[i] * b[i]
	}
	return sum
}

func dot3(a, b, c []float32) float32 {
	n := len(a) &^ (lanes() - 1)
	if active == plain || n == 0 {
		return dot3Plain(a, b, c)
	}
	s := args{n: n}
	s.p[0], s.p[1], s.p[2] = &a[0], &b[0], &c[0]
	run(opDot3, &s)
	return s.fold() + dot3Plain(a[n:], b[n:], c[n:])
}

func sumSquares(x []float32) float64 {
	n := len(x) &^ 15
	if active == plain || n == 0 {
		return sumSquaresPlain(x)
	}
	var s [4]float64
	sumSquaresAVX2(&x[0], n, &s)
	return (s[0] + s[1]) + (s[2] + s[3]) + sumSquaresPlain(x[n:])
}

func maximum(x []float32) float32 {
	n := len(x) &^ 7
	if active == plain || n == 0 {
		return maxPlain(x)
	}
	var s [16]float32
	maxAVX2(&x[0], n, &s)
	return larger(maxPlain(s[:8]), maxPlain(x[n:]))
}

// larger is the larger one, or the one that is NaN.
func larger(a, b float32) float32 {
	if a > b || a != a {
		return a
	}
	return b
}

// index finds the first element equal to v, or the first NaN for a NaN.
func index(x []float32, v float32) int {
	n := len(x) &^ 7
	if active == plain || n == 0 || v != v {
		return indexPlain(x, v)
	}
	if i := indexAVX2(&x[0], n, v); i < n {
		return i
	}
	if i := indexPlain(x[n:], v); i >= 0 {
		return n + i
	}
	return -1
}
