package stats

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"

	"gonum.org/v1/gonum/stat"
)

// BootstrapRounds is how many samples a bootstrap draws where nobody says otherwise.
const BootstrapRounds = 2000

// Bootstrap is the interval of a figure of n prompts: prompts are drawn with
// replacement, each with everything that belongs to it (both orders, all samples),
// and figure says what it is for the drawn ones. Drawing judgements instead would
// take the two orders of one prompt for independent. The bounds are percentiles
// (Efron 1979, doi:10.1214/aos/1176344552), set wider by √(n/(n−1)) and Student's
// t, without which 20 prompts hold the truth in 92 % of the cases (Hesterberg
// 2015, doi:10.1080/00031305.2015.1089789). rounds 0 means BootstrapRounds; seed
// alone decides the draws. figure is called from several goroutines. Values that
// are no number are left out; fewer than two prompts know no interval: it is
// infinite.
func Bootstrap(n int, figure func(drawn []int) float64, level float64, rounds, seed int) (low, high float64) {
	if n < 2 {
		return math.Inf(-1), math.Inf(1)
	}
	if rounds <= 0 {
		rounds = BootstrapRounds
	}
	values := slices.DeleteFunc(draw(n, figure, rounds, seed), math.IsNaN)
	if len(values) == 0 {
		return math.Inf(-1), math.Inf(1)
	}
	slices.Sort(values)
	tail := expandedTail(n, level)
	return stat.Quantile(tail, stat.LinInterp, values, nil), stat.Quantile(1-tail, stat.LinInterp, values, nil)
}

// draw is the figure of each sample, in the order of the draws.
func draw(n int, figure func(drawn []int) float64, rounds, seed int) []float64 {
	random := rand.New(rand.NewPCG(uint64(seed), 0xb007))
	values, next := make([]float64, rounds), 0
	var mu sync.Mutex // draws come one after the other
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			drawn := make([]int, n)
			for {
				mu.Lock()
				if next == rounds {
					mu.Unlock()
					return
				}
				round := next
				next++
				for i := range drawn {
					drawn[i] = random.IntN(n)
				}
				mu.Unlock()
				values[round] = figure(drawn)
			}
		})
	}
	group.Wait()
	return values
}

// BootstrapMean is Bootstrap of the mean of one value a prompt.
func BootstrapMean(values []float64, level float64, rounds, seed int) (low, high float64) {
	return Bootstrap(len(values), func(drawn []int) float64 {
		sum := 0.0
		for _, i := range drawn {
			sum += values[i]
		}
		return sum / float64(len(drawn))
	}, level, rounds, seed)
}
