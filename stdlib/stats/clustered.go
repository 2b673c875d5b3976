package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// ClusteredMean is the mean per item of items that come in groups whose members
// go together (tokens of one stretch of text), with its interval at a level such
// as 0.95: the ratio Σ sums / Σ counts with the variance between groups (Cochran,
// Sampling Techniques, 1977, section 6.3) and Student's t. sums[i] is the sum over
// the counts[i] items of group i. Fewer than two groups know no interval: it is
// infinite.
func ClusteredMean(sums []float64, counts []int, level float64) (mean, low, high float64) {
	var sum, n float64
	for i := range sums {
		sum += sums[i]
		n += float64(counts[i])
	}
	groups := float64(len(sums))
	if n == 0 {
		return math.NaN(), math.Inf(-1), math.Inf(1)
	}
	mean = sum / n
	if groups < 2 {
		return mean, math.Inf(-1), math.Inf(1)
	}
	var squares float64
	for i := range sums {
		e := sums[i] - mean*float64(counts[i])
		squares += e * e
	}
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: groups - 1}.Quantile(1 - (1-level)/2)
	half := t * math.Sqrt(groups/(groups-1)*squares) / n
	return mean, mean - half, mean + half
}
