package tokenizer

import (
	"container/heap"
	"math"
)

// scanLimit is the length up to which looking at all pairs beats a heap.
const scanLimit = 48

const noRank = math.MaxInt32

// mergeWord appends the ids of one word: its bytes, merged pair by pair, always
// the pair of the lowest rank and of equal ones the leftmost.
func (t *Tokenizer) mergeWord(out []int32, w string) []int32 {
	if t.whole {
		if id, ok := t.ids[w]; ok {
			return append(out, id)
		}
	}
	from := len(out)
	for i := 0; i < len(w); i++ {
		if id := t.bytes[w[i]]; id >= 0 {
			out = append(out, id)
		}
	}
	n := t.mergeScan
	if len(out)-from > scanLimit {
		n = t.mergeHeap
	}
	return out[:from+n(out[from:])]
}

func (t *Tokenizer) pair(left, right int32) merge {
	if m, ok := t.merges[uint64(uint32(left))<<32|uint64(uint32(right))]; ok {
		return m
	}
	return merge{rank: noRank}
}

// mergeScan merges ids in place and returns how many are left.
func (t *Tokenizer) mergeScan(ids []int32) int {
	n := len(ids)
	var pairs [scanLimit]merge // pairs[i] joins ids[i] and ids[i+1]
	for i := 0; i+1 < n; i++ {
		pairs[i] = t.pair(ids[i], ids[i+1])
	}
	for n > 1 {
		best := 0
		for i := 1; i < n-1; i++ {
			if pairs[i].rank < pairs[best].rank {
				best = i
			}
		}
		if pairs[best].rank == noRank {
			return n
		}
		ids[best] = pairs[best].id
		copy(ids[best+1:n], ids[best+2:n])
		copy(pairs[best:n-1], pairs[best+1:n-1])
		n--
		if best > 0 {
			pairs[best-1] = t.pair(ids[best-1], ids[best])
		}
		if best < n-1 {
			pairs[best] = t.pair(ids[best], ids[best+1])
		}
	}
	return n
}

// candidate is a pair that could be merged when it was put into the heap.
type candidate struct {
	merge
	at, left, right int32
}

type candidates []candidate

func (c candidates) Len() int { return len(c) }
func (c candidates) Less(i, j int) bool {
	if c[i].rank != c[j].rank {
		return c[i].rank < c[j].rank
	}
	return c[i].at < c[j].at
}
func (c candidates) Swap(i, j int) { c[i], c[j] = c[j], c[i] }
func (c *candidates) Push(x any)   { *c = append(*c, x.(candidate)) }
func (c *candidates) Pop() any {
	last := (*c)[len(*c)-1]
	*c = (*c)[:len(*c)-1]
	return last
}

// mergeHeap does the same in n·log n: one endless line of letters must not take
// hours. ids is a linked list; a merged symbol lives where its left half was.
func (t *Tokenizer) mergeHeap(ids []int32) int {
	const gone = -1
	n := int32(len(ids))
	prev, next := make([]int32, n), make([]int32, n)
	for i := range n {
		prev[i], next[i] = i-1, i+1
	}
	var queue candidates
	candidateAt := func(i int32) (candidate, bool) {
		if i < 0 || next[i] >= n {
			return candidate{}, false
		}
		m := t.pair(ids[i], ids[next[i]])
		return candidate{merge: m, at: i, left: ids[i], right: ids[next[i]]}, m.rank != noRank
	}
	for i := range n {
		if c, ok := candidateAt(i); ok {
			queue = append(queue, c)
		}
	}
	heap.Init(&queue)
	for len(queue) > 0 {
		c := heap.Pop(&queue).(candidate)
		// Merges since then may have changed what lies there.
		if ids[c.at] != c.left || next[c.at] >= n || ids[next[c.at]] != c.right {
			continue
		}
		right := next[c.at]
		ids[c.at], ids[right] = c.id, gone
		if next[c.at] = next[right]; next[c.at] < n {
			prev[next[c.at]] = c.at
		}
		for _, i := range []int32{prev[c.at], c.at} {
			if c, ok := candidateAt(i); ok {
				heap.Push(&queue, c)
			}
		}
	}
	left := 0
	for i := int32(0); i < n; i = next[i] {
		ids[left] = ids[i]
		left++
	}
	return left
}
