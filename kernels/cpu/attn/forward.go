package attn

import (
	"math"

	"cogumi/kernels/cpu/gemm"
	"cogumi/kernels/cpu/par"
	"cogumi/kernels/cpu/vec"
)

// Forward computes O for packed sequences: tokens cu[s]…cu[s+1] are sequence s.
// lse [tokens, heads] receives log Σ exp of each row's scaled scores, for the
// backward; it may be nil.
func Forward(s Shape, o Rows, lse []float32, q, k, v Rows, cu []int32) {
	s.check()
	tokens := checkCu(cu)
	o.check("O", tokens, s.Heads, s.HeadDim)
	q.check("Q", tokens, s.Heads, s.HeadDim)
	k.check("K", tokens, s.KVHeads, s.HeadDim)
	v.check("V", tokens, s.KVHeads, s.HeadDim)
	if lse != nil {
		lse = lse[:tokens*s.Heads]
	}
	tasks := cut(s, cu)
	par.For(len(tasks), 1, func(lo, hi int) {
		w := works.Get().(*work)
		defer works.Put(w)
		for _, t := range tasks[lo:hi] {
			start := int(cu[t.seq])
			w.forward(s, t, start+t.first, o, q, lse, spans{k.span(start, t.head, s.HeadDim), v.span(start, t.head, s.HeadDim)})
		}
	})
}

// task is the queries of one block of one sequence that share a KV head.
type task struct{ seq, head, first, count int }

// cut lists the tasks of packed sequences, the long ones first: they see most
// keys, and what is left to the end should be short.
func cut(s Shape, cu []int32) []task {
	var tasks []task
	for n := range len(cu) - 1 {
		length := int(cu[n+1] - cu[n])
		for first := (length - 1) / blockLen * blockLen; first >= 0 && length > 0; first -= blockLen {
			for h := range s.KVHeads {
				tasks = append(tasks, task{n, h, first, min(blockLen, length-first)})
			}
		}
	}
	return tasks
}

// forward computes a task: its first query is row `row` of Q, O and lse; keys and
// values come from the sequence's first token on. With fewer tokens than heads share a KV
// head, a token's heads are the rows of a product, otherwise a head's tokens.
func (w *work) forward(s Shape, t task, row int, o, q Rows, lse []float32, from source) {
	group := s.Heads / s.KVHeads
	head := t.head * group
	w.from, w.to = 0, 0
	if t.count < group {
		for i := range t.count {
			a := queries{q: q.span(row+i, head, s.HeadDim), o: o.span(row+i, head, s.HeadDim),
				rows: group, first: t.first + i, perToken: group}
			a.q.stride, a.o.stride = s.HeadDim, s.HeadDim
			if lse != nil {
				a.lse = span{lse[(row+i)*s.Heads+head:], 1}
			}
			w.attend(s, a, from)
		}
		return
	}
	for h := head; h < head+group; h++ {
		a := queries{q: q.span(row, h, s.HeadDim), o: o.span(row, h, s.HeadDim),
			rows: t.count, first: t.first, perToken: 1}
		if lse != nil {
			a.lse = span{lse[row*s.Heads+h:], s.Heads}
		}
		w.attend(s, a, from)
	}
}

// attend computes the rows of a: block after block of keys, each row with the
// largest score and the sum of exponentials so far.
func (w *work) attend(s Shape, a queries, keys source) {
	dim := s.HeadDim
	w.out = sized(w.out, a.rows*dim)
	w.largest, w.sum = sized(w.largest, a.rows), sized(w.sum, a.rows)
	clear(w.out)
	clear(w.sum)
	for r := range w.largest {
		w.largest[r] = minusInf
	}
	first, last := s.blocks(a.first, a.last())
	for b := first; b <= last; b++ {
		from := b * blockLen
		to := min(from+blockLen, a.last()+1)
		w.take(keys, from, to, dim)
		w.fill(s, a, from, to-from)
		for r := range a.rows {
			w.exponentials(r, dim)
		}
		p := gemm.Matrix{Data: w.scores, Rows: a.rows, Cols: to - from, RowStride: blockLen, ColStride: 1}
		gemm.MulSerial(gemm.Dense(w.out, a.rows, dim), p, w.vs, true)
	}
	w.finish(a, dim)
}

// source is where the keys and values of one sequence and KV head come from.
type source interface {
	// operands are tokens [from, to): Kᵀ and V. They may be made in w.
	operands(w *work, from, to, dim int) (k, v *gemm.Packed)
}

// spans are keys and values token by token. They are put into panels.
type spans struct{ k, v span }

func (p spans) operands(w *work, from, to, dim int) (k, v *gemm.Packed) {
	w.k.FillSerial(p.k.matrix(from, to, dim).T())
	w.v.FillSerial(p.v.matrix(from, to, dim))
	return &w.k, &w.v
}

// take asks for the keys and values [from, to), unless they are there: heads that
// share them come one after the other.
func (w *work) take(p source, from, to, dim int) {
	if from == w.from && to == w.to {
		return
	}
	w.ks, w.vs = p.operands(w, from, to, dim)
	w.from, w.to = from, to
}

// exponentials turns row r of the scores into exp(score − largest so far) and
// scales what earlier blocks gave to the new largest score.
func (w *work) exponentials(r, dim int) {
	row := w.scores[r*blockLen:][:blockLen]
	m := vec.Max(row)
	if m == minusInf {
		clear(row) // nothing of this block is seen
		return
	}
	if old := w.largest[r]; m <= old {
		m = old
	} else {
		w.largest[r] = m
		if old != minusInf { // else nothing is there to scale
			f := [1]float32{old - m}
			vec.Exp(f[:])
			w.sum[r] *= f[0]
			vec.Scale(f[0], w.out[r*dim:][:dim])
		}
	}
	w.sum[r] += vec.ExpSub(row, m)
}

func (w *work) finish(a queries, dim int) {
	for r := range a.rows {
		o := a.o.data[r*a.o.stride:][:dim]
		copy(o, w.out[r*dim:])
		vec.Scale(1/w.sum[r], o)
		if a.lse.data != nil {
			a.lse.data[r*a.lse.stride] = w.largest[r] + float32(math.Log(float64(w.sum[r])))
		}
	}
}
