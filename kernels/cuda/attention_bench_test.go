package cuda

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"cogumi/kernels"
	"cogumi/kernels/nf4"
)

// repeats is how often a program does what is timed, so that the gaps between
// runs do not count.
const repeats = 10

// attentionLoad is packed sequences of one length, over random values.
type attentionLoad struct {
	name                string
	sequences, length   int
	heads, kv, d        int
	portable, backwards bool
}

func (l attentionLoad) String() string {
	version, pass := "hopper", "forward"
	if l.portable {
		version = "portable"
	}
	if l.backwards {
		pass = "backward"
	}
	return fmt.Sprintf("%s/%s/%s", pass, l.name, version)
}

// operations is multiplications and additions that causal attention needs:
// two products forward, five backward, of half of the scores.
func (l attentionLoad) operations() float64 {
	products := 2.0
	if l.backwards {
		products = 5
	}
	return products * float64(l.sequences) * float64(l.length) * float64(l.length) * float64(l.heads*l.d)
}

// BenchmarkAttention times Llama 3.1 8B's attention, a smaller model's, and many
// short sequences. Beside it: check/attention_peer.py.
func BenchmarkAttention(b *testing.B) {
	for _, l := range []attentionLoad{
		{name: "4x2048x32x128", sequences: 4, length: 2048, heads: 32, kv: 8, d: 128},
		{name: "1x8192x32x128", sequences: 1, length: 8192, heads: 32, kv: 8, d: 128},
		{name: "27x300x32x128", sequences: 27, length: 300, heads: 32, kv: 8, d: 128},
		{name: "4x2048x32x64", sequences: 4, length: 2048, heads: 32, kv: 8, d: 64},
	} {
		for _, l.backwards = range []bool{false, true} {
			for _, l.portable = range []bool{false, true} {
				b.Run(l.String(), l.run)
			}
		}
	}
}

func (l attentionLoad) run(b *testing.B) {
	d := open(b, Options{})
	d.portable = l.portable
	s := newScene(1, kernels.BF16)
	rows := l.sequences * l.length
	cu := make([]int32, l.sequences+1)
	for i := range cu {
		cu[i] = int32(i * l.length)
	}
	pool := make([]float32, 1<<20)
	for i := range pool {
		pool[i] = nf4.RoundBF16(float32(s.random.NormFloat64()))
	}
	random := func(cols int) *kernels.Tensor {
		x := make([]float32, rows*cols)
		for i := 0; i < len(x); i += len(pool) {
			copy(x[i:], pool[s.random.IntN(len(pool)/2):])
		}
		return s.activation(x, rows, cols)
	}
	width, kv := l.heads*l.d, l.kv*l.d
	f := &kernels.Attention{Seqs: s.ints(int32(l.sequences)), CuSeqlens: s.ints(cu...), Q: random(width), K: random(kv), V: random(kv), O: random(width),
		LSE: s.f32(make([]float32, rows*l.heads), rows, l.heads), Heads: l.heads, KVHeads: l.kv, HeadDim: l.d, Scale: float32(1 / math.Sqrt(float64(l.d)))}
	back := &kernels.AttentionBackward{Forward: f, DO: random(width), DQ: random(width), DK: random(kv), DV: random(kv)}
	once := func(n int, op kernels.Op) kernels.Executable {
		p := &kernels.Program{Name: "attention"}
		for range n {
			p.Add(op)
		}
		e, err := d.Compile(p)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { e.Close() })
		return e
	}
	if err := d.Alloc(s.tensors...); err != nil {
		b.Fatal(err)
	}
	for _, x := range s.tensors {
		if err := d.Write(x, 0, s.data[x]); err != nil {
			b.Fatal(err)
		}
	}
	e := once(repeats, f)
	run := func(e kernels.Executable) {
		if err := e.Run(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	run(e)
	if l.backwards {
		e = once(repeats, back)
		run(e)
	}
	run(e)
	var times []time.Duration
	for b.Loop() {
		times = append(times, elapsed(b, d, func() { run(e) }))
	}
	slices.Sort(times)
	each := times[len(times)/2].Seconds() / repeats
	b.ReportMetric(each*1e3, "ms/layer")
	b.ReportMetric(l.operations()/each/1e12, "TFLOP/s")
	b.ReportMetric(0, "ns/op")
}
