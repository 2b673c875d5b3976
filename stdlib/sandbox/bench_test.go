package sandbox

import (
	"context"
	"runtime"
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

// BenchmarkHumanEval is how many of HumanEval's solutions are tried in a second,
// each in a sandbox of its own.
func BenchmarkHumanEval(b *testing.B) {
	var list []Program
	for _, e := range exercises(b) {
		list = append(list, e.program(e.Solution))
	}
	for _, tier := range []string{Namespaces, Confined} {
		b.Run(tier[:8], func(b *testing.B) {
			defer preferring(b, tier)()
			before := childrenCPU()
			for b.Loop() {
				if _, err := RunAll(b.Context(), list, 2*runtime.NumCPU()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(list)*b.N)/b.Elapsed().Seconds(), "programs/s")
			b.ReportMetric((childrenCPU()-before).Seconds()*1000/float64(len(list)*b.N), "cpu-ms/program")
		})
	}
}
