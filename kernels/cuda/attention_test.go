package cuda

import (
	"fmt"
	"math"
	"testing"

	"cogumi/kernels"
)

// attentionCase is packed sequences.
type attentionCase struct {
	lengths      []int
	heads, kv, d int
	window       int
}

// attentionCases has lengths around the edges of tiles (64, 128), sequences of
// no and one token, groups of 1 to 8 heads, windows within, across and beyond
// tiles, and head sizes that are padded.
var attentionCases = []attentionCase{
	{lengths: []int{1, 130, 0, 64, 5}, heads: 4, kv: 2, d: 128},
	{lengths: []int{257, 300}, heads: 8, kv: 2, d: 128},
	{lengths: []int{384}, heads: 3, kv: 3, d: 128, window: 129},
	{lengths: []int{200, 150}, heads: 2, kv: 1, d: 128, window: 70},
	{lengths: []int{129, 127, 1}, heads: 8, kv: 1, d: 64},
	{lengths: []int{300, 2}, heads: 2, kv: 2, d: 64, window: 100},
	{lengths: []int{63, 65, 640}, heads: 4, kv: 2, d: 64},
	{lengths: []int{3, 33, 190}, heads: 3, kv: 1, d: 24},
	{lengths: []int{140, 7}, heads: 2, kv: 1, d: 80},
	{lengths: []int{66}, heads: 8, kv: 1, d: 32, window: 9},
	{lengths: []int{140}, heads: 2, kv: 1, d: 96, window: 3},
	{lengths: []int{17, 30}, heads: 2, kv: 2, d: 8},
	{lengths: nil, heads: 2, kv: 1, d: 64},
}

const spareRows, spareSequences = 5, 2

func (c attentionCase) name() string {
	return fmt.Sprintf("%v of %d heads %d-%d window %d", c.lengths, c.d, c.heads, c.kv, c.window)
}

func (c attentionCase) used() (n int) {
	for _, l := range c.lengths {
		n += l
	}
	return n
}

// cu is the sequences' rows; what follows them is nonsense that no kernel may
// look at.
func (c attentionCase) cu() []int32 {
	cu := []int32{0}
	for _, l := range c.lengths {
		cu = append(cu, cu[len(cu)-1]+int32(l))
	}
	for range spareSequences {
		cu = append(cu, -1)
	}
	return cu
}

// spoiled is random values whose rows from `used` on are NaN on the GPU: no
// result may depend on them.
func (s *scene) spoiled(rows, used, cols int) *kernels.Tensor {
	x := s.normal(rows*cols, 1)
	for i := used * cols; i < len(x) && s.compute == kernels.BF16; i++ {
		x[i] = float32(math.NaN())
	}
	return s.activation(x, rows, cols)
}

func (c attentionCase) train(s *scene) {
	used := c.used()
	rows := used + spareRows
	width, kv := c.heads*c.d, c.kv*c.d
	f := &kernels.Attention{Seqs: s.ints(int32(len(c.lengths))), CuSeqlens: s.ints(c.cu()...),
		Q: s.spoiled(rows, used, width), K: s.spoiled(rows, used, kv), V: s.spoiled(rows, used, kv), O: s.spoiled(rows, used, width),
		LSE:   s.f32(s.normal(rows*c.heads, 1), rows, c.heads),
		Heads: c.heads, KVHeads: c.kv, HeadDim: c.d, Scale: float32(1 / math.Sqrt(float64(c.d))), Window: c.window}
	b := &kernels.AttentionBackward{Forward: f, DO: s.spoiled(rows, used, width),
		DQ: s.spoiled(rows, used, width), DK: s.spoiled(rows, used, kv), DV: s.spoiled(rows, used, kv)}
	s.program.Add(f, b)
	s.results = []result{{f.O, used, 5e-3}, {f.LSE, used, 1e-4}, {b.DQ, used, 1e-2}, {b.DK, used, 1e-2}, {b.DV, used, 1e-2}}
}

// versions tests both versions of the kernels, where this GPU has two.
func versions(t *testing.T, test func(t *testing.T, d *Device)) {
	for _, portable := range []bool{false, true} {
		t.Run(fmt.Sprintf("portable=%v", portable), func(t *testing.T) {
			d := open(t, Options{})
			d.portable = portable
			test(t, d)
		})
	}
}

