package attn

import (
	"cogumi/kernels/cpu/gemm"
	"cogumi/kernels/cpu/par"
)

// Panels is a cache whose keys and values lie as products read them, so that a
// new token reads what it sees once and packs nothing. Page p, KV head h and block
// b of 64 tokens have 64·HeadDim values each in Keys and in Values, from
// ((p·KVHeads + h)·Length + 64·b)·HeadDim on: Kᵀ in panels of tokens, V in panels of
// columns. What that is differs between machines: it never leaves the device.
type Panels struct {
	Keys, Values []float32
	Length       int // tokens of a page, a multiple of 64
}

// CanPanel tells whether a cache of pages of that length can be Panels.
func (s Shape) CanPanel(length int) bool {
	return length%blockLen == 0 && s.HeadDim%gemm.Width() == 0 && blockLen%gemm.Width() == 0
}

// block is where the values of the block with token `at` of a page begin.
func (p Panels) block(s Shape, page int32, head, at int) int {
	return ((int(page)*s.KVHeads+head)*p.Length + at/blockLen*blockLen) * s.HeadDim
}

// Append adds the heads of new tokens, rows of k and v from `row` on, as tokens
// start… of a sequence.
func (p Panels) Append(s Shape, k, v Rows, row, count int, pages []int32, start int) {
	dim, nr := s.HeadDim, gemm.Width()
	for i := range count {
		page, at := pages[(start+i)/p.Length], (start+i)%p.Length
		for h := range s.KVHeads {
			from, at := p.block(s, page, h, at), at%blockLen
			keys := p.Keys[from+at/nr*dim*nr+at%nr:]
			for d, x := range k.at(row+i, h, dim) {
				keys[d*nr] = x
			}
			values := p.Values[from:]
			for d, x := range v.at(row+i, h, dim) {
				values[(d/nr*blockLen+at)*nr+d%nr] = x
			}
		}
	}
}

// paneled is one sequence and KV head.
type paneled struct {
	Panels
	s     Shape
	pages []int32
	head  int
}

func (p *paneled) operands(w *work, from, to, dim int) (k, v *gemm.Packed) {
	at, nr := p.block(p.s, p.pages[from/p.Length], p.head, from%p.Length), gemm.Width()
	w.keysView = gemm.View(p.Keys[at:at+blockLen*dim], dim, to-from, dim*nr)
	w.valuesView = gemm.View(p.Values[at:at+blockLen*dim], to-from, dim, blockLen*nr)
	return &w.keysView, &w.valuesView
}

// DecodePanels is Decode over Panels.
func DecodePanels(s Shape, o, q Rows, p Panels, cu []int32, pages Pages, starts []int32) {
	s.check()
	tokens := checkCu(cu)
	o.check("O", tokens, s.Heads, s.HeadDim)
	q.check("Q", tokens, s.Heads, s.HeadDim)
	pages.check(cu, starts, p.Length, min(len(p.Keys), len(p.Values))/(s.KVHeads*s.HeadDim))
	tasks := cutNew(s, cu, starts)
	par.For(len(tasks), 1, func(lo, hi int) {
		w := works.Get().(*work)
		defer works.Put(w)
		for _, t := range tasks[lo:hi] {
			row := int(cu[t.seq]) + t.first - int(starts[t.seq])
			w.forward(s, t, row, o, q, nil, &paneled{Panels: p, s: s, pages: pages.Of(t.seq), head: t.head})
		}
	})
}
