package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s = %.6g, want %.6g", what, got, want)
	}
}

// TestWilson against Newcombe 1998 (doi:10.1002/(SICI)1097-0258(19980430)17:8<857),
// table I, method 3.
func TestWilson(t *testing.T) {
	for _, c := range []struct {
		k, n      int
		low, high float64
	}{{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}} {
		low, high := Wilson(c.k, c.n, 0.95)
		near(t, "low", low, c.low, 5e-5)
		near(t, "high", high, c.high, 5e-5)
	}
	if low, high := Wilson(0, 0, 0.95); low != 0 || high != 1 {
		t.Errorf("nothing seen: %g, %g", low, high)
	}
	if low, high := Wilson(7, 7, 0.95); high != 1 || low < 0.6 {
		t.Errorf("all right: %g, %g", low, high)
	}
}

func TestMcNemar(t *testing.T) {
	for _, c := range []struct {
		gained, lost int
		want         float64
	}{{0, 0, 1}, {0, 7, 0.015625}, {7, 0, 0.015625}, {1, 9, 0.021484375}, {5, 5, 1}, {3, 1, 0.625}} {
		near(t, "p", McNemar(c.gained, c.lost), c.want, 1e-9)
	}
}

// TestMcNemarMidP against Fagerland, Lydersen, Laake 2013, whose first example
// has 1 and 7 changes: exact p .070, mid-p .039.
func TestMcNemarMidP(t *testing.T) {
	near(t, "exact p", McNemar(1, 7), 0.0703125, 1e-9)
	for _, c := range []struct {
		gained, lost int
		want         float64
	}{{1, 7, 0.0390625}, {7, 1, 0.0390625}, {0, 0, 1}, {0, 1, 0.5}, {1, 1, 0.5}, {5, 5, 1 - 252.0/1024}} {
		near(t, "mid-p", McNemarMidP(c.gained, c.lost), c.want, 1e-9)
	}
}

func TestHolm(t *testing.T) {
	got := Holm([]float64{0.01, 0.04, 0.03, 0.005})
	for i, want := range []float64{0.03, 0.06, 0.06, 0.02} {
		near(t, "adjusted", got[i], want, 1e-12)
	}
	if len(Holm(nil)) != 0 {
		t.Error("nothing to adjust")
	}
}

// TestPairedDifference against Fagerland, Lydersen, Laake 2014 (doi:10.1002/sim.6148),
// table VI, Tango's interval of airway responsiveness, and Wilson's at the edges: where
// nothing was gained or lost the score interval has a closed form.
func TestPairedDifference(t *testing.T) {
	for _, c := range []struct {
		e, f, g, h int
		low, high  float64
	}{{1, 1, 7, 12, -0.517, -0.026}, {1, 7, 1, 12, 0.026, 0.517}, {0, 0, 0, 0, -1, 1}, {0, 30, 0, 0, 0.7730, 1}, {30, 0, 0, 0, -0.1135, 0.1135}} {
		low, high := PairedDifference(c.e, c.f, c.g, c.h, 0.95)
		near(t, "low", low, c.low, 6e-4)
		near(t, "high", high, c.high, 6e-4)
	}
}

// TestCoverage draws paired answers with a known difference and counts how often
// the interval holds it.
func TestCoverage(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	for _, n := range []int{20, 50, 200} {
		inside, rounds := 0, 4000
		for range rounds {
			// P(both) .5, gained .2, lost .1, neither .2: the difference is .1.
			var e, f, g, h int
			for range n {
				switch u := random.Float64(); {
				case u < 0.5:
					e++
				case u < 0.7:
					f++
				case u < 0.8:
					g++
				default:
					h++
				}
			}
			if low, high := PairedDifference(e, f, g, h, 0.95); low <= 0.1 && 0.1 <= high {
				inside++
			}
		}
		if share := float64(inside) / float64(rounds); share < 0.935 || share > 0.98 {
			t.Errorf("n = %d: the interval holds the difference in %.3f of the cases", n, share)
		}
	}
}

func TestDetectable(t *testing.T) {
	if a, b := Detectable(50, 0.3), Detectable(5000, 0.3); !(a > 0.15 && a < 0.3 && b < 0.03) {
		t.Errorf("50 items: %g, 5000 items: %g", a, b)
	}
}
