package sandbox

import (
	"context"
	"os/exec"
	"runtime"
	"strings"
	"sync"
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
// each in a sandbox of its own, and how many Python alone gets through.
func BenchmarkHumanEval(b *testing.B) {
	var list []Program
	for _, e := range exercises(b) {
		list = append(list, e.program(e.Solution))
	}
	b.Run("python", func(b *testing.B) { benchmarkBare(b, list) })
	for _, tier := range []string{Namespaces, Confined} {
		b.Run(tier[:8], func(b *testing.B) {
			defer preferring(b, tier)()
			before := childrenCPU()
			for b.Loop() {
				if _, err := RunAll(b.Context(), list, 2*runtime.NumCPU()); err != nil {
					b.Fatal(err)
				}
			}
			reportRate(b, len(list), before)
		})
	}
}

func benchmarkBare(b *testing.B, list []Program) {
	args, before := bare(b), childrenCPU()
	for b.Loop() {
		work := make(chan Program)
		var wg sync.WaitGroup
		for range 2 * runtime.NumCPU() {
			wg.Go(func() {
				for p := range work {
					cmd := exec.CommandContext(b.Context(), args[0], args[1:]...)
					cmd.Stdin = strings.NewReader(p.Code)
					if err := cmd.Run(); err != nil {
						b.Error(err)
					}
				}
			})
		}
		for _, p := range list {
			work <- p
		}
		close(work)
		wg.Wait()
	}
	reportRate(b, len(list), before)
}

func reportRate(b *testing.B, programs int, before time.Duration) {
	b.ReportMetric(float64(programs*b.N)/b.Elapsed().Seconds(), "programs/s")
	b.ReportMetric((childrenCPU()-before).Seconds()*1000/float64(programs*b.N), "cpu-ms/program")
}
