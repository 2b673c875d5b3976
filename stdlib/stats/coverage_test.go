package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// coverage is exact: the probability of the counts whose interval holds p.
func coverage(n int, p float64, intervals [][2]float64) float64 {
	d := distuv.Binomial{N: float64(n), P: p}
	sum := 0.0
	for k, i := range intervals {
		if i[0] <= p && p <= i[1] {
			sum += d.Prob(float64(k))
		}
	}
	return sum
}

// TestRateCoverage is exact, over the rates of 0.0005 to 0.9995: the average is at the
// nominal level and no rate falls far below it. Wilson's own does.
func TestRateCoverage(t *testing.T) {
	for _, n := range []int{20, 50, 200, 1000} {
		var rate, wilson [][2]float64
		for k := range n + 1 {
			low, high := Rate(k, n, 0.95)
			rate = append(rate, [2]float64{low, high})
			low, high = Wilson(k, n, 0.95)
			wilson = append(wilson, [2]float64{low, high})
		}
		mean, least, at, worst := 0.0, 1.0, 0.0, 1.0
		const steps = 1999
		for i := range steps {
			p := float64(i+1) / (steps + 1)
			c := coverage(n, p, rate)
			mean += c / steps
			if c < least {
				least, at = c, p
			}
			worst = min(worst, coverage(n, p, wilson))
		}
		if os.Getenv("COGUMI_CURVE") != "" {
			fmt.Printf("| %d | %.2f | %.2f | %.4f | %.2f |\n", n, 100*mean, 100*least, at, 100*worst)
		}
		if mean < 0.94 || mean > 0.96 || least < 0.91 {
			t.Errorf("n = %d: %.4f on average, %.4f at %.4f; Wilson's least is %.4f", n, mean, least, at, worst)
		}
	}
}

// TestMeanCoverage draws scores of prompts in both orders, of which a part
// disagrees, and rates of clusters: the intervals hold the truth as often as they
// say, averaged over rates.
func TestMeanCoverage(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for _, n := range []int{20, 50, 200, 1000} {
		rounds := 40000 / n
		rounds = max(min(rounds, 900), 250)
		hits, boot, all, booted := 0, 0, 0, 0
		for _, p := range []float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9} {
			for round := range rounds {
				sums, counts, means := make([]float64, n), make([]int, n), make([]float64, n)
				for i := range sums {
					counts[i] = 2
					first := random.Float64() < p
					second := first
					if random.Float64() < 0.3 { // the orders are judged apart
						second = random.Float64() < p
					}
					sums[i] = one(first) + one(second)
					means[i] = sums[i] / 2
				}
				all++
				if _, low, high := ScoreMean(sums, counts, 0.95); low <= p && p <= high {
					hits++
				}
				if round%6 == 0 {
					booted++
					if low, high := BootstrapMean(means, 0.95, 400, round); low-1e-12 <= p && p <= high+1e-12 {
						boot++
					}
				}
			}
		}
		a, b := float64(hits)/float64(all), float64(boot)/float64(booted)
		if os.Getenv("COGUMI_CURVE") != "" {
			fmt.Printf("| %d | %.2f | %.2f |\n", n, 100*a, 100*b)
		}
		noise := 3 * math.Sqrt(0.05*0.95/float64(all))
		if a < 0.94-noise || a > 0.96+noise {
			t.Errorf("n = %d: ScoreMean holds the truth in %.4f of the cases", n, a)
		}
		if noise := 3 * math.Sqrt(0.05*0.95/float64(booted)); b < 0.93-noise || b > 0.965+noise {
			t.Errorf("n = %d: the bootstrap holds the truth in %.4f of the cases", n, b)
		}
	}
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// TestPairedCoverage: paired right/wrong answers, averaged over rates of change.
func TestPairedCoverage(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for _, n := range []int{20, 50, 200, 1000} {
		rounds := max(min(200000/n, 1500), 400)
		hits, all := 0, 0
		for _, both := range []float64{0.1, 0.3, 0.5} {
			for _, gained := range []float64{0.05, 0.15, 0.25} {
				for _, lost := range []float64{0.05, 0.15, 0.2} {
					for range rounds {
						var e, f, g, h int
						for range n {
							switch u := random.Float64(); {
							case u < both:
								e++
							case u < both+gained:
								f++
							case u < both+gained+lost:
								g++
							default:
								h++
							}
						}
						all++
						if low, high := PairedDifference(e, f, g, h, 0.95); low-1e-12 <= gained-lost && gained-lost <= high+1e-12 {
							hits++
						}
					}
				}
			}
		}
		share := float64(hits) / float64(all)
		if os.Getenv("COGUMI_CURVE") != "" {
			fmt.Printf("| %d | %.2f |\n", n, 100*share)
		}
		if noise := 3 * math.Sqrt(0.05*0.95/float64(all)); share < 0.94-noise || share > 0.96+noise {
			t.Errorf("n = %d: the interval holds the difference in %.4f of the cases", n, share)
		}
	}
}
