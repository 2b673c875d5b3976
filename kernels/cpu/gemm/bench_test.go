package gemm

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"cogumi/kernels/cpu/par"
)

// BenchmarkMul prints GFLOP/s and their share of what the cores can do at best,
// measured in the same run.
func BenchmarkMul(b *testing.B) {
	for _, s := range [][3]int{
		{1024, 704, 256}, {1024, 256, 704}, {1024, 256, 256}, {1024, 2048, 256}, {2048, 1536, 576}, {2048, 576, 1536},
		{256, 704, 256}, {64, 704, 256}, {16, 704, 256}, {4, 704, 256}, {1, 704, 256}, {1, 1536, 576}, {16, 1536, 576},
		{1024, 16, 256}, {1024, 256, 16}, {1024, 704, 16},
	} {
		for _, w := range []int{1, 2} {
			b.Run(fmt.Sprintf("%dx%dx%d/cores=%d", s[0], s[1], s[2], w), func(b *testing.B) {
				m, n, k := s[0], s[1], s[2]
				r := rand.New(rand.NewPCG(1, 2))
				a, c := Dense(random(r, m*k), m, k), Dense(random(r, m*n), m, n)
				p := Pack(Dense(random(r, n*k), n, k).T())
				measure(b, w, m*n*k, func() { Mul(c, a, p, false) })
			})
		}
	}
}

// measure reports the rate of products of so many multiply-adds on w cores, the
// best of many runs: the machine is rarely ours alone.
func measure(b *testing.B, w, size int, fn func()) {
	defer par.SetWorkers(par.SetWorkers(w))
	peak := Peak()
	calls := 1 + 1<<21/size
	best := time.Duration(1 << 62)
	fn()
	for b.Loop() {
		start := time.Now()
		for range calls {
			fn()
		}
		best = min(best, time.Since(start))
	}
	peak = max(peak, Peak()) * float64(w)
	rate := 2 * float64(size) * float64(calls) / best.Seconds()
	b.ReportMetric(rate/1e9, "GFLOP/s")
	b.ReportMetric(100*rate/peak, "%peak")
	b.ReportMetric(0, "ns/op")
}
