package gemm

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"cogumi/kernels/cpu/par"
)

// BenchmarkAgainstNumpy takes turns with numpy's OpenBLAS and prints the ratio of
// the best times. COGUMI_NUMPY names a Python that has numpy.
func BenchmarkAgainstNumpy(b *testing.B) {
	python := os.Getenv("COGUMI_NUMPY")
	if python == "" {
		b.Skip("COGUMI_NUMPY names no Python with numpy")
	}
	for _, w := range []int{1, 2} {
		numpy := startNumpy(b, python, w)
		for _, s := range shapes {
			b.Run(fmt.Sprintf("%dx%dx%d/cores=%d", s[0], s[1], s[2], w), func(b *testing.B) {
				defer par.SetWorkers(par.SetWorkers(w))
				m, n, k := s[0], s[1], s[2]
				r := rand.New(rand.NewPCG(1, 2))
				a, c := Dense(random(r, m*k), m, k), Dense(random(r, m*n), m, n)
				p := Pack(Dense(random(r, n*k), n, k).T())
				ours, theirs := 1e9, 1e9
				for b.Loop() {
					theirs = min(theirs, numpy(m, n, k))
					ours = min(ours, bestOf(50*time.Millisecond, m*n*k, func() { Mul(c, a, p, false) }))
				}
				rate := 2e-9 * float64(m*n*k)
				b.ReportMetric(rate/ours, "GFLOP/s")
				b.ReportMetric(rate/theirs, "numpy-GFLOP/s")
				b.ReportMetric(theirs/ours, "ratio")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// bestOf is the least time of one product in so much time of trying, in seconds.
func bestOf(limit time.Duration, size int, product func()) float64 {
	best, end := time.Duration(1<<62), time.Now().Add(limit)
	repeat := 1 + 1<<21/size
	for time.Now().Before(end) {
		start := time.Now()
		for range repeat {
			product()
		}
		best = min(best, time.Since(start)/time.Duration(repeat))
	}
	return best.Seconds()
}

// startNumpy starts the peer; the result asks it for the time of a product.
func startNumpy(b *testing.B, python string, cores int) func(m, n, k int) float64 {
	cmd := exec.Command(python, "testdata/numpy_product.py")
	cmd.Env = append(os.Environ(), fmt.Sprintf("OPENBLAS_NUM_THREADS=%d", cores))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { in.Close(); cmd.Wait() })
	answers := bufio.NewReader(out)
	return func(m, n, k int) (seconds float64) {
		fmt.Fprintln(in, m, n, k, 0.05)
		if _, err := fmt.Fscan(answers, &seconds); err != nil {
			b.Fatalf("numpy: %v", err)
		}
		return seconds
	}
}
