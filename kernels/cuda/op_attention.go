package cuda

import (
	"fmt"

	"cogumi/kernels"
	"cogumi/kernels/cuda/driver"
)

func bindAttention(c *compiler, op kernels.Op) bool {
	switch o := op.(type) {
	case *kernels.Attention:
		c.attention(o)
	case *kernels.AttentionBackward:
		c.attentionBackward(o)
	case *kernels.CachedAttention:
		c.attentionCached(o)
	default:
		return false
	}
	return true
}

// heads is how an attention's columns are divided; padded is the head size that
// its kernels are made for.
type heads struct{ q, kv, d, padded int }

// heads refuses what no kernel serves.
func (c *compiler) heads(q, kv, d int) heads {
	if d%8 != 0 || d > 128 || kv == 0 || q%kv != 0 {
		c.fail(fmt.Errorf("%d query heads and %d KV heads of %d: on a GPU heads have a multiple of 8 values, at most 128, "+
			"and query heads are a multiple of KV heads: %w", q, kv, d, kernels.ErrUnsupported))
		return heads{1, 1, 64, 64}
	}
	h := heads{q, kv, d, 32}
	for h.padded < d {
		h.padded *= 2
	}
	return h
}

// name is a kernel for the padded head size.
func (h heads) name(family string) string { return fmt.Sprintf("%s_%d", family, h.padded) }

// forwardThreads is the block of attention_forward_…: 32 query rows a warp,
// 16 where a head is short.
func (h heads) forwardThreads() int {
	if h.padded == 32 {
		return 256
	}
	return 128
}

func (c *compiler) attention(o *kernels.Attention) {
	c.halves(o.Q, o.K, o.V, o.O)
	h := c.heads(o.Heads, o.KVHeads, o.HeadDim)
	p := c.attentionPlan(planKey{seqs: o.Seqs, cu: o.CuSeqlens, window: o.Window}, o.Q.Rows())
	c.attend(h, p, attended{o: c.ptr(o.O), lse: c.ptr(o.LSE), q: c.ptr(o.Q), k: c.ptr(o.K), v: c.ptr(o.V), rows: o.Q.Rows(), keys: o.K.Rows(),
		scale: o.Scale, window: o.Window})
}

// attended is what a forward reads and writes; k and v have keys rows, which may
// be those of a cache's pages, of length tokens.
type attended struct {
	o, lse, q, k, v driver.Ptr
	rows, keys      int
	pages           driver.Ptr // 0: no cache
	length          int
	scale           float32
	window          int
}

// attend appends the forward over a plan's tiles.
func (c *compiler) attend(h heads, p *attentionPlan, a attended) {
	if c.hopper(h) {
		c.attendHopper(h, p, a)
		return
	}
	const keys = 64 // a step
	c.launch(c.kernel(h.name("attention_forward")), [3]int{h.q, p.bound, 1}, [3]int{h.forwardThreads(), 1, 1},
		(tileRows+4*keys)*h.padded*2, a.o, a.lse, a.q, a.k, a.v, p.list, a.pages, a.length, p.bound, h.q, h.kv, h.d, a.scale, a.window)
}

func (c *compiler) attentionBackward(o *kernels.AttentionBackward) {
	f := o.Forward
	c.halves(f.Q, f.K, f.V, f.O, o.DO, o.DQ, o.DK, o.DV)
	h := c.heads(f.Heads, f.KVHeads, f.HeadDim)
	p := c.attentionPlan(planKey{seqs: f.Seqs, cu: f.CuSeqlens, window: f.Window}, f.Q.Rows())
	// Statistics of each sequence padded to whole tiles.
	stats := (f.Q.Rows() + tileRows*p.sequences + tileRows - 1) / tileRows * tileRows
	lse, delta := c.scratch(int64(4*stats*h.q)), c.scratch(int64(4*stats*h.q))
	c.launch(c.kernel("attention_prepare"), [3]int{p.bound, h.q, 1}, [3]int{128, 1, 1}, 0,
		lse, delta, c.ptr(f.O), c.ptr(o.DO), c.ptr(f.LSE), p.list, p.bound, h.q, h.d, stats)
	if c.hopper(h) {
		c.attentionBackwardHopper(h, p, o, lse, delta, stats)
		return
	}
	const rows = 32 // keys or queries a step
	shared := (2*tileRows + 4*rows) * h.padded * 2
	tail := []any{c.ptr(o.DO), lse, delta, c.ptr(f.Q), c.ptr(f.K), c.ptr(f.V), p.list, p.bound, h.q, h.kv, h.d, f.Scale, f.Window, stats}
	if o.DQ != nil {
		c.launch(c.kernel(h.name("attention_backward_q")), [3]int{h.q, p.bound, 1}, [3]int{256, 1, 1}, shared,
			append([]any{c.ptr(o.DQ)}, tail...)...)
	}
	if o.DK != nil || o.DV != nil {
		c.launch(c.kernel(h.name("attention_backward_kv")), [3]int{h.kv, p.bound, 1}, [3]int{256, 1, 1}, shared+4*4*rows,
			append([]any{c.ptr(o.DK), c.ptr(o.DV)}, tail...)...)
	}
}

