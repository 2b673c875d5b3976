package attn

import (
	"math"
	"sync"

	"cogumi/kernels/cpu/gemm"
	"cogumi/kernels/cpu/vec"
)

// blockLen is how many keys a block holds and how many queries a task takes.
// Blocks of keys begin at its multiples, counted from the sequence's first token.
const blockLen = 64

var minusInf = float32(math.Inf(-1))

// span is consecutive tokens of one head: token i begins at data[i·stride].
type span struct {
	data   []float32
	stride int
}

func (r Rows) span(token, head, dim int) span {
	return span{r.Data[token*r.Stride+head*dim:], r.Stride}
}

// matrix is tokens [lo, hi) as rows of a matrix.
func (s span) matrix(lo, hi, dim int) gemm.Matrix {
	if lo == hi {
		return gemm.Matrix{Cols: dim, ColStride: 1}
	}
	return gemm.Matrix{Data: s.data[lo*s.stride:], Rows: hi - lo, Cols: dim, RowStride: s.stride, ColStride: 1}
}

// queries are rows that attend together: row r is the query at position
// first + r/perToken of its sequence; it begins at q.data[r·q.stride].
type queries struct {
	q, o, lse span // lse is empty if not wanted
	rows      int
	first     int // position of row 0
	perToken  int // heads of one token that are rows beside each other
}

func (a queries) position(row int) int { return a.first + row/a.perToken }

func (a queries) last() int { return a.position(a.rows - 1) }

// work is what a task needs beside its operands.
type work struct {
	k, v, keys, other gemm.Packed
	ks, vs            *gemm.Packed // Kᵀ and V of the block at hand
	keysView          gemm.Packed  // of a cache
	valuesView        gemm.Packed
	scores            []float32 // rows × blockLen
	grads             []float32 // rows × blockLen
	out               []float32 // rows × headDim
	dk, dv            []float32 // blockLen × headDim
	from, to          int       // keys that k and v hold, of the task's KV head
	largest           []float32 // of each row so far
	sum               []float32
}

var works = sync.Pool{New: func() any { return new(work) }}

func sized(s []float32, n int) []float32 {
	if cap(s) < n {
		return make([]float32, n)
	}
	return s[:n]
}

// blocks are the first and the last block of keys that queries at positions lo…hi
// see.
func (s Shape) blocks(lo, hi int) (first, last int) {
	return s.first(lo) / blockLen, hi / blockLen
}

// mask sets the scores of a row for keys [from, from+blockLen) that the query at
// position i does not see, and of what lies behind the last key, to −Inf.
func (s Shape) mask(row []float32, i, from int) {
	for j := range min(max(s.first(i)-from, 0), blockLen) {
		row[j] = minusInf
	}
	for j := max(i+1-from, 0); j < blockLen; j++ {
		row[j] = minusInf
	}
}

// fill sets w.scores to scale·Q·Kᵀ, masked, for the keys of one block.
func (w *work) fill(s Shape, a queries, from, keys int) {
	w.scores = sized(w.scores, a.rows*blockLen)
	c := gemm.Matrix{Data: w.scores, Rows: a.rows, Cols: keys, RowStride: blockLen, ColStride: 1}
	gemm.MulSerial(c, a.q.matrix(0, a.rows, s.HeadDim), w.ks, false)
	vec.Scale(s.Scale, w.scores)
	for r := range a.rows {
		s.mask(w.scores[r*blockLen:][:blockLen], a.position(r), from)
	}
}
