package cpu

import (
	"cogumi/kernels"
	"cogumi/kernels/cpu/attn"
	"cogumi/kernels/host"
)

func heads(v *host.View, t *kernels.Tensor) attn.Rows {
	return attn.Rows{Data: v.F32(t), Stride: t.Cols()}
}

func shape(o *kernels.Attention) attn.Shape {
	return attn.Shape{Heads: o.Heads, KVHeads: o.KVHeads, HeadDim: o.HeadDim, Scale: o.Scale, Window: o.Window}
}

func attention(v *host.View, o *kernels.Attention) func() {
	cu, lse := v.I32(o.CuSeqlens), v.F32(o.LSE)
	return func() {
		attn.Forward(shape(o), heads(v, o.O), lse, heads(v, o.Q), heads(v, o.K), heads(v, o.V), cu[:count(v, o.Seqs)+1])
	}
}

func attentionBackward(v *host.View, o *kernels.AttentionBackward) func() {
	f := o.Forward
	cu, lse := v.I32(f.CuSeqlens), v.F32(f.LSE)
	// Layer 0 may need no gradient of some inputs; the kernel computes all three.
	spare := func(d, like *kernels.Tensor) attn.Rows {
		if d == nil {
			return attn.Rows{Data: make([]float32, like.Len()), Stride: like.Cols()}
		}
		return heads(v, d)
	}
	dq, dk, dv := spare(o.DQ, f.Q), spare(o.DK, f.K), spare(o.DV, f.V)
	return func() {
		attn.Backward(shape(f), dq, dk, dv, heads(v, o.DO), heads(v, f.O), heads(v, f.Q), heads(v, f.K), heads(v, f.V), lse, cu[:count(v, f.Seqs)+1])
	}
}

func cachedAttention(v *host.View, o *kernels.CachedAttention) func() {
	s := attn.Shape{Heads: o.Heads, KVHeads: o.KVHeads, HeadDim: o.HeadDim, Scale: o.Scale, Window: o.Window}
	length, pages := o.KCache.Shape[1], attn.Pages{Table: v.I32(o.Pages), Most: o.Pages.Cols()}
	if s.CanPanel(length) {
		return paneledAttention(v, o, s, pages)
	}
	kc, vc := attn.Cache{Data: v.F32(o.KCache), Length: length}, attn.Cache{Data: v.F32(o.VCache), Length: length}
	cu, starts := v.I32(o.CuSeqlens), v.I32(o.Starts)
	return func() {
		n := count(v, o.Seqs)
		for q := range n {
			kc.Append(s, heads(v, o.K), int(cu[q]), int(cu[q+1]-cu[q]), pages.Of(q), int(starts[q]))
			vc.Append(s, heads(v, o.V), int(cu[q]), int(cu[q+1]-cu[q]), pages.Of(q), int(starts[q]))
		}
		attn.Decode(s, heads(v, o.O), heads(v, o.Q), kc, vc, cu[:n+1], pages, starts[:n])
	}
}

// paneledAttention keeps the cache as products read it.
func paneledAttention(v *host.View, o *kernels.CachedAttention, s attn.Shape, pages attn.Pages) func() {
	p := attn.Panels{Keys: v.F32(o.KCache), Values: v.F32(o.VCache), Length: o.KCache.Shape[1]}
	cu, starts := v.I32(o.CuSeqlens), v.I32(o.Starts)
	return func() {
		n := count(v, o.Seqs)
		for q := range n {
			p.Append(s, heads(v, o.K), heads(v, o.V), int(cu[q]), int(cu[q+1]-cu[q]), pages.Of(q), int(starts[q]))
		}
		attn.DecodePanels(s, heads(v, o.O), heads(v, o.Q), p, cu[:n+1], pages, starts[:n])
	}
}
