package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"cogumi/kernels/cpu/par"
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
	{"padded", func(r *rand.Rand, m, n int) Matrix { return Matrix{random(r, m*(n+5)), m, n, n + 5, 1} }},
	{"transposed", func(r *rand.Rand, m, n int) Matrix { return Dense(random(r, m*n), n, m).T() }},
	{"strided", func(r *rand.Rand, m, n int) Matrix { return Matrix{random(r, m*(3*n+2)), m, n, 3*n + 2, 3} }},
	{"far apart", func(r *rand.Rand, m, n int) Matrix { return Matrix{random(r, (m+200)*n), m, n, 1, m + 200} }},
}

func clone(m Matrix) Matrix {
	m.Data = append([]float32(nil), m.Data...)
	return m
}

// compare checks C against sums in float64, within the error bound of a sum of k
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

// eachSet runs a test with every set of kernels that this processor has, and with
// plain kernels of the shape of AVX-512's.
func eachSet(t *testing.T, test func(t *testing.T)) {
	chosen := active
	defer func() { active = chosen }()
	for _, name := range []string{"plain", "avx2", "avx512"} {
		if active = choose(name); active.isa <= chosen.isa {
			t.Run(name, test)
		}
	}
	active = &kernels{isa: plain, mr: 12, nr: 32, across: [4]int{1: 4, 2: 2, 3: 2}, halves: true}
	t.Run("plain 12×32", test)
}

// products multiplies in every way there is.
var products = map[string]func(c, a, b Matrix, accumulate bool){
	"Mul":       func(c, a, b Matrix, acc bool) { Mul(c, a, Pack(b), acc) },
	"MulSerial": func(c, a, b Matrix, acc bool) { MulSerial(c, a, Pack(b), acc) },
	"MulMatrix": MulMatrix,
	"columns": func(c, a, b Matrix, acc bool) {
		Mul(c, a, PackFunc(b.Rows, b.Cols, func(j int, dst []float32) {
			for i := range dst {
				dst[i] = b.At(i, j)
			}
		}), acc)
	},
	"rows": func(c, a, b Matrix, acc bool) {
		Mul(c, a, PackRows(b.Rows, b.Cols, func(i int, dst []float32) {
			for j := range dst {
				dst[j] = b.At(i, j)
			}
		}), acc)
	},
}

// try checks one shape in every layout and way.
func try(t *testing.T, r *rand.Rand, m, n, k int) {
	t.Helper()
	for i, la := range layouts {
		lb := layouts[(i+m+n+k)%len(layouts)]
		a, b := la.view(r, m, k), lb.view(r, k, n)
		before := Matrix{random(r, m*(n+3)), m, n, n + 3, 1}
		for _, acc := range []bool{i%2 == 0, i%2 != 0}[:1+m%2] {
			first := true
			var bits Matrix
			for way, product := range products {
				what := fmt.Sprintf("%s %d×%d×%d, A %s, B %s, add %v", way, m, n, k, la.name, lb.name, acc)
				c := clone(before)
				product(c, a, b, acc)
				if first {
					compare(t, what, c, before, a, b, acc)
					bits, first = c, false
				}
				same(t, what, c.Data, bits.Data)
			}
			outside(t, bits, before)
		}
	}
}

// same fails unless all bits are equal.
func same(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%s: value %d is %g, elsewhere %g", what, i, got[i], want[i])
		}
	}
}

// outside fails if a product wrote between C's rows.
func outside(t *testing.T, c, before Matrix) {
	t.Helper()
	for i := range c.Data {
		if i%c.RowStride >= c.Cols && c.Data[i] != before.Data[i] {
			t.Fatalf("wrote to value %d, outside C", i)
		}
	}
}

func TestMulSmallSizes(t *testing.T) {
	eachSet(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for m := 0; m <= 26; m++ {
			for _, n := range []int{0, 1, 16, 17, 33, 64} {
				try(t, r, m, n, r.IntN(30))
			}
		}
		for n := 0; n <= 70; n++ {
			try(t, r, n, 1+n%5, 3)
			try(t, r, 1+n%13, n, 3)
			try(t, r, 1+n%5, 1+n%37, n)
		}
	})
}