// attentionCached appends to the cache, then serves sequences with many new
// tokens by tiles and those with few by a kernel that divides the cache.
func (c *compiler) attentionCached(o *kernels.CachedAttention) {
	c.halves(o.Q, o.K, o.V, o.O, o.KCache, o.VCache)
	h := c.heads(o.Heads, o.KVHeads, o.HeadDim)
	q, kc, vc, out := c.ptr(o.Q), c.ptr(o.KCache), c.ptr(o.VCache), c.ptr(o.O)
	seqs, cu, pages, starts := c.ptr(o.Seqs), c.ptr(o.CuSeqlens), c.ptr(o.Pages), c.ptr(o.Starts)
	length, mostPages, sequences := o.KCache.Shape[1], o.Pages.Cols(), o.CuSeqlens.Len()-1
	if mostPages > 1 && length%kernels.PageTokens != 0 {
		c.fail(fmt.Errorf("pages of %d tokens: a multiple of %d is needed: %w", length, kernels.PageTokens, kernels.ErrUnsupported))
	}
	if r := c.turns[o]; r != nil {
		c.turnedAppend(o, r)
	} else {
		c.launch(c.kernel("attention_append"), [3]int{o.K.Rows(), 1, 1}, [3]int{128, 1, 1}, 0,
			kc, vc, out, c.ptr(o.K), c.ptr(o.V), seqs, cu, pages, starts, mostPages, length, h.q*h.d, h.kv*h.d)
	}

	most := max(1, 16/(h.q/h.kv)) // new tokens whose query heads fill one product's rows
	if o.Q.Rows() > most {
		p := c.attentionPlan(planKey{seqs: o.Seqs, cu: o.CuSeqlens, starts: o.Starts, pages: mostPages, window: o.Window, skip: most}, o.Q.Rows())
		c.attend(h, p, attended{o: out, q: q, k: kc, v: vc, rows: o.Q.Rows(), keys: o.KCache.Shape[0] * length, pages: pages, length: length, scale: o.Scale, window: o.Window})
	}

	splits := c.splits(sequences*h.kv, mostPages*length)
	var partial, lse driver.Ptr
	if parts := int64(sequences * most * splits * h.q); splits > 1 {
		partial, lse = c.scratch(4*parts*int64(h.d)), c.scratch(4*parts)
	}
	const stages = 16*4*2*2 + 16 // rows in shared memory: 4 warps, 2 steps of 16 keys and values, the queries
	c.launch(c.kernel(h.name("attention_decode")), [3]int{splits, h.kv, sequences}, [3]int{128, 1, 1}, stages*h.padded*2,
		out, partial, lse, q, kc, vc, seqs, cu, pages, starts, mostPages, length, h.q, h.kv, h.d, o.Scale, o.Window, most)
	if splits > 1 {
		c.launch(c.kernel("attention_combine"), [3]int{most, sequences, h.q}, [3]int{128, 1, 1}, 0,
			out, partial, lse, seqs, cu, h.q, h.d, splits, most)
	}
}

// splits is in how many parts the cache of a sequence is read: enough blocks to
// fill the GPU twice, parts of 128 keys at least. It depends on the shapes
// alone, so that an answer does on nothing else.
func (c *compiler) splits(blocks, length int) int {
	want := (2*c.d.context.Device.Multiprocessors + blocks - 1) / blocks
	return max(1, min(want, length/128, 64))
}
