package dedup

import (
	"fmt"
	"math"
	"strings"

	"cogumi/stdlib/dedup/minhash"
)

// bands chooses how many rows of the signature form a band: the most that still
// find a pair at the threshold with the wanted probability.
func bands(permutations int, threshold, recall float64) (count, rows int) {
	for rows = permutations; rows > 1; rows-- {
		count = permutations / rows
		if hit(threshold, count, rows) >= recall {
			return count, rows
		}
	}
	return permutations, 1
}

// hit is the probability that a pair of Jaccard j shares a band.
func hit(j float64, count, rows int) float64 {
	return 1 - math.Pow(1-math.Pow(j, float64(rows)), float64(count))
}

// prefilter is the estimate below which a pair is not verified: 3.4 standard
// deviations below the threshold, which loses one pair in three thousand at the
// threshold and none to speak of above it.
func prefilter(threshold float64, permutations int) float64 {
	return threshold - 3.4*math.Sqrt(threshold*(1-threshold)/float64(permutations))
}

// sliceFilter is the number of equal places of a slice below which a pair at the
// threshold lies once in a hundred thousand.
func sliceFilter(threshold float64) int {
	const n = minhash.Slice
	p := threshold + (1-threshold)/256 // places agree by chance, too
	term, below := math.Pow(1-p, n), 0.0
	for k := range n {
		if below += term; below > 1e-5 {
			return k
		}
		term *= float64(n-k) / float64(k+1) * p / (1 - p)
	}
	return n
}

// Curve says with which probability a pair is found, by its Jaccard similarity.
type Curve struct {
	Bands, Rows int
	Points      []CurvePoint
}

// CurvePoint is one point of a Curve.
type CurvePoint struct{ Jaccard, Recall float64 }

// RecallCurve is the curve of the bands that a configuration leads to.
func RecallCurve(c Config) (Curve, error) {
	c, err := c.withDefaults()
	if err != nil {
		return Curve{}, err
	}
	var v Curve
	v.Bands, v.Rows = bands(c.Permutations, c.Threshold, c.Recall)
	for j := 10; j <= 100; j += 5 {
		v.Points = append(v.Points, CurvePoint{float64(j) / 100, hit(float64(j)/100, v.Bands, v.Rows)})
	}
	return v, nil
}

// String is the curve for a terminal, a line a point.
func (v Curve) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d bands of %d rows find a pair of\n", v.Bands, v.Rows)
	for _, p := range v.Points {
		if p.Jaccard >= 0.3 {
			fmt.Fprintf(&b, "  Jaccard %.2f  with %6.2f %%  %s\n", p.Jaccard, 100*p.Recall, strings.Repeat("▪", int(30*p.Recall+0.5)))
		}
	}
	return b.String()
}