func TestMulLargerSizes(t *testing.T) {
	eachSet(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for range 2 {
			try(t, r, 1+r.IntN(220), 1+r.IntN(70), 350+r.IntN(20))
		}
		try(t, r, 16, 70, 710)
		try(t, r, 300, 16, 353)
	})
}

// TestSpecialValues: a NaN or an infinity of A or B reaches its row or column of C
// and nothing else.
func TestSpecialValues(t *testing.T) {
	eachSet(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		const m, n, k = 13, 37, 20
		for _, v := range []float32{float32(math.NaN()), float32(math.Inf(1))} {
			a, b := Dense(random(r, m*k), m, k), Dense(random(r, k*n), k, n)
			c := Dense(make([]float32, m*n), m, n)
			a.Data[7*k+3], b.Data[5*n+36] = v, v
			Mul(c, a, Pack(b), false)
			for i := range m {
				for j := range n {
					x := float64(c.At(i, j))
					if bad := math.IsNaN(x) || math.IsInf(x, 0); bad != (i == 7 || j == 36) {
						t.Fatalf("C[%d,%d] = %g with %g in row 7 of A, column 36 of B", i, j, x, v)
					}
				}
			}
		}
	})
}

// TestRowsStandAlone: a row of C has the same bits whatever other rows there are
// and whoever computes them.
func TestRowsStandAlone(t *testing.T) {
	eachSet(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		const m, n, k = 230, 75, 800
		a, b := Dense(random(r, m*k), m, k), Dense(random(r, k*n), k, n)
		p := Pack(b)
		all := Dense(make([]float32, m*n), m, n)
		Mul(all, a, p, false)
		for range 60 {
			lo := r.IntN(m)
			hi := lo + 1 + r.IntN(min(m-lo, 1+r.IntN(100)))
			some := Dense(make([]float32, (hi-lo)*n), hi-lo, n)
			was := par.SetWorkers(1 + r.IntN(7))
			Mul(some, a.Slice(lo, hi, 0, k), p, false)
			par.SetWorkers(was)
			same(t, fmt.Sprintf("rows %d…%d", lo, hi), some.Data, all.Data[lo*n:hi*n])
		}
	})
}

// TestSetsAgree: AVX2 and AVX-512 add in the same order.
func TestSetsAgree(t *testing.T) {
	chosen := active
	defer func() { active = chosen }()
	if chosen.isa != avx512 {
		t.Skip("needs a processor with AVX-512")
	}
	r := rand.New(rand.NewPCG(9, 10))
	for range 30 {
		m, n, k := 1+r.IntN(60), 1+r.IntN(100), 1+r.IntN(900)
		a, b := Dense(random(r, m*k), m, k), Dense(random(r, k*n), k, n)
		var c [2]Matrix
		for i, name := range []string{"avx2", "avx512"} {
			active = choose(name)
			c[i] = Dense(make([]float32, m*n), m, n)
			Mul(c[i], a, Pack(b), false)
		}
		same(t, fmt.Sprintf("%d×%d×%d", m, n, k), c[1].Data, c[0].Data)
	}
}

func TestBadShapesPanic(t *testing.T) {
	a, b := Dense(make([]float32, 6), 2, 3), Dense(make([]float32, 12), 3, 4)
	c := Dense(make([]float32, 8), 2, 4)
	for name, f := range map[string]func(){
		"inner sizes":   func() { Mul(c, a.T(), Pack(b), false) },
		"rows of C":     func() { Mul(Dense(make([]float32, 12), 3, 4), a, Pack(b), false) },
		"columns of C":  func() { MulMatrix(a, a, b, false) },
		"C transposed":  func() { Mul(Dense(make([]float32, 8), 4, 2).T(), a, Pack(b), false) },
		"short A":       func() { Mul(c, Matrix{a.Data[:5], 2, 3, 3, 1}, Pack(b), false) },
		"short B":       func() { Pack(Matrix{b.Data[:11], 3, 4, 4, 1}) },
		"short C":       func() { Mul(Matrix{c.Data[:7], 2, 4, 4, 1}, a, Pack(b), false) },
		"negative step": func() { Mul(c, Matrix{a.Data, 2, 3, -3, 1}, Pack(b), false) },
		"slice":         func() { a.Slice(0, 3, 0, 1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}
