package plain

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"cogumi/kernels"
)

// stage holds tensors of one operation and runs it.
type stage struct {
	t      *testing.T
	random *rand.Rand
	device kernels.Device
}

func newStage(t *testing.T) *stage {
	return &stage{t: t, random: rand.New(rand.NewPCG(3, 5)), device: New()}
}

func (s *stage) ints(x ...int32) *kernels.Tensor {
	t := kernels.NewTensor("i", kernels.I32, len(x))
	var b []byte
	for _, v := range x {
		b = binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	s.put(t, b)
	return t
}

func (s *stage) normal(shape ...int) (*kernels.Tensor, []float64) {
	t := kernels.NewTensor(fmt.Sprint(shape), kernels.F32, shape...)
	x := make([]float64, t.Len())
	var b []byte
	for i := range x {
		v := float32(s.random.NormFloat64())
		x[i] = float64(v)
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	s.put(t, b)
	return t, x
}

func (s *stage) put(t *kernels.Tensor, b []byte) {
	s.t.Helper()
	if err := s.device.Alloc(t); err != nil {
		s.t.Fatal(err)
	}
	if err := s.device.Write(t, 0, b); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) get(t *kernels.Tensor) []float64 {
	s.t.Helper()
	b := make([]byte, t.Bytes())
	if err := s.device.Read(t, 0, b); err != nil {
		s.t.Fatal(err)
	}
	x := make([]float64, t.Len())
	for i := range x {
		x[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:])))
	}
	return x
}

