package stats

import "math"

// Mean is the mean of values, summed pairwise in the order in which numpy sums,
// so that figures published with it come out to the last digit. NaN for none.
func Mean(values []float64) float64 { return pairwise(values) / float64(len(values)) }

// StandardError is the standard error of Mean, with n−1 degrees of freedom. It is
// NaN for fewer than two values.
//
// The squares are summed in four running sums, which gives all the figures of
// AlpacaEval's leaderboard whose judgements lie beside it to the last digit. In
// numpy's order one of them differs in its seventeenth.
func StandardError(values []float64) float64 {
	if len(values) < 2 {
		return math.NaN()
	}
	mean := Mean(values)
	var r [4]float64
	for i, v := range values {
		d := v - mean
		r[i%4] += float64(d * d) // rounded: no fused multiply-add, which other processors have
	}
	n := float64(len(values))
	return math.Sqrt(((r[0]+r[1])+(r[2]+r[3]))/(n-1)) / math.Sqrt(n)
}

// pairwise is numpy's order of summing: blocks of up to 128 with eight partial
// sums, longer ones in halves that are multiples of eight.
func pairwise(v []float64) float64 {
	n := len(v)
	switch {
	case n < 8:
		sum := 0.0
		for _, x := range v {
			sum += x
		}
		return sum
	case n <= 128:
		var r [8]float64
		copy(r[:], v)
		i := 8
		for ; i < n-n%8; i += 8 {
			for j := range r {
				r[j] += v[i+j]
			}
		}
		sum := ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]))
		for ; i < n; i++ {
			sum += v[i]
		}
		return sum
	}
	half := n / 2
	half -= half % 8
	return pairwise(v[:half]) + pairwise(v[half:])
}
