package attn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"cogumi/kernels/cpu/par"
)

var shapes = []Shape{
	{Heads: 4, KVHeads: 2, HeadDim: 64, Scale: 0.125},
	{Heads: 9, KVHeads: 3, HeadDim: 64, Scale: 0.125},
	{Heads: 2, KVHeads: 2, HeadDim: 24, Scale: 0.2},
	{Heads: 6, KVHeads: 1, HeadDim: 5, Scale: 0.4},
	{Heads: 4, KVHeads: 2, HeadDim: 16, Scale: 0.25, Window: 16},
	{Heads: 1, KVHeads: 1, HeadDim: 32, Scale: 0.2, Window: 100},
	{Heads: 2, KVHeads: 1, HeadDim: 8, Scale: 0.3, Window: 1},
}

func (s Shape) String() string {
	return fmt.Sprintf("%d-%d heads of %d, window %d", s.Heads, s.KVHeads, s.HeadDim, s.Window)
}

// batch is packed sequences with Q, K and V in one buffer.
type batch struct {
	s          Shape
	cu         []int32
	q, k, v, o Rows
	lse        []float32
}

func newBatch(r *rand.Rand, s Shape, lengths ...int) *batch {
	b := &batch{s: s, cu: []int32{0}}
	tokens := 0
	for _, n := range lengths {
		tokens += n
		b.cu = append(b.cu, int32(tokens))
	}
	stride := (s.Heads + 2*s.KVHeads) * s.HeadDim
	buf := normal(r, tokens*stride+3)
	b.q = Rows{buf, stride}
	b.k = Rows{buf[s.Heads*s.HeadDim:], stride}
	b.v = Rows{buf[(s.Heads+s.KVHeads)*s.HeadDim:], stride}
	b.o = b.like(s.Heads)
	b.lse = make([]float32, tokens*s.Heads)
	return b
}

func (b *batch) tokens() int { return int(b.cu[len(b.cu)-1]) }

// like makes rows of so many heads.
func (b *batch) like(heads int) Rows {
	return Rows{make([]float32, b.tokens()*heads*b.s.HeadDim), heads * b.s.HeadDim}
}

func normal(r *rand.Rand, n int) []float32 {
	s := make([]float32, n)
	for i := range s {
		s[i] = float32(r.NormFloat64())
	}
	return s
}

func near(t *testing.T, what string, got, want []float32, tol float64) {
	t.Helper()
	for i, w := range want {
		if d := math.Abs(float64(got[i]) - float64(w)); !(d <= tol*max(1, math.Abs(float64(w)))) {
			t.Fatalf("%s: [%d] = %g, want %g", what, i, got[i], w)
		}
	}
}

func same(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i, w := range want {
		if math.Float32bits(got[i]) != math.Float32bits(w) {
			t.Fatalf("%s: [%d] = %g, want %g, the same bits", what, i, got[i], w)
		}
	}
}

func TestForwardAgainstTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, s := range shapes {
		for _, lengths := range [][]int{{1}, {2, 1, 3}, {5, 0, 64, 63}, {65, 7}, {128, 1, 129}, {300}} {
			b := newBatch(r, s, lengths...)
			Forward(s, b.o, b.lse, b.q, b.k, b.v, b.cu)
			o, lse := b.like(s.Heads), make([]float32, len(b.lse))
			forwardPlain(s, o, lse, b.q, b.k, b.v, b.cu)
			near(t, fmt.Sprint("O, ", s, lengths), b.o.Data, o.Data, 3e-6)
			near(t, fmt.Sprint("lse, ", s, lengths), b.lse, lse, 3e-6)
		}
	}
}

func TestBackwardAgainstTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, s := range shapes {
		for _, lengths := range [][]int{{1}, {2, 1, 3}, {5, 0, 64, 63}, {65, 7}, {200}} {
			b := newBatch(r, s, lengths...)
			Forward(s, b.o, b.lse, b.q, b.k, b.v, b.cu)
			do := Rows{normal(r, len(b.o.Data)), b.o.Stride}
			got, want := b.gradients(Backward, do), b.gradients(backwardPlain, do)
			for i, name := range []string{"dQ", "dK", "dV"} {
				near(t, fmt.Sprint(name, ", ", s, lengths), got[i].Data, want[i].Data, 1e-5)
			}
		}
	}
}

// gradients of Q, K and V, by Backward or its twin; what they overwrite is not 0.
func (b *batch) gradients(fn func(s Shape, dq, dk, dv, do, o, q, k, v Rows, lse []float32, cu []int32), do Rows) [3]Rows {
	g := [3]Rows{b.like(b.s.Heads), b.like(b.s.KVHeads), b.like(b.s.KVHeads)}
	for _, r := range g {
		for i := range r.Data {
			r.Data[i] = 77
		}
	}
	fn(b.s, g[0], g[1], g[2], do, b.o, b.q, b.k, b.v, b.lse, b.cu)
	return g
}

// TestTwinGradient checks the twin itself by differences.
func TestTwinGradient(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, s := range []Shape{{Heads: 2, KVHeads: 1, HeadDim: 3, Scale: 0.6}, {Heads: 2, KVHeads: 2, HeadDim: 4, Scale: 0.5, Window: 3}} {
		b := newBatch(r, s, 6, 3)
		do := Rows{normal(r, len(b.o.Data)), b.o.Stride}
		loss := func() (sum float64) {
			forwardPlain(s, b.o, b.lse, b.q, b.k, b.v, b.cu)
			for i, o := range b.o.Data {
				sum += float64(o) * float64(do.Data[i])
			}
			return sum
		}
		loss()
		g := b.gradients(backwardPlain, do)
		for i, in := range []Rows{b.q, b.k, b.v} {
			heads := []int{s.Heads, s.KVHeads, s.KVHeads}[i]
			for token := range b.tokens() {
				for e := range heads * s.HeadDim {
					x := &in.Data[token*in.Stride+e]
					const h = 1.0 / 64
					was := *x
					*x = was + h
					up := loss()
					*x = was - h
					down := loss()
					*x = was
					want := (up - down) / (2 * h)
					if got := float64(g[i].Data[token*g[i].Stride+e]); math.Abs(got-want) > 2e-3*max(1, math.Abs(want)) {
						t.Fatalf("%v: gradient %d of token %d, %d is %g, by differences %g", s, i, token, e, got, want)
					}
				}
			}
		}
	}
}

// TestRowsStandAlone: a sequence has the same bits alone and in a batch, on one
// worker and on many, forward and backward.
func TestRowsStandAlone(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, s := range shapes {
		b := newBatch(r, s, 3, 70, 1, 150)
		do := Rows{normal(r, len(b.o.Data)), b.o.Stride}
		Forward(s, b.o, b.lse, b.q, b.k, b.v, b.cu)
		g := b.gradients(Backward, do)

		was := par.SetWorkers(1)
		for n := range len(b.cu) - 1 {
			lo, hi := int(b.cu[n]), int(b.cu[n+1])
			one := &batch{s: s, cu: []int32{0, int32(hi - lo)}}
			one.q, one.k, one.v = b.q.from(lo), b.k.from(lo), b.v.from(lo)
			one.o, one.lse = one.like(s.Heads), make([]float32, (hi-lo)*s.Heads)
			Forward(s, one.o, one.lse, one.q, one.k, one.v, one.cu)
			same(t, "O alone", b.o.from(lo).Data, one.o.Data)
			same(t, "lse alone", b.lse[lo*s.Heads:], one.lse)
			for i, gi := range one.gradients(Backward, do.from(lo)) {
				same(t, fmt.Sprint("gradient ", i, " alone"), g[i].from(lo).Data, gi.Data)
			}
		}
		par.SetWorkers(was)
	}
}

func (r Rows) from(token int) Rows { return Rows{r.Data[token*r.Stride:], r.Stride} }
