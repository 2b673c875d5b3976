// Package stats is the statistics that every figure comes with: intervals,
// paired tests, corrections for looking at many things at once.
package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// z is the two-sided quantile of the normal distribution: 1.96 for level 0.95.
func z(level float64) float64 {
	return distuv.UnitNormal.Quantile(1 - (1-level)/2)
}

// Wilson is the score interval of k of n at a level such as 0.95 (Wilson 1927,
// doi:10.1080/01621459.1927.10502953). It is 0, 1 for n = 0.
func Wilson(k, n int, level float64) (low, high float64) {
	if n <= 0 {
		return 0, 1
	}
	q, m := z(level), float64(n)
	p := float64(k) / m
	centre := (p + q*q/(2*m)) / (1 + q*q/m)
	half := q / (1 + q*q/m) * math.Sqrt(p*(1-p)/m+q*q/(4*m*m))
	low, high = max(0, centre-half), min(1, centre+half)
	if k == 0 {
		low = 0
	}
	if k == n {
		high = 1
	}
	return low, high
}

// PairedDifference is the interval of after − before for paired right/wrong
// answers: Tango's score interval (Tango 1998, "Equivalence test and confidence
// interval for the difference in proportions for the paired-sample design", doi:
// 10.1002/(SICI)1097-0258(19980430)17:8<891::AID-SIM780>3.0.CO;2-B), the
// differences that a score test does not reject. both and neither count the items
// that both or neither got right, gained and lost those that changed.
func PairedDifference(both, gained, lost, neither int, level float64) (low, high float64) {
	n := float64(both + gained + lost + neither)
	if n == 0 {
		return -1, 1
	}
	f, g, q := float64(gained), float64(lost), z(level)
	d := (f - g) / n
	// score falls in the difference and is 0 at d.
	low = root(-1, d, func(x float64) bool { return score(f, g, n, x) > q })
	high = root(d, 1, func(x float64) bool { return score(f, g, n, x) >= -q })
	return low, high
}

// score is the statistic of the difference x: what was seen less what x lets
// expect, by its standard error there, with the lost share most likely under x.
func score(f, g, n, x float64) float64 {
	a, b, c := 2*n, -f-g+(2*n-f+g)*x, -g*x*(1-x)
	share := (math.Sqrt(max(0, b*b-4*a*c)) - b) / (2 * a)
	seen, variance := f-g-n*x, n*(2*share+x*(1-x))
	if variance <= 1e-12*n {
		if math.Abs(seen) <= 1e-9*n {
			return 0
		}
		return math.Copysign(math.Inf(1), seen)
	}
	return seen / math.Sqrt(variance)
}

// root is where beyond turns from true to false between low and high; low where
// it is never true, high where it always is.
func root(low, high float64, beyond func(float64) bool) float64 {
	if !beyond(low) {
		return low
	}
	if beyond(high) {
		return high
	}
	for range 60 {
		if m := (low + high) / 2; beyond(m) {
			low = m
		} else {
			high = m
		}
	}
	return (low + high) / 2
}
