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

// TestPairedCoverage is exact, over a grid of shares gained and lost: on average at
// the nominal level, and nowhere far below it.
func TestPairedCoverage(t *testing.T) {
	sizes, step := []int{20, 50, 200}, 0.05
	if os.Getenv("COGUMI_CURVE") != "" {
		sizes, step = append(sizes, 1000), 0.025
	}
	for _, n := range sizes {
		var log []float64 // of factorials
		for i := range n + 1 {
			f, _ := math.Lgamma(float64(i + 1))
			log = append(log, f)
		}
		low, high := make([][]float64, n+1), make([][]float64, n+1)
		for gained := range n + 1 {
			low[gained], high[gained] = make([]float64, n+1-gained), make([]float64, n+1-gained)
			for lost := range n + 1 - gained {
				low[gained][lost], high[gained][lost] = PairedDifference(n-gained-lost, gained, lost, 0, 0.95)
			}
		}
		mean, least, worst, cells := 0.0, 1.0, [2]float64{}, 0
		for up := step / 2; up < 0.95; up += step {
			for down := step / 2; up+down < 0.99; down += step {
				held := 0.0
				for gained := range n + 1 {
					for lost := range n + 1 - gained {
						if d := up - down; low[gained][lost]-1e-9 <= d && d <= high[gained][lost]+1e-9 {
							same := n - gained - lost
							held += math.Exp(log[n] - log[gained] - log[lost] - log[same] +
								float64(gained)*math.Log(up) + float64(lost)*math.Log(down) + float64(same)*math.Log(1-up-down))
						}
					}
				}
				mean += held
				cells++
				if held < least {
					least, worst = held, [2]float64{up, down}
				}
			}
		}
		mean /= float64(cells)
		if os.Getenv("COGUMI_CURVE") != "" {
			fmt.Printf("| %d | %.2f | %.2f | %.3f, %.3f |\n", n, 100*mean, 100*least, worst[0], worst[1])
		}
		if mean < 0.94 || mean > 0.96 || least < 0.91 {
			t.Errorf("n = %d: %.4f on average, %.4f at gained %.3f, lost %.3f", n, mean, least, worst[0], worst[1])
		}
	}
}
