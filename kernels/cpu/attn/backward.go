package attn

import (
	"cogumi/kernels/cpu/gemm"
	"cogumi/kernels/cpu/par"
	"cogumi/kernels/cpu/vec"
)

// Backward computes the gradients of Q, K and V from that of O, with O and lse as
// Forward left them. With P = exp(scale·Q·Kᵀ − lse) and D = rowsum(dO·O):
//
//	dV = Pᵀ·dO    dS = P·(dO·Vᵀ − D)·scale    dQ = dS·K    dK = dSᵀ·Q
//
// dq, dk and dv are written, not added to, and overlap nothing.
func Backward(s Shape, dq, dk, dv, do, o, q, k, v Rows, lse []float32, cu []int32) {
	s.check()
	tokens := checkCu(cu)
	for _, r := range []struct {
		name  string
		rows  Rows
		heads int
	}{
		{"dQ", dq, s.Heads}, {"dK", dk, s.KVHeads}, {"dV", dv, s.KVHeads}, {"dO", do, s.Heads},
		{"O", o, s.Heads}, {"Q", q, s.Heads}, {"K", k, s.KVHeads}, {"V", v, s.KVHeads},
	} {
		r.rows.check(r.name, tokens, r.heads, s.HeadDim)
	}
	lse = lse[:tokens*s.Heads]
	n := max(len(cu)-1, 0) * s.KVHeads
	par.For(n, 1, func(lo, hi int) {
		w := works.Get().(*work)
		defer works.Put(w)
		for t := lo; t < hi; t++ {
			seq, g := t/s.KVHeads, t%s.KVHeads
			b := backward{
				s: s, w: w, head: g, row: int(cu[seq]), length: int(cu[seq+1] - cu[seq]),
				dq: dq, do: do, o: o, q: q, lse: lse,
			}
			if b.length > 0 {
				b.run(dk.span(b.row, g, s.HeadDim), dv.span(b.row, g, s.HeadDim),
					k.span(b.row, g, s.HeadDim), v.span(b.row, g, s.HeadDim))
			}
		}
	})
}

// backward is the gradients of one sequence's KV head: row is its first token.
type backward struct {
	s                 Shape
	w                 *work
	head, row, length int
	dq, do, o, q      Rows
	lse               []float32
}

// run goes over the blocks of keys; of each, over the queries that see it.
func (b *backward) run(dk, dv, k, v span) {
	w, dim := b.w, b.s.HeadDim
	for from := 0; from < b.length; from += blockLen {
		to := min(from+blockLen, b.length)
		w.k.FillSerial(k.matrix(from, to, dim).T())
		w.v.FillSerial(v.matrix(from, to, dim).T())
		w.ks = &w.k
		w.keys.FillSerial(k.matrix(from, to, dim))
		w.dk, w.dv = sized(w.dk, blockLen*dim), sized(w.dv, blockLen*dim)
		clear(w.dk)
		clear(w.dv)
		for first := from; first < b.length && b.s.first(first) < to; first += blockLen {
			count := min(blockLen, b.length-first)
			group := b.s.Heads / b.s.KVHeads
			for h := b.head * group; h < (b.head+1)*group; h++ {
				b.block(h, first, count, from, to)
			}
		}
		for i := from; i < to; i++ {
			copy(dk.data[i*dk.stride:][:dim], w.dk[(i-from)*dim:])
			copy(dv.data[i*dv.stride:][:dim], w.dv[(i-from)*dim:])
		}
	}
}

// block adds what count queries of head h, from position first on, give to the
// gradients of keys [from, to), and sets or adds to theirs.
func (b *backward) block(h, first, count, from, to int) {
	s, w, dim, keys := b.s, b.w, b.s.HeadDim, to-from
	row := b.row + first
	q, do := b.q.span(row, h, dim), b.do.span(row, h, dim)
	w.fill(s, queries{q: q, rows: count, first: first, perToken: 1}, from, keys)
	w.grads = sized(w.grads, count*blockLen)
	gemm.MulSerial(gemm.Matrix{Data: w.grads, Rows: count, Cols: keys, RowStride: blockLen, ColStride: 1},
		do.matrix(0, count, dim), &w.v, false)
	for r := range count {
		p, g := w.scores[r*blockLen:][:keys], w.grads[r*blockLen:][:keys]
		vec.ExpSub(p, b.lse[(row+r)*s.Heads+h])
		d := vec.Dot(b.do.at(row+r, h, dim), b.o.at(row+r, h, dim))
		vec.SoftmaxBackward(g, p, g, d, s.Scale)
	}
	p := gemm.Matrix{Data: w.scores, Rows: count, Cols: keys, RowStride: blockLen, ColStride: 1}
	ds := gemm.Matrix{Data: w.grads, Rows: count, Cols: keys, RowStride: blockLen, ColStride: 1}
	w.other.FillSerial(do.matrix(0, count, dim))
	gemm.MulSerial(gemm.Dense(w.dv, keys, dim), p.T(), &w.other, true)
	w.other.FillSerial(q.matrix(0, count, dim))
	gemm.MulSerial(gemm.Dense(w.dk, keys, dim), ds.T(), &w.other, true)

	begun := from > s.first(first)/blockLen*blockLen
	dq := b.dq.span(row, h, dim)
	gemm.MulSerial(dq.matrix(0, count, dim), ds, &w.keys, begun)
}
