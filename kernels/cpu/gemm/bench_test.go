package gemm

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"cogumi/kernels/cpu/par"
)

// shapes are M, N, K: projections of small models for a training step, a prompt, a
// batch of sequences that decode; and the thin products of LoRA.
var shapes = [][3]int{
	{1024, 704, 256}, {1024, 256, 704}, {1024, 256, 256}, {1024, 2048, 256}, {2048, 1536, 576}, {2048, 576, 1536},
	{256, 704, 256}, {64, 704, 256}, {16, 704, 256}, {4, 704, 256}, {1, 704, 256}, {1, 1536, 576}, {16, 1536, 576},
	{1024, 16, 256}, {1024, 256, 16}, {1024, 704, 16},
}

// BenchmarkMul prints GFLOP/s and their share of what the cores can do at best,
// measured in the same run.
func BenchmarkMul(b *testing.B) {
	for _, s := range shapes {
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

// BenchmarkMulMatrix are products whose B is packed on the way: gradients of LoRA
// weights over 1024 tokens, and an input's way down the rank.
func BenchmarkMulMatrix(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	const tokens, rank, in, out = 1024, 16, 256, 704
	x, g := Dense(random(r, tokens*in), tokens, in), Dense(random(r, tokens*rank), tokens, rank)
	dy, u := Dense(random(r, tokens*out), tokens, out), Dense(random(r, tokens*rank), tokens, rank)
	w := Dense(random(r, rank*in), rank, in)
	for _, p := range []struct {
		name    string
		c, a, b Matrix
	}{
		{"dA=GᵀX", Dense(make([]float32, rank*in), rank, in), g.T(), x},
		{"dB=dYᵀU", Dense(make([]float32, out*rank), out, rank), dy.T(), u},
		{"U=XAᵀ", Dense(make([]float32, tokens*rank), tokens, rank), x, w.T()},
		{"GA", Dense(make([]float32, tokens*in), tokens, in), g, w},
	} {
		b.Run(p.name, func(b *testing.B) {
			measure(b, 1, p.a.Rows*p.a.Cols*p.b.Cols, func() { MulMatrix(p.c, p.a, p.b, true) })
		})
	}
}

// BenchmarkPack prints how fast weights become panels.
func BenchmarkPack(b *testing.B) {
	m := Dense(make([]float32, 704*256), 704, 256)
	var p Packed
	for _, c := range []struct {
		name string
		fill func()
	}{
		{"transposed", func() { p.Fill(m.T()) }},
		{"rows", func() { p.Fill(m) }},
		{"columns of a function", func() { p.FillColumns(256, 704, func(j int, dst []float32) { copy(dst, m.Data[j*256:]) }) }},
		{"rows of a function", func() { p.FillRows(704, 256, func(i int, dst []float32) { copy(dst, m.Data[i*256:]) }) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(4 * 704 * 256)
			for b.Loop() {
				c.fill()
			}
		})
	}
}
