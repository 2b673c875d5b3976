package gemm

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkTile is the inner kernel alone, with everything in L1: the best of
// many short runs, since the machine is rarely ours alone.
func BenchmarkTile(b *testing.B) {
	for rows := 1; rows <= active.mr; rows++ {
		for wide := 1; wide <= active.wide(rows, 4); wide *= 2 {
			b.Run(fmt.Sprintf("%dx%d", rows, wide*active.nr), func(b *testing.B) {
				const k, calls = 256, 100
				s := aligned(rows*k + wide*active.nr*k + rows*wide*active.nr)
				t := tile{a: &s[0], b: &s[rows*k], c: &s[rows*k+wide*active.nr*k], ars: k, acs: 1,
					panel: active.nr * k, nr: active.nr, crs: wide * active.nr, k: k, rows: rows, wide: wide}
				best, peak := time.Duration(1<<62), Peak()
				for b.Loop() {
					start := time.Now()
					for range calls {
						active.run(&t)
					}
					best = min(best, time.Since(start))
				}
				peak = max(peak, Peak())
				rate := 2 * float64(rows*wide*active.nr*k*calls) / best.Seconds()
				b.ReportMetric(rate/1e9, "GFLOP/s")
				b.ReportMetric(100*rate/peak, "%peak")
			})
		}
	}
}
