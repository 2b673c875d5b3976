package vec

// Dot is Σ a[i]·b[i].
func Dot(a, b []float32) float32 { return dot(a, b[:len(a)]) }

// SumSquares is Σ x[i]², added up in float64: a gradient norm over millions of
// values loses nothing.
func SumSquares(x []float32) float64 { return sumSquares(x) }

// Max is the largest element: −Inf of none, NaN if there is one.
func Max(x []float32) float32 { return maximum(x) }

// Axpy is y[i] += alpha·x[i], over the length of x.
func Axpy(alpha float32, x, y []float32) { axpy(alpha, x, y[:len(x)]) }

// Scale is x[i] *= alpha.
func Scale(alpha float32, x []float32) { scale(alpha, x) }

// Add is dst[i] += x[i].
func Add(dst, x []float32) { add(dst, x[:len(dst)]) }

// MulAdd is dst[i] += a[i]·b[i].
func MulAdd(dst, a, b []float32) { mulAdd(dst, a[:len(dst)], b[:len(dst)]) }
