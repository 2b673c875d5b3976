package vec

import (
	"math"
	"math/rand/v2"
	"testing"
)

// eachLevel runs a test with every instruction set that this processor has.
func eachLevel(t *testing.T, test func(t *testing.T)) {
	have := active
	defer func() { active = have }()
	for l := plain; l <= have; l++ {
		active = l
		t.Run(l.String(), test)
	}
}

func random(r *rand.Rand, n int) []float32 {
	s := make([]float32, n)
	for i := range s {
		s[i] = float32(r.NormFloat64())
	}
	return s
}

func clone(s []float32) []float32 { return append([]float32{}, s...) }

// sizes are all small ones and a few larger.
func sizes() []int {
	var ns []int
	for n := range 71 {
		ns = append(ns, n)
	}
	return append(ns, 127, 128, 255, 704, 1000, 2049)
}

// near fails unless every value is within tol of the wanted one, relative to its
// size or to 1.
func near(t *testing.T, what string, got, want []float32, tol float64) {
	t.Helper()
	for i, w := range want {
		g, w := float64(got[i]), float64(w)
		if math.IsNaN(w) && math.IsNaN(g) || g == w {
			continue
		}
		if !(math.Abs(g-w) <= tol*max(1, math.Abs(w))) {
			t.Fatalf("%s, %d values: [%d] = %g, want %g", what, len(want), i, g, w)
		}
	}
}

const ulp = 0x1p-23

// elementwise are functions of slices, the twin beside each. The first slices
// are results.
var elementwise = []struct {
	name      string
	slices    int
	tol       float64
	got, want func(s [][]float32)
}{
	{"Axpy", 2, ulp, func(s [][]float32) { Axpy(0.7, s[1], s[0]) }, func(s [][]float32) { axpyPlain(0.7, s[1], s[0]) }},
	{"Scale", 1, 0, func(s [][]float32) { Scale(0.7, s[0]) }, func(s [][]float32) { scalePlain(0.7, s[0]) }},
	{"Add", 2, 0, func(s [][]float32) { Add(s[0], s[1]) }, func(s [][]float32) { addPlain(s[0], s[1]) }},
	{"MulAdd", 3, ulp, func(s [][]float32) { MulAdd(s[0], s[1], s[2]) }, func(s [][]float32) { mulAddPlain(s[0], s[1], s[2]) }},
	{"Exp", 1, 2 * ulp, func(s [][]float32) { Exp(s[0]) }, func(s [][]float32) { expPlain(s[0]) }},
	{"ExpSub", 1, 2 * ulp, func(s [][]float32) { ExpSub(s[0], 0.3) }, func(s [][]float32) { expSubPlain(s[0], 0.3) }},
	{"CrossEntropyGrad", 1, 2 * ulp,
		func(s [][]float32) {
			if len(s[0]) > 0 {
				CrossEntropyGrad(s[0], len(s[0])/2, 1.5, 0.1)
			}
		},
		func(s [][]float32) {
			if len(s[0]) > 0 {
				softmaxGradPlain(s[0], 1.5, 0.1)
				s[0][len(s[0])/2] -= 0.1
			}
		}},
	{"SwiGLU", 3, 4 * ulp, func(s [][]float32) { SwiGLU(s[0], s[1], s[2]) }, func(s [][]float32) { swigluPlain(s[0], s[1], s[2]) }},
	{"SwiGLU in place", 2, 4 * ulp, func(s [][]float32) { SwiGLU(s[0], s[0], s[1]) }, func(s [][]float32) { swigluPlain(s[0], s[0], s[1]) }},
	{"SwiGLUBackward", 5, 6 * ulp,
		func(s [][]float32) { SwiGLUBackward(s[0], s[1], s[2], s[3], s[4]) },
		func(s [][]float32) { swigluBackwardPlain(s[0], s[1], s[2], s[3], s[4]) }},
	{"SwiGLUBackward in place", 3, 6 * ulp,
		func(s [][]float32) { SwiGLUBackward(s[0], s[1], s[2], s[0], s[1]) },
		func(s [][]float32) { swigluBackwardPlain(s[0], s[1], s[2], s[0], s[1]) }},
	{"rmsScale", 3, 0, func(s [][]float32) { rmsScale(s[0], s[1], s[2], 0.6) }, func(s [][]float32) { rmsScalePlain(s[0], s[1], s[2], 0.6) }},
	{"rmsBackward", 4, 0,
		func(s [][]float32) { rmsBackward(s[0], s[1], s[2], s[3], 0.6, 0.2, false) },
		func(s [][]float32) { rmsBackwardPlain(s[0], s[1], s[2], s[3], 0.6, 0.2, false) }},
	{"rmsBackward, added", 4, 0,
		func(s [][]float32) { rmsBackward(s[0], s[1], s[2], s[3], 0.6, 0.2, true) },
		func(s [][]float32) { rmsBackwardPlain(s[0], s[1], s[2], s[3], 0.6, 0.2, true) }},
	{"rope", 4, 0, func(s [][]float32) { rope(s[0], s[1], s[2], s[3]) }, func(s [][]float32) { ropePlain(s[0], s[1], s[2], s[3]) }},
	{"unrope", 4, 0, func(s [][]float32) { unrope(s[0], s[1], s[2], s[3]) }, func(s [][]float32) { unropePlain(s[0], s[1], s[2], s[3]) }},
	{"SoftmaxBackward", 3, 0,
		func(s [][]float32) { SoftmaxBackward(s[0], s[1], s[2], 0.3, 0.125) },
		func(s [][]float32) { softmaxBackwardPlain(s[0], s[1], s[2], 0.3, 0.125) }},
	{"AdamW", 4, 0,
		func(s [][]float32) { Scale(0, s[2]); MulAdd(s[2], s[1], s[1]); testAdam.Update(s[0], s[1], s[2], s[3]) },
		func(s [][]float32) {
			for i, m := range s[1] {
				s[2][i] = m * m
			}
			k := testAdam.constants()
			adamPlain(s[0], s[1], s[2], s[3], &k)
		}},
}