func TestAttention(t *testing.T) {
	versions(t, func(t *testing.T, d *Device) {
		for i, c := range attentionCases {
			t.Run(c.name(), func(t *testing.T) {
				if c.used() > 0 {
					twins(t, d, uint64(i), c.train)
				}
				beyondIsZero(t, d, c.train)
			})
		}
	})
}

// cached is a mix of sequences with few and with many tokens, over caches that
// hold some already.
func (c attentionCase) cached(s *scene, paged bool) {
	used, n := c.used(), len(c.lengths)
	rows := used + spareRows
	width, kv := c.heads*c.d, c.kv*c.d
	starts, length, most := make([]int32, n+spareSequences), 1, 1
	for i := range n {
		starts[i] = int32(s.random.IntN(2) * s.random.IntN(300))
		length = max(length, int(starts[i])+c.lengths[i])
	}
	if paged {
		length, most = kernels.PageTokens, length/kernels.PageTokens+1
	}
	all := (n + 1) * most
	list := make([]int32, (n+spareSequences)*most)
	for i, at := range s.random.Perm(n * most) {
		list[i] = int32(at)
	}
	pages := s.ints(list...)
	pages.Shape = []int{n + spareSequences, most}
	cache := func() *kernels.Tensor {
		t := s.activation(s.normal(all*length*kv, 1), all*length, kv)
		t.Shape = []int{all, length, kv}
		return t
	}
	o := &kernels.CachedAttention{Seqs: s.ints(int32(n)), CuSeqlens: s.ints(c.cu()...), Pages: pages, Starts: s.ints(starts...),
		Q: s.spoiled(rows, used, width), K: s.spoiled(rows, used, kv), V: s.spoiled(rows, used, kv), KCache: cache(), VCache: cache(),
		O: s.spoiled(rows, used, width), Heads: c.heads, KVHeads: c.kv, HeadDim: c.d, Scale: float32(1 / math.Sqrt(float64(c.d))), Window: c.window}
	s.program.Add(o)
	s.results = []result{{o.O, used, 5e-3}, {o.KCache, all * length, 0}, {o.VCache, all * length, 0}}
}

func TestCachedAttention(t *testing.T) {
	versions(t, func(t *testing.T, d *Device) {
		for i, c := range attentionCases {
			if c.used() > 0 {
				t.Run(c.name(), func(t *testing.T) {
					twins(t, d, uint64(i), func(s *scene) { c.cached(s, false) })
					twins(t, d, uint64(i), func(s *scene) { c.cached(s, true) })
				})
			}
		}
	})
}

// turned is cached behind the rotations of its queries and keys.
func (c attentionCase) turned(s *scene, paged bool) {
	c.cached(s, paged)
	o := s.program.Ops[0].(*kernels.CachedAttention)
	at := make([]int32, o.Q.Rows())
	for i := range at {
		at[i] = int32(s.random.IntN(50))
	}
	cosine, sine := s.normal(50*c.d/2, 1), make([]float32, 50*c.d/2)
	for i, x := range cosine {
		cosine[i], sine[i] = float32(math.Cos(float64(x))), float32(math.Sin(float64(x)))
	}
	q := &kernels.Rope{Rows: s.ints(int32(c.used())), X: o.Q, Positions: s.ints(at...), Cos: s.f32(cosine, 50, c.d/2), Sin: s.f32(sine, 50, c.d/2), HeadDim: c.d}
	k := *q
	k.X = o.K
	s.program.Ops = []kernels.Op{q, &k, o}
	s.results = []result{{o.Q, c.used(), 1e-2}, {o.K, c.used(), 1e-2}, {o.O, c.used(), 3e-2}, {o.KCache, s.results[1].rows, 1e-2}, s.results[2]}
}

// turnedCases are of few rows, where one launch turns and appends, and of more.
var turnedCases = []attentionCase{
	{lengths: []int{1}, heads: 32, kv: 8, d: 128},
	{lengths: []int{1, 1, 1, 0, 1}, heads: 4, kv: 2, d: 64},
	{lengths: []int{5, 70, 1}, heads: 4, kv: 1, d: 80},
	{lengths: []int{3, 30}, heads: 3, kv: 1, d: 24},
	{lengths: []int{150, 1}, heads: 2, kv: 2, d: 128},
}