func (s *stage) run(ops ...kernels.Op) {
	s.t.Helper()
	e, err := s.device.Compile(&kernels.Program{Name: "test", Ops: ops})
	if err == nil {
		err = e.Run(context.Background())
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// checkGradient compares got with central differences of Σ weight·f() for every
// element of x.
func checkGradient(t *testing.T, what string, got, x, weight []float64, f func() []float64) {
	t.Helper()
	loss := func() (sum float64) {
		for i, y := range f() {
			sum += weight[i] * y
		}
		return sum
	}
	const h = 1e-5
	for i, old := range x {
		x[i] = old + h
		up := loss()
		x[i] = old - h
		want := (up - loss()) / (2 * h)
		x[i] = old
		if d := math.Abs(got[i] - want); !(d <= 1e-5*(1+math.Abs(want))) {
			t.Fatalf("%s: d[%d] = %g, differences say %g", what, i, got[i], want)
		}
	}
}

func compareForward(t *testing.T, what string, got, want []float64) {
	t.Helper()
	for i := range want {
		if d := math.Abs(got[i] - want[i]); !(d <= 2e-6*(1+math.Abs(want[i]))) {
			t.Fatalf("%s[%d] = %g, want %g", what, i, got[i], want[i])
		}
	}
}

func TestHeadNormGradient(t *testing.T) {
	const rows, heads, dim, eps = 4, 3, 10, 1e-6
	s := newStage(t)
	x, x64 := s.normal(rows, heads*dim)
	w, w64 := s.normal(dim)
	dy, dy64 := s.normal(rows, heads*dim)
	y, _ := s.normal(rows, heads*dim)
	rstd, _ := s.normal(rows, heads)
	dx, _ := s.normal(rows, heads*dim)
	f := &kernels.HeadNorm{Rows: s.ints(rows), X: x, W: w, Y: y, RStd: rstd, Eps: eps}
	s.run(f, &kernels.HeadNormBackward{Forward: f, DY: dy, DX: dx})
	formula := func() []float64 {
		out := make([]float64, len(x64))
		for i := 0; i < len(out); i += dim {
			var squares float64
			for _, v := range x64[i : i+dim] {
				squares += v * v
			}
			for c := range dim {
				out[i+c] = x64[i+c] / math.Sqrt(squares/dim+eps) * w64[c]
			}
		}
		return out
	}
	compareForward(t, "Y", s.get(y), formula())
	checkGradient(t, "X", s.get(dx), x64, dy64, formula)
}

// attention64 is attention as its definition reads: all scores, those outside
// the window or in the future left out.
func attention64(q, k, v []float64, cu []int32, heads, kvHeads, dim, window int, scale float64) []float64 {
	out := make([]float64, len(q))
	for s := range len(cu) - 1 {
		for i := int(cu[s]); i < int(cu[s+1]); i++ {
			for h := range heads {
				g := h / (heads / kvHeads)
				var sum float64
				o := out[(i*heads+h)*dim:][:dim]
				for j := int(cu[s]); j <= i; j++ {
					if window > 0 && i-j >= window {
						continue
					}
					var score float64
					for c := range dim {
						score += q[(i*heads+h)*dim+c] * k[(j*kvHeads+g)*dim+c]
					}
					e := math.Exp(score * scale)
					sum += e
					for c := range dim {
						o[c] += e * v[(j*kvHeads+g)*dim+c]
					}
				}
				for c := range o {
					o[c] /= sum
				}
			}
		}
	}
	return out
}

func TestWindowedAttentionGradient(t *testing.T) {
	const heads, kvHeads, dim, scale = 4, 2, 3, 0.5
	cu := []int32{0, 1, 8, 12}
	for _, window := range []int{0, 1, 2, 5, 7, 100} {
		s := newStage(t)
		q, q64 := s.normal(12, heads*dim)
		k, k64 := s.normal(12, kvHeads*dim)
		v, v64 := s.normal(12, kvHeads*dim)
		do, do64 := s.normal(12, heads*dim)
		o, _ := s.normal(12, heads*dim)
		lse, _ := s.normal(12, heads)
		dq, _ := s.normal(12, heads*dim)
		dk, _ := s.normal(12, kvHeads*dim)
		dv, _ := s.normal(12, kvHeads*dim)
		f := &kernels.Attention{Seqs: s.ints(3), CuSeqlens: s.ints(cu...), Q: q, K: k, V: v, O: o, LSE: lse,
			Heads: heads, KVHeads: kvHeads, HeadDim: dim, Scale: scale, Window: window}
		s.run(f, &kernels.AttentionBackward{Forward: f, DO: do, DQ: dq, DK: dk, DV: dv})
		formula := func() []float64 { return attention64(q64, k64, v64, cu, heads, kvHeads, dim, window, scale) }
		compareForward(t, fmt.Sprint("O, window ", window), s.get(o), formula())
		checkGradient(t, fmt.Sprint("Q, window ", window), s.get(dq), q64, do64, formula)
		checkGradient(t, fmt.Sprint("K, window ", window), s.get(dk), k64, do64, formula)
		checkGradient(t, fmt.Sprint("V, window ", window), s.get(dv), v64, do64, formula)
	}
}

// A cache gives what packed attention gives, token by token and in pieces.
func TestWindowedCache(t *testing.T) {
	const heads, kvHeads, dim, tokens = 4, 2, 3, 9
	for _, window := range []int{0, 1, 4, 9} {
		for _, pieces := range [][]int{{9}, {4, 5}, {1, 1, 1, 1, 1, 1, 1, 1, 1}, {8, 1}} {
			s := newStage(t)
			_, q64 := s.normal(tokens, heads*dim)
			_, k64 := s.normal(tokens, kvHeads*dim)
			_, v64 := s.normal(tokens, kvHeads*dim)
			kc, _ := s.normal(2, tokens, kvHeads*dim)
			vc, _ := s.normal(2, tokens, kvHeads*dim)
			want := attention64(q64, k64, v64, []int32{0, tokens}, heads, kvHeads, dim, window, 0.5)
			start := 0
			for _, n := range pieces {
				part := func(x []float64, width int) *kernels.Tensor {
					p := kernels.NewTensor("part", kernels.F32, n, width)
					var b []byte
					for _, v := range x[start*width : (start+n)*width] {
						b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(v)))
					}
					s.put(p, b)
					return p
				}
				o, _ := s.normal(n, heads*dim)
				s.run(&kernels.CachedAttention{Seqs: s.ints(1), CuSeqlens: s.ints(0, int32(n)), Pages: s.ints(1), Starts: s.ints(int32(start)),
					Q: part(q64, heads*dim), K: part(k64, kvHeads*dim), V: part(v64, kvHeads*dim), KCache: kc, VCache: vc, O: o,
					Heads: heads, KVHeads: kvHeads, HeadDim: dim, Scale: 0.5, Window: window})
				compareForward(t, fmt.Sprintf("O, window %d, tokens %d…%d", window, start, start+n), s.get(o), want[start*heads*dim:(start+n)*heads*dim])
				start += n
			}
		}
	}
}
