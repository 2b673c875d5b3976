package sandbox

import (
	"context"
	"testing"
	"time"
)

// BenchmarkRun is what a small program costs; cpu-ms is the processors' time for
// it, the sandbox included, in this process's children.
func BenchmarkRun(b *testing.B) {
	need(b)
	before := childrenCPU()
	for b.Loop() {
		r, err := Run(context.Background(), Program{Code: "def solve(x):\n    return x + 1\nassert solve(1) == 2\n"})
		if err != nil || !r.OK() {
			b.Fatal(r, err)
		}
	}
	spent := childrenCPU() - before
	b.ReportMetric(float64(spent)/float64(time.Millisecond)/float64(b.N), "cpu-ms/op")
}
