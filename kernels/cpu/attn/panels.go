package attn

import (
	"fmt"

	"cogumi/kernels/cpu/gemm"
	"cogumi/kernels/cpu/par"
)

// Panels is a cache whose keys and values lie as products read them, so that a
// new token reads what it sees once and packs nothing. Slot s, KV head h and block
// b of 64 tokens have 64·HeadDim values each in Keys and in Values, from
// ((s·KVHeads + h)·Length + 64·b)·HeadDim on: Kᵀ in panels of tokens, V in panels of
// columns. What that is differs between machines: it never leaves the device.
type Panels struct {
	Keys, Values []float32
	Length       int // tokens that a slot has room for, a multiple of 64
}

// CanPanel tells whether a cache of slots of that length can be Panels.
func (s Shape) CanPanel(length int) bool {
	return length%blockLen == 0 && s.HeadDim%gemm.Width() == 0 && blockLen%gemm.Width() == 0
}

// block is where the values of a block begin.
func (p Panels) block(s Shape, slot, head, b int) int {
	return ((slot*s.KVHeads+head)*p.Length + b*blockLen) * s.HeadDim
}

// Append adds the heads of new tokens, rows of k and v from `row` on, as tokens
// start… of a slot.
func (p Panels) Append(s Shape, k, v Rows, row, count, slot, start int) {
	dim, nr := s.HeadDim, gemm.Width()
	for i := range count {
		b, at := (start+i)/blockLen, (start+i)%blockLen
		for h := range s.KVHeads {
			from := p.block(s, slot, h, b)
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

// paneled is one slot and KV head.
type paneled struct {
	Panels
	s          Shape
	slot, head int
}

func (p *paneled) operands(w *work, from, to, dim int) (k, v *gemm.Packed) {
	at, nr := p.block(p.s, p.slot, p.head, from/blockLen), gemm.Width()
	w.keysView = gemm.View(p.Keys[at:at+blockLen*dim], dim, to-from, dim*nr)
	w.valuesView = gemm.View(p.Values[at:at+blockLen*dim], to-from, dim, blockLen*nr)
	return &w.keysView, &w.valuesView
}

// DecodePanels is Decode over Panels.
func DecodePanels(s Shape, o, q Rows, p Panels, cu, slots, starts []int32) {
	s.check()
	tokens := checkCu(cu)
	o.check("O", tokens, s.Heads, s.HeadDim)
	q.check("Q", tokens, s.Heads, s.HeadDim)
	for n := range len(cu) - 1 {
		if end := starts[n] + cu[n+1] - cu[n]; slots[n] < 0 || starts[n] < 0 || int(end) > p.Length || (int(slots[n])+1)*p.Length*s.KVHeads*s.HeadDim > min(len(p.Keys), len(p.Values)) {
			panic(fmt.Sprintf("attn: sequence %d has tokens %d…%d of slot %d, the cache %d values in slots of %d tokens",
				n, starts[n], end, slots[n], len(p.Keys), p.Length))
		}
	}
	tasks := cutNew(s, cu, starts)
	par.For(len(tasks), 1, func(lo, hi int) {
		w := works.Get().(*work)
		defer works.Put(w)
		for _, t := range tasks[lo:hi] {
			row := int(cu[t.seq]) + t.first - int(starts[t.seq])
			w.forward(s, t, row, o, q, nil, &paneled{Panels: p, s: s, slot: int(slots[t.seq]), head: t.head})
		}
	})
}
