package stats

import "math"

// Agreement is how often two raters say the same of the same items.
type Agreement struct {
	N, Same   int
	Share     float64 // Same of N; NaN for N = 0
	Low, High float64 // interval of Share, as Rate gives it
	Kappa     float64 // Cohen's: 0 as by chance, 1 always; NaN where chance alone agrees always
}

// Agree compares two raters' labels of the same items, at a level such as 0.95
// (Cohen 1960, doi:10.1177/001316446002000104). b has as many as a.
func Agree(a, b []string, level float64) Agreement {
	out := Agreement{N: len(a), Share: math.NaN(), Kappa: math.NaN()}
	left, right := map[string]float64{}, map[string]float64{}
	for i := range a {
		left[a[i]]++
		right[b[i]]++
		if a[i] == b[i] {
			out.Same++
		}
	}
	out.Low, out.High = Rate(out.Same, out.N, level)
	if out.N == 0 {
		return out
	}
	n := float64(out.N)
	out.Share = float64(out.Same) / n
	chance := 0.0
	for label, count := range left {
		chance += count / n * right[label] / n
	}
	if chance < 1 {
		out.Kappa = (out.Share - chance) / (1 - chance)
	}
	return out
}
