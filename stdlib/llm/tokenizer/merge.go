package tokenizer

import "math"

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

// mergeHeap does the same in n·log n: one endless line of letters must not take
// hours. ids is a linked list; a merged symbol lives where its left half was.
func (t *Tokenizer) mergeHeap(ids []int32) int {
	n := int32(len(ids))
	prev, next := make([]int32, n), make([]int32, n)
	pairs := make([]merge, n) // what i and its successor make now
	queue := make(ranks, 0, n)
	look := func(i int32) {
		pairs[i].rank = noRank
		if next[i] < n {
			pairs[i] = t.pair(ids[i], ids[next[i]])
		}
		if pairs[i].rank != noRank {
			queue.push(uint64(pairs[i].rank)<<32 | uint64(i))
		}
	}
	for i := range n {
		prev[i], next[i] = i-1, i+1
	}
	for i := range n {
		look(i)
	}
	for len(queue) > 0 {
		top := queue.pop()
		i := int32(uint32(top))
		if pairs[i].rank != int32(top>>32) { // merged or changed since then
			continue
		}
		gone := next[i]
		ids[i], pairs[gone].rank = pairs[i].id, noRank
		if next[i] = next[gone]; next[i] < n {
			prev[next[i]] = i
		}
		look(i)
		if prev[i] >= 0 {
			look(prev[i])
		}
	}
	left := 0
	for i := int32(0); i < n; i = next[i] {
		ids[left] = ids[i]
		left++
	}
	return left
}

// ranks is a heap, the smallest on top: rank<<32 | position.
type ranks []uint64

func (r *ranks) push(v uint64) {
	h := append(*r, v)
	i := len(h) - 1
	for i > 0 && h[(i-1)/2] > v {
		h[i] = h[(i-1)/2]
		i = (i - 1) / 2
	}
	h[i] = v
	*r = h
}

func (r *ranks) pop() uint64 {
	h := *r
	top, last := h[0], h[len(h)-1]
	h = h[:len(h)-1]
	*r = h
	for i := 0; len(h) > 0; {
		child := 2*i + 1
		if child+1 < len(h) && h[child+1] < h[child] {
			child++
		}
		if child >= len(h) || h[child] >= last {
			h[i] = last
			break
		}
		h[i] = h[child]
		i = child
	}
	return top
}
