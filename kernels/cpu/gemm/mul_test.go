package gemm

import (
	"math"
	"math/rand/v2"
	"testing"
)

func random(r *rand.Rand, n int) []float32 {
	s := make([]float32, n)
	for i := range s {
		s[i] = float32(r.NormFloat64())
	}
	return s
}

// layouts are views of rows × cols values with different strides.
var layouts = []struct {
	name string
	view func(r *rand.Rand, rows, cols int) Matrix
}{
	{"rows", func(r *rand.Rand, m, n int) Matrix { return Dense(random(r, m*n), m, n) }},
	{"padded rows", func(r *rand.Rand, m, n int) Matrix { return Matrix{random(r, m*(n+5)), m, n, n + 5, 1} }},
	{"transposed", func(r *rand.Rand, m, n int) Matrix { return Dense(random(r, m*n), n, m).T() }},
	{"strided", func(r *rand.Rand, m, n int) Matrix { return Matrix{random(r, m*(3*n+2)), m, n, 3*n + 2, 3} }},
}

// compare checks C against float64 sums, within the error bound of a sum of k
// rounded products, γ·Σ|a·b|.
func compare(t *testing.T, what string, c, before, a, b Matrix, accumulate bool) {
	t.Helper()
	for i := range c.Rows {
		for j := range c.Cols {
			var sum, size float64
			for k := range a.Cols {
				p := float64(a.At(i, k)) * float64(b.At(k, j))
				sum += p
				size += math.Abs(p)
			}
			if accumulate {
				sum += float64(before.At(i, j))
				size += math.Abs(float64(before.At(i, j)))
			}
			bound := size * float64(a.Cols+4) * 0x1p-24
			if d := math.Abs(float64(c.At(i, j)) - sum); !(d <= bound) {
				t.Fatalf("%s: C[%d,%d] = %g, want %g ± %g", what, i, j, c.At(i, j), sum, bound)
			}
		}
	}
}

func TestMulSmall(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for m := 0; m <= 20; m++ {
		for _, n := range []int{0, 1, 7, 16, 33, 70} {
			for _, k := range []int{0, 1, 5, 40} {
				a, b := Dense(random(r, m*k), m, k), Dense(random(r, k*n), k, n)
				c := Dense(random(r, m*n), m, n)
				Mul(c, a, Pack(b), false)
				compare(t, "Mul", c, c, a, b, false)
			}
		}
	}
}
