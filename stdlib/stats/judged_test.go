package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestRateEdges(t *testing.T) {
	if low, high := Rate(0, 0, 0.95); low != 0 || high != 1 {
		t.Errorf("nothing: %g, %g", low, high)
	}
	low, _ := Rate(1, 20, 0.95)
	near(t, "one of 20", low, 0.0513/20, 1e-5) // −ln 0.95 = 0.0513
	_, high := Rate(19, 20, 0.95)
	near(t, "19 of 20", high, 1-0.0513/20, 1e-5)
}

// TestScoreMean: right/wrong answers, one a prompt, are Wilson's interval.
func TestScoreMean(t *testing.T) {
	sums, counts := make([]float64, 50), make([]int, 50)
	for i := range sums {
		counts[i] = 1
		if i < 20 {
			sums[i] = 1
		}
	}
	mean, low, high := ScoreMean(sums, counts, 0.95)
	l, h := Wilson(20, 50, 0.95)
	near(t, "mean", mean, 0.4, 1e-12)
	near(t, "low", low, l, 2e-3)
	near(t, "high", high, h, 2e-3)
	if _, low, high := ScoreMean(make([]float64, 30), counts[:30], 0.95); low > 1e-12 || high < 0.1 || high > 0.12 {
		t.Errorf("no win of 30: %g to %g", low, high)
	}
	if mean, low, high := ScoreMean(nil, nil, 0.95); !math.IsNaN(mean) || low != 0 || high != 1 {
		t.Errorf("nothing: %g, %g, %g", mean, low, high)
	}
	for n, want := range map[int]float64{50: 13.4, 200: 6.9, 400: 4.9, 805: 3.4} {
		near(t, "half width", 100*HalfWidth(n), want, 0.05)
	}
}

// TestSignFlip: seven that all gained are 2 of 128 patterns; the drawn test gives
// what the counted one gives, and holds its level where nothing differs.
func TestSignFlip(t *testing.T) {
	near(t, "seven", SignFlip([]float64{1, 2, 3, 0, 4, 5, 6, 7}, 1), 2.0/128, 1e-12)
	near(t, "one each way", SignFlip([]float64{1, -1}, 1), 1, 0)
	near(t, "nothing", SignFlip([]float64{0, 0}, 1), 1, 0)
	d := []float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1}
	near(t, "12 to 6", SignFlip(d, 1), McNemar(12, 6), 0.01)
	random, low := rand.New(rand.NewPCG(3, 4)), 0
	for range 1000 {
		x := make([]float64, 10)
		for i := range x {
			x[i] = random.NormFloat64()
		}
		if SignFlip(x, 1) < 0.05 {
			low++
		}
	}
	if low < 30 || low > 72 {
		t.Errorf("%d of 1000 tests of nothing are significant", low)
	}
}

// TestLengths: a judge who looks at nothing but the length is found out, a fair
// one is not, and what lengths add is taken away.
func TestLengths(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 9))
	n := 600
	ours, theirs := make([]int, n), make([]int, n)
	blind, fair := make([]float64, n), make([]float64, n)
	for i := range ours {
		ours[i], theirs[i] = 150+random.IntN(200), 100+random.IntN(200)
		blind[i], fair[i] = one(ours[i] > theirs[i]), one(random.Float64() < 0.3)
	}
	b := Lengths(blind, ours, theirs, 0.95, 1)
	if b.Longer < b.Decided-5 || b.LongestWins < 0.6 || b.Slope < 3 || b.Controlled > 0.62 || b.Controlled < 0.38 {
		t.Errorf("a judge of lengths: %+v", b)
	}
	f := Lengths(fair, ours, theirs, 0.95, 1)
	if math.Abs(f.Slope) > 0.6 || f.Low > 0.3 || f.High < 0.3 || f.High-f.Low > 0.15 {
		t.Errorf("a fair judge: %+v", f)
	}
	if e := Lengths(nil, nil, nil, 0.95, 1); !math.IsNaN(e.Controlled) {
		t.Errorf("nothing: %+v", e)
	}
}

func TestAgree(t *testing.T) {
	// Cohen's kappa by hand: .7 agree, .5 by chance.
	a := []string{"x", "x", "x", "x", "x", "y", "y", "y", "y", "y"}
	b := []string{"x", "x", "x", "x", "y", "y", "y", "y", "x", "x"}
	g := Agree(a, b, 0.95)
	if g.Same != 7 || math.Abs(g.Kappa-(0.7-0.5)/(1-0.5)) > 1e-12 {
		t.Errorf("%+v", g)
	}
	if g := Agree([]string{"x"}, []string{"x"}, 0.95); !math.IsNaN(g.Kappa) || g.Share != 1 {
		t.Errorf("%+v", g)
	}
}

// TestMean: sums are exact whatever their order of summing hides.
func TestMean(t *testing.T) {
	for _, n := range []int{1, 7, 8, 127, 129, 1000, 4099} {
		v := make([]float64, n)
		for i := range v {
			v[i] = float64(i * i)
		}
		near(t, "mean", Mean(v), float64((n-1)*(2*n-1))/6, 1e-6)
	}
	near(t, "standard error", StandardError([]float64{1, 2, 3, 4}), math.Sqrt(5.0/3)/2, 1e-15)
	if !math.IsNaN(Mean(nil)) || !math.IsNaN(StandardError([]float64{1})) {
		t.Error("nothing has a mean")
	}
}