var testAdam = AdamW{LR: 1e-2, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: 0.1, Step: 3, GradScale: 0.5}

func inputs(r *rand.Rand, count, n int) [][]float32 {
	s := make([][]float32, count)
	for i := range s {
		s[i] = random(r, n+3)[: n : n+3]
	}
	return s
}

func copies(s [][]float32) [][]float32 {
	c := make([][]float32, len(s))
	for i := range s {
		c[i] = append(make([]float32, 0, cap(s[i])), s[i][:cap(s[i])]...)[:len(s[i])]
	}
	return c
}

// TestElementwise compares with the twins, and values behind the end with what
// was there before.
func TestElementwise(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		for _, f := range elementwise {
			r := rand.New(rand.NewPCG(1, 2))
			for _, n := range sizes() {
				in := inputs(r, f.slices, n)
				got, want := copies(in), copies(in)
				f.got(got)
				f.want(want)
				for i := range in {
					near(t, f.name, got[i][:cap(got[i])], want[i][:cap(want[i])], f.tol)
				}
			}
		}
	})
}

// TestSpecialValues sends NaN, infinities, zeros and denormals through.
func TestSpecialValues(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	special := []float32{nan, inf, -inf, 0, float32(math.Copysign(0, -1)), 1e-45, -1e-40, 1e19, -1e19, 100, -100, 88.5, -86}
	eachLevel(t, func(t *testing.T) {
		for _, f := range elementwise {
			if f.name == "AdamW" {
				continue // overflows in between differ with the order of the test's own set-up
			}
			r := rand.New(rand.NewPCG(5, 6))
			for range 200 {
				in := inputs(r, f.slices, 1+r.IntN(40))
				for i := range in {
					for range 4 {
						in[i][r.IntN(len(in[i]))] = special[r.IntN(len(special))]
					}
				}
				got, want := copies(in), copies(in)
				f.got(got)
				f.want(want)
				for i := range in {
					near(t, f.name, got[i], want[i], max(f.tol, 1e-4))
				}
			}
		}
	})
}

// TestPosition cuts slices in two: elements must not notice.
func TestPosition(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		for _, f := range elementwise {
			if f.name == "CrossEntropyGrad" {
				continue // its target belongs to the whole row
			}
			r := rand.New(rand.NewPCG(3, 4))
			for range 30 {
				n := 2 + r.IntN(100)
				cut := 1 + r.IntN(n-1)
				whole := inputs(r, f.slices, n)
				parts := copies(whole)
				f.got(whole)
				var left, right [][]float32
				for _, s := range parts {
					left, right = append(left, s[:cut]), append(right, s[cut:])
				}
				f.got(left)
				f.got(right)
				for i := range whole {
					near(t, f.name+", cut", parts[i], whole[i], 0)
				}
			}
		}
	})
}

func TestNoAllocations(t *testing.T) {
	x, y := random(rand.New(rand.NewPCG(1, 2)), 77), make([]float32, 77)
	if n := testing.AllocsPerRun(100, func() {
		SwiGLU(y, x, x)
		RMSNorm(y, x, x, 1e-5)
		Softmax(y)
		Dot(x, y)
	}); n != 0 {
		t.Errorf("%v allocations a call", n)
	}
}
