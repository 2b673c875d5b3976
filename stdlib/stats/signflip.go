package stats

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// expandedTail is the share of draws outside on one side that makes percentiles
// as wide as Student's interval.
func expandedTail(n int, level float64) float64 {
	t := distuv.StudentsT{Sigma: 1, Nu: float64(n - 1)}.Quantile((1 - level) / 2)
	return distuv.UnitNormal.CDF(t * math.Sqrt(float64(n)/float64(n-1)))
}

// flips is how many sign patterns SignFlip draws where all of them are too many.
const flips = 20000

// SignFlip is the two-sided p-value of paired differences being as likely to be
// positive as negative (Fisher's randomisation test; Good, Permutation Tests,
// 2000). Where at most 14 differ from zero all patterns are counted and p is exact;
// else 20,000 are drawn, which seed decides, and p is at least 1/20,001. It is 1
// where nothing differs.
func SignFlip(differences []float64, seed int) float64 {
	var d []float64
	total := 0.0
	for _, x := range differences {
		if x != 0 {
			d = append(d, math.Abs(x))
			total += x
		}
	}
	if len(d) == 0 {
		return 1
	}
	reach := math.Abs(total) * (1 - 1e-12)
	if len(d) <= 14 {
		return exactFlips(d, reach)
	}
	random := rand.New(rand.NewPCG(uint64(seed), 0x51f))
	slices.Sort(d)
	hits := 1
	for range flips {
		if math.Abs(drawSum(d, random)) >= reach {
			hits++
		}
	}
	return float64(hits) / (flips + 1)
}

// drawSum gives each of the ascending d a sign: up to 64 at once, of which equal
// ones are counted together.
func drawSum(d []float64, random *rand.Rand) float64 {
	sum := 0.0
	for len(d) > 0 {
		n := min(len(d), 64)
		word := random.Uint64()
		if d[0] == d[n-1] {
			sum += d[0] * float64(2*bits.OnesCount64(word&(1<<n-1))-n)
			d = d[n:]
			continue
		}
		for _, x := range d[:n] {
			if word&1 == 1 {
				sum += x
			} else {
				sum -= x
			}
			word >>= 1
		}
		d = d[n:]
	}
	return sum
}

// exactFlips walks the patterns in Gray's order: each differs in one sign.
func exactFlips(d []float64, reach float64) float64 {
	sum := 0.0
	for _, x := range d {
		sum += x
	}
	negative := make([]bool, len(d))
	hits, all := 0, 1<<len(d)
	for i := 1; ; i++ {
		if math.Abs(sum) >= reach {
			hits++
		}
		if i == all {
			return float64(hits) / float64(all)
		}
		at := bits.TrailingZeros(uint(i))
		if negative[at] {
			sum += 2 * d[at]
		} else {
			sum -= 2 * d[at]
		}
		negative[at] = !negative[at]
	}
}
