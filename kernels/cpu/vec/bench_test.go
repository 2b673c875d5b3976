package vec

import (
	"math/rand/v2"
	"testing"
	"time"
)

// BenchmarkVec times every function on slices that fit in L1, the best of many
// short runs, and how many times faster it is than its twin.
func BenchmarkVec(b *testing.B) {
	const n = 704
	for _, f := range elementwise {
		b.Run(f.name, func(b *testing.B) {
			in := inputs(rand.New(rand.NewPCG(1, 2)), f.slices, n)
			against(b, n, func() { f.got(in) }, func() { f.want(in) })
		})
	}
	x := random(rand.New(rand.NewPCG(3, 4)), n)
	y := random(rand.New(rand.NewPCG(5, 6)), n)
	packed, absmax := make([]byte, n/2), make([]float32, n/64)
	for i := range packed {
		packed[i] = byte(i * 37)
	}
	half := make([]uint16, n)
	for _, f := range []struct {
		name      string
		got, twin func()
	}{
		{"Dot", func() { Dot(x, y) }, func() { dotPlain(x, y) }},
		{"SumSquares", func() { SumSquares(x) }, func() { sumSquaresPlain(x) }},
		{"Max", func() { Max(x) }, func() { maxPlain(x) }},
		{"SumExp", func() { SumExp(x, 1) }, func() { sumExpPlain(x, 1) }},
		{"ToBF16", func() { ToBF16(half, x) }, func() { toBF16Plain(half, x) }},
		{"FromBF16", func() { FromBF16(y, half) }, func() { fromBF16Plain(y, half) }},
		{"DequantNF4", func() { DequantNF4(y, packed, absmax, false) }, func() { nf4Plain(y, packed, absmax, 0, false) }},
		{"DequantNF4 to bfloat16", func() { DequantNF4(y, packed, absmax, true) }, func() { nf4Plain(y, packed, absmax, 0, true) }},
	} {
		b.Run(f.name, func(b *testing.B) { against(b, n, f.got, f.twin) })
	}
}

func against(b *testing.B, n int, got, twin func()) {
	fast, slow := time.Duration(1<<62), time.Duration(1<<62)
	for b.Loop() {
		fast = min(fast, timed(50, got))
		slow = min(slow, timed(5, twin))
	}
	b.ReportMetric(float64(fast.Nanoseconds())/50/float64(n), "ns/value")
	b.ReportMetric(float64(slow)*10/float64(fast), "×twin")
	b.ReportMetric(0, "ns/op")
}

func timed(times int, f func()) time.Duration {
	start := time.Now()
	for range times {
		f()
	}
	return time.Since(start)
}
