package attn

import (
	"fmt"

	"cogumi/kernels/cpu/gemm"
	"cogumi/kernels/cpu/par"
)

// Cache holds the keys or the values of pages: KV head h of token t of page p
// begins at Data[(p·Length+t)·kvHeads·headDim + h·headDim].
type Cache struct {
	Data   []float32
	Length int // tokens of a page
}

// Pages names where sequences are in a cache: token t of sequence n is token
// t % Length of page Of(n)[t / Length]. With more than one page a sequence,
// Length is a multiple of 64.
type Pages struct {
	Table []int32
	Most  int // pages of a sequence
}

// Of are the pages of sequence n, in order.
func (p Pages) Of(n int) []int32 { return p.Table[n*p.Most:][:p.Most] }

// Append adds new tokens, rows of x from `row` on, as tokens start… of a sequence.
func (c Cache) Append(s Shape, x Rows, row, count int, pages []int32, start int) {
	width := s.KVHeads * s.HeadDim
	for i := range count {
		page, at := pages[(start+i)/c.Length], (start+i)%c.Length
		copy(c.Data[(int(page)*c.Length+at)*width:], x.Data[(row+i)*x.Stride:][:width])
	}
}

// Decode computes O for new tokens against a cache that holds their keys and
// values already. The new tokens of sequence s are rows cu[s]…cu[s+1] of q and o;
// starts[s] is how many tokens the cache held before them: new token i sees cache
// tokens 0…starts[s]+i.
//
// A row's bits are those that Forward gives for the whole sequence.
func Decode(s Shape, o, q Rows, k, v Cache, cu []int32, pages Pages, starts []int32) {
	s.check()
	tokens := checkCu(cu)
	o.check("O", tokens, s.Heads, s.HeadDim)
	q.check("Q", tokens, s.Heads, s.HeadDim)
	tasks := cutNew(s, cu, starts)
	width := s.KVHeads * s.HeadDim
	pages.check(cu, starts, k.Length, min(len(k.Data), len(v.Data))/width)
	par.For(len(tasks), 1, func(lo, hi int) {
		w := works.Get().(*work)
		defer works.Put(w)
		for _, t := range tasks[lo:hi] {
			row := int(cu[t.seq]) + t.first - int(starts[t.seq])
			w.forward(s, t, row, o, q, nil, paged{k: k, v: v, width: width, head: t.head * s.HeadDim, pages: pages.Of(t.seq)})
		}
	})
}

// paged is one sequence and KV head.
type paged struct {
	k, v        Cache
	width, head int // of a token; where the head begins in it
	pages       []int32
}

func (p paged) operands(w *work, from, to, dim int) (k, v *gemm.Packed) {
	page, at := int(p.pages[from/p.k.Length]), from%p.k.Length
	begin := (page*p.k.Length+at)*p.width + p.head
	return spans{span{p.k.Data[begin:], p.width}, span{p.v.Data[begin:], p.width}}.operands(w, 0, to-from, dim)
}

// cutNew lists the tasks of new tokens; their blocks end where blocks of the
// sequence do.
func cutNew(s Shape, cu, starts []int32) []task {
	var tasks []task
	for n := range len(cu) - 1 {
		first, end := int(starts[n]), int(starts[n]+cu[n+1]-cu[n])
		for first < end {
			count := min(blockLen-first%blockLen, end-first)
			for h := range s.KVHeads {
				tasks = append(tasks, task{n, h, first, count})
			}
			first += count
		}
	}
	return tasks
}

// check refuses sequences that have more tokens than pages, and pages that are
// not among those of a cache of so many tokens.
func (p Pages) check(cu, starts []int32, length, tokens int) {
	if p.Most > 1 && length%blockLen != 0 {
		panic(fmt.Sprintf("attn: pages of %d tokens, not of a multiple of %d", length, blockLen))
	}
	for n := range len(cu) - 1 {
		end := int(starts[n] + cu[n+1] - cu[n])
		if starts[n] < 0 || end > p.Most*length {
			panic(fmt.Sprintf("attn: sequence %d has tokens %d…%d, but at most %d pages of %d", n, starts[n], end, p.Most, length))
		}
		for _, page := range p.Of(n)[:(end+length-1)/length] {
			if page < 0 || (int(page)+1)*length > tokens {
				panic(fmt.Sprintf("attn: sequence %d has page %d of a cache of %d", n, page, tokens/length))
			}
		}
	}
}
