package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestClusteredMean: groups of one are the plain mean with Student's interval;
// the interval holds the truth as often as it says.
func TestClusteredMean(t *testing.T) {
	// Standard deviation √(28.75/3), t of 3 degrees of freedom 3.18245.
	mean, low, high := ClusteredMean([]float64{1, 2, 4, 8}, []int{1, 1, 1, 1}, 0.95)
	if mean != 3.75 || math.Abs(low+1.17594) > 1e-4 || math.Abs(high-8.67594) > 1e-4 {
		t.Errorf("%v, %v to %v", mean, low, high)
	}
	if mean, low, high := ClusteredMean([]float64{6}, []int{3}, 0.95); mean != 2 || !math.IsInf(low, -1) || !math.IsInf(high, 1) {
		t.Errorf("one group: %v, %v to %v", mean, low, high)
	}
	if mean, _, _ := ClusteredMean(nil, nil, 0.95); !math.IsNaN(mean) {
		t.Errorf("nothing has the mean %v", mean)
	}
	random := rand.New(rand.NewPCG(1, 2))
	hits, plain := 0, 0
	for range 2000 {
		var sums []float64
		var counts []int
		for range 20 {
			n, shift, sum := 5+random.IntN(20), random.NormFloat64(), 0.0
			for range n {
				sum += 3 + shift + random.NormFloat64()
			}
			sums, counts = append(sums, sum), append(counts, n)
		}
		_, low, high := ClusteredMean(sums, counts, 0.95)
		if low <= 3 && 3 <= high {
			hits++
		}
		// An interval that took the items for independent would be this wide.
		if mean, half := (low+high)/2, 1.96*math.Sqrt2/math.Sqrt(290); mean-half <= 3 && 3 <= mean+half {
			plain++
		}
	}
	if hits < 1860 || hits > 1940 || plain > 1500 {
		t.Errorf("the truth was inside %d of 2000 times, %d with independent items", hits, plain)
	}
}
