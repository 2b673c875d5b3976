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
// answers: Newcombe's hybrid score interval, method 10 (Newcombe 1998, doi:
// 10.1002/(SICI)1097-0258(19981130)17:22<2635::AID-SIM954>3.0.CO;2-C).
// both and neither count the items that both or neither got right, gained and
// lost those that changed.
func PairedDifference(both, gained, lost, neither int, level float64) (low, high float64) {
	n := both + gained + lost + neither
	if n == 0 {
		return -1, 1
	}
	before, after := both+lost, both+gained
	l1, u1 := Wilson(after, n, level)
	l2, u2 := Wilson(before, n, level)
	p1, p2 := float64(after)/float64(n), float64(before)/float64(n)
	phi := correlation(float64(both), float64(gained), float64(lost), float64(neither), float64(n))
	reach := func(a, b float64) float64 { return math.Sqrt(max(0, a*a-2*phi*a*b+b*b)) }
	d := p1 - p2
	return max(-1, d-reach(p1-l1, u2-p2)), min(1, d+reach(u1-p1, p2-l2))
}

// correlation is phi of the 2×2 table, with Newcombe's continuity correction
// where it is positive.
func correlation(e, f, g, h, n float64) float64 {
	product := (e + f) * (g + h) * (e + g) * (f + h)
	if product == 0 {
		return 0
	}
	c := e*h - f*g
	if c > 0 {
		c = max(c-n/2, 0)
	}
	return c / math.Sqrt(product)
}
