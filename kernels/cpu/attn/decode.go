package attn

import (
	"fmt"

	"cogumi/kernels/cpu/par"
)

// Cache holds the keys or the values of slots: KV head h of token t of slot s
// begins at Data[(s·Length+t)·kvHeads·headDim + h·headDim].
type Cache struct {
	Data   []float32
	Length int // tokens that a slot has room for
}

// Decode computes O for new tokens against a cache that holds their keys and
// values already. The new tokens of sequence s are rows cu[s]…cu[s+1] of q and o;
// slots[s] is its slot, starts[s] how many tokens the cache held before them: new
// token i sees cache tokens 0…starts[s]+i.
//
// A row's bits are those that Forward gives for the whole sequence.
func Decode(s Shape, o, q Rows, k, v Cache, cu, slots, starts []int32) {
	s.check()
	tokens := checkCu(cu)
	o.check("O", tokens, s.Heads, s.HeadDim)
	q.check("Q", tokens, s.Heads, s.HeadDim)
	tasks := cutNew(s, cu, starts)
	checkCache(s, k, v, cu, slots, starts)
	par.For(len(tasks), 1, func(lo, hi int) {
		w := works.Get().(*work)
		defer works.Put(w)
		for _, t := range tasks[lo:hi] {
			row := int(cu[t.seq]) + t.first - int(starts[t.seq])
			slot := int(slots[t.seq])
			w.forward(s, t, row, o, q, nil, spans{k.span(s, slot, t.head), v.span(s, slot, t.head)})
		}
	})
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

func (c Cache) span(s Shape, slot, head int) span {
	width := s.KVHeads * s.HeadDim
	return span{c.Data[slot*c.Length*width+head*s.HeadDim:], width}
}

func checkCache(s Shape, k, v Cache, cu, slots, starts []int32) {
	width := s.KVHeads * s.HeadDim
	for n := range len(cu) - 1 {
		end := int(starts[n] + cu[n+1] - cu[n])
		for _, c := range []Cache{k, v} {
			if slots[n] < 0 || starts[n] < 0 || end > c.Length || (int(slots[n])*c.Length+end)*width > len(c.Data) {
				panic(fmt.Sprintf("attn: sequence %d has tokens %d…%d of slot %d, the cache %d values in slots of %d tokens",
					n, starts[n], end, slots[n], len(c.Data), c.Length))
			}
		}
	}
}