func TestTurnedAttention(t *testing.T) {
	d := open(t, Options{})
	for i, c := range turnedCases {
		t.Run(c.name(), func(t *testing.T) {
			for _, paged := range []bool{false, true} {
				twins(t, d, uint64(i), func(s *scene) { c.turned(s, paged) })
			}
		})
	}
}

// TestTurns: one launch serves the rotations of one attention's own queries and
// keys, in that order, alike, by heads and rows that the kernel is made for.
func TestTurns(t *testing.T) {
	for _, test := range []struct {
		what   string
		want   int
		change func(q, k *kernels.Rope, o *kernels.CachedAttention)
	}{
		{"as recorded", 3, func(q, k *kernels.Rope, o *kernels.CachedAttention) {}},
		{"the other way round", 0, func(q, k *kernels.Rope, o *kernels.CachedAttention) { q.X, k.X = k.X, q.X }},
		{"of others", 0, func(q, k *kernels.Rope, o *kernels.CachedAttention) { q.X = o.O }},
		{"back", 0, func(q, k *kernels.Rope, o *kernels.CachedAttention) { q.Inverse, k.Inverse = true, true }},
		{"at other places", 0, func(q, k *kernels.Rope, o *kernels.CachedAttention) { k.Positions = o.Starts }},
		{"keys back", 0, func(q, k *kernels.Rope, o *kernels.CachedAttention) { k.Inverse = true }},
		{"parts of heads", 0, func(q, k *kernels.Rope, o *kernels.CachedAttention) { q.HeadDim, k.HeadDim = 32, 32 }},
		{"heads of 24", 0, func(q, k *kernels.Rope, o *kernels.CachedAttention) { q.HeadDim, k.HeadDim, o.HeadDim = 24, 24, 24 }},
		{"many rows", 0, func(q, k *kernels.Rope, o *kernels.CachedAttention) { o.Q.Shape[0] = turnedRows + 1 }},
	} {
		s := newScene(1, kernels.BF16)
		attentionCase{lengths: []int{1, 1}, heads: 4, kv: 2, d: 64}.turned(s, true)
		p := &s.program
		test.change(p.Ops[0].(*kernels.Rope), p.Ops[1].(*kernels.Rope), p.Ops[2].(*kernels.CachedAttention))
		if got := len(turns(p)); got != test.want {
			t.Errorf("%s: %d operations are one launch, want %d", test.what, got, test.want)
		}
	}
}

// TestAttentionRepeats: the same bits every time, although blocks take their
// work in whatever order they come.
func TestAttentionRepeats(t *testing.T) {
	versions(t, func(t *testing.T, d *Device) {
		c := attentionCase{lengths: []int{700, 1, 411, 900}, heads: 8, kv: 2, d: 128}
		var first [][]float32
		for range 5 {
			s := newScene(9, kernels.BF16)
			c.train(s)
			got := s.run(t, d)
			if first == nil {
				first = got
			}
			for i, x := range got {
				for k := range x {
					if math.Float32bits(x[k]) != math.Float32bits(first[i][k]) {
						t.Fatalf("result %d differs at %d: %g, %g", i, k, x[k], first[i][k])
					}
				}
			}
		}
	})
}

// TestAttentionRefusesHeads: a head size that no kernel serves is told, not
// computed wrong.
func TestAttentionRefusesHeads(t *testing.T) {
	c := &compiler{}
	for _, d := range []int{4, 20, 136, 256} {
		c.err = nil
		if c.heads(4, 2, d); c.err == nil {
			t.Errorf("heads of %d were taken", d)
		}
	}
	c.err = nil
	if c.heads(5, 2, 64); c.err == nil {
		t.Error("5 query heads of 2 KV heads were taken")
	}
	c.err = nil
	if h := c.heads(6, 2, 72); c.err != nil || h.padded != 128 {
		t.Errorf("heads of 72: padded to %d, %v", h.padded, c.err)
	}
}
