package stats

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// McNemar is the exact two-sided p-value of paired right/wrong answers: of the
// items that changed, as many gained as lost (McNemar 1947; the exact binomial
// form, doi:10.1186/1471-2288-13-91). It is 1 where nothing changed.
func McNemar(gained, lost int) float64 {
	n := gained + lost
	if n == 0 {
		return 1
	}
	half := distuv.Binomial{N: float64(n), P: 0.5}
	return min(1, 2*half.CDF(float64(min(gained, lost))))
}

// McNemarMidP is McNemar's test with half the probability of the outcome itself:
// closer to the nominal level than the exact test, which is conservative, but
// not guaranteed to keep it (Fagerland, Lydersen, Laake 2013, the same paper).
func McNemarMidP(gained, lost int) float64 {
	n := gained + lost
	if n == 0 {
		return 1
	}
	half := distuv.Binomial{N: float64(n), P: 0.5}
	if gained == lost { // the exact p-value counts the middle twice
		return 1 - half.Prob(float64(gained))
	}
	return McNemar(gained, lost) - half.Prob(float64(min(gained, lost)))
}

// Holm adjusts p-values for being looked at together (Holm 1979, "A simple
// sequentially rejective multiple test procedure"). The order is kept.
func Holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	out := make([]float64, len(p))
	running := 0.0
	for rank, i := range order {
		running = max(running, min(1, float64(len(p)-rank)*p[i]))
		out[i] = running
	}
	return out
}

// Detectable is the smallest difference of two paired proportions that a test at
// 5 % finds with 80 % power when a share discordant of n items changes (Connor
// 1987, doi:10.2307/2531961, solved for the difference). It is 1 for n = 0.
func Detectable(n int, discordant float64) float64 {
	if n <= 0 {
		return 1
	}
	const power = 0.8416212335729143 // normal quantile of 0.8
	d := 0.0
	for range 60 {
		d = (z(0.95)*math.Sqrt(discordant) + power*math.Sqrt(max(0, discordant-d*d))) / math.Sqrt(float64(n))
	}
	return min(1, d)
}
