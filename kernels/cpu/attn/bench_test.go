package attn

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// rate reports the useful products (below the diagonal) in GFLOP/s.
func rate(b *testing.B, s Shape, products int, lengths []int) {
	var n float64
	for _, l := range lengths {
		n += float64(l) * float64(l+1) / 2
	}
	n *= 2 * float64(products*s.Heads*s.HeadDim)
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}

func repeated(n, times int) []int {
	l := make([]int, times)
	for i := range l {
		l[i] = n
	}
	return l
}

func BenchmarkAttention(b *testing.B) {
	s := shapes[0]
	for _, lengths := range [][]int{repeated(48, 21), repeated(64, 16), repeated(256, 4), repeated(2048, 1)} {
		x := newBatch(rand.New(rand.NewPCG(1, 2)), s, lengths...)
		name := fmt.Sprintf("%dx%d", len(lengths), lengths[0])
		b.Run("forward/"+name, func(b *testing.B) {
			for b.Loop() {
				Forward(s, x.o, x.lse, x.q, x.k, x.v, x.cu)
			}
			rate(b, s, 2, lengths)
		})
		b.Run("backward/"+name, func(b *testing.B) {
			dq, dk, dv := x.like(s.Heads), x.like(s.KVHeads), x.like(s.KVHeads)
			for b.Loop() {
				Backward(s, dq, dk, dv, x.o, x.o, x.q, x.k, x.v, x.lse, x.cu)
			}
			rate(b, s, 5, lengths)
		})
	}
}

// BenchmarkDecode is one new token for each of 32 sequences.
func BenchmarkDecode(b *testing.B) {
	s := shapes[0]
	const slots = 32
	for _, length := range []int{50, 200, 1000} {
		b.Run(fmt.Sprint(length), func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 2))
			width := s.KVHeads * s.HeadDim
			k, v := Cache{normal(r, slots*length*width), length}, Cache{normal(r, slots*length*width), length}
			q := Rows{normal(r, slots*s.Heads*s.HeadDim), s.Heads * s.HeadDim}
			o := Rows{make([]float32, len(q.Data)), q.Stride}
			cu, at, starts := make([]int32, slots+1), make([]int32, slots), make([]int32, slots)
			for i := range at {
				cu[i+1], at[i], starts[i] = int32(i+1), int32(i), int32(length-1)
			}
			for b.Loop() {
				Decode(s, o, q, k, v, cu, Pages{at, 1}, starts)
			}
			b.ReportMetric(float64(slots*length*width*2*4)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GB/s")
		})
	}
}
