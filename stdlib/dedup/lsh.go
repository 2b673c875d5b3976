package dedup

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"os"
	"slices"
	"sync"

	"cogumi/kernels/cpu/par"
	"cogumi/stdlib/dedup/minhash"
)

// pair are two texts, the one that goes first in the keep order first.
type pair struct{ first, second int32 }

// lsh finds the pairs that share a band and whose signatures look alike.
type lsh struct {
	signatures  *store
	rank        []int32 // of each text in the keep order; nil: the texts stand in it
	skip        func(text int) bool
	want        func(pair) bool // nil: all
	width       int             // of a signature
	files       []*os.File      // of band files; nil: keys come from the signatures
	parts       int             // in how many parts each band file is sorted
	count, rows int             // bands
	least       float64         // estimate
	failed      error           // of reading a band file
}

// parallelBands bounds the memory of sorting: 16 bytes a text and band.
const parallelBands = 4

// crowd is the size of a bucket from which not every pair in it is looked at.
const crowd = 512

// pairs are the candidates among n texts, each once, sorted by the second, then
// the first, both by rank.
func (l *lsh) pairs(n int) ([]pair, error) {
	found := make([][]pair, l.count)
	next := make(chan int, l.count)
	for b := range l.count {
		next <- b
	}
	close(next)
	var group sync.WaitGroup
	for range l.workers() {
		group.Go(func() {
			var s sorter
			for b := range next {
				found[b] = l.band(b, n, &s)
			}
		})
	}
	group.Wait()
	if l.failed != nil {
		return nil, l.failed
	}
	all := slices.Concat(found...)
	slices.SortFunc(all, func(x, y pair) int {
		return cmp.Or(cmp.Compare(l.place(x.second), l.place(y.second)), cmp.Compare(l.place(x.first), l.place(y.first)))
	})
	return slices.Compact(all), nil
}

func (l *lsh) workers() int {
	if l.files != nil {
		return 1 // memory is short
	}
	return min(par.Workers(), parallelBands, l.count)
}

// place is where a text stands in the keep order.
func (l *lsh) place(text int32) int32 {
	if l.rank == nil {
		return text
	}
	return l.rank[text]
}

// band sorts the texts by their part of the signature and looks at the pairs of
// each bucket.
func (l *lsh) band(b, n int, s *sorter) []pair {
	var out []pair
	for part := range max(1, l.parts) {
		s.reset()
		if l.files != nil {
			l.load(b, part, s)
		} else {
			for i := range n {
				if l.skip == nil || !l.skip(i) {
					s.entries = append(s.entries, entry{bandKey(l.part(int32(i), b)), int32(i)})
				}
			}
		}
		s.sort()
		out = l.buckets(b, s.entries, out)
	}
	return out
}

func (l *lsh) buckets(b int, rest []entry, out []pair) []pair {
	for len(rest) > 0 {
		size := 1
		for size < len(rest) && rest[size].key == rest[0].key {
			size++
		}
		if size > 1 {
			out = l.bucket(b, rest[:size], out)
		}
		rest = rest[size:]
	}
	return out
}

func (l *lsh) part(text int32, b int) []byte {
	return l.signatures.at(int(text))[b*l.rows : (b+1)*l.rows]
}

// bucket appends the candidates of a bucket. In a crowd, a text that looks almost
// like an earlier one is compared with later ones through that one only: ten
// thousand fillings of one template would make fifty million pairs.
func (l *lsh) bucket(b int, members []entry, out []pair) []pair {
	if l.rank != nil {
		slices.SortFunc(members, func(x, y entry) int { return cmp.Compare(l.rank[x.id], l.rank[y.id]) })
	}
	crowded := len(members) > crowd
	leaders := members[:0:0]
	if !crowded {
		leaders = members
	}
	for i, m := range members {
		if !crowded {
			leaders = members[:i]
		}
		follows := false
		for _, f := range leaders {
			p := pair{f.id, m.id}
			if l.want != nil && !l.want(p) {
				continue
			}
			x, y := l.signatures.at(int(f.id))[:l.width], l.signatures.at(int(m.id))[:l.width]
			e := minhash.Estimate(minhash.Equal(x, y), l.width)
			if e < l.least || !bytes.Equal(x[b*l.rows:(b+1)*l.rows], y[b*l.rows:(b+1)*l.rows]) {
				continue
			}
			follows = follows || e >= (1+l.least)/2
			if crowded || !l.shared(x, y, b) {
				out = append(out, p)
			}
		}
		if crowded && !follows {
			leaders = append(leaders, m)
		}
	}
	return out
}

// shared: an earlier band has the pair already.
func (l *lsh) shared(x, y []byte, b int) bool {
	for at := 0; at < b*l.rows; at += l.rows {
		if bytes.Equal(x[at:at+l.rows], y[at:at+l.rows]) {
			return true
		}
	}
	return false
}

// bandKey hashes a part of a signature.
func bandKey(part []byte) uint32 {
	key := uint64(len(part))
	for ; len(part) >= 8; part = part[8:] {
		key = mix(key ^ binary.LittleEndian.Uint64(part))
	}
	var tail uint64
	for i, b := range part {
		tail |= uint64(b) << (8 * i)
	}
	return uint32(mix(key ^ tail + 1))
}

// entry is a text in a band.
type entry struct {
	key uint32
	id  int32
}

// sorter sorts entries by key, stably: three passes of 11 bits.
type sorter struct{ entries, other []entry }

func (s *sorter) reset() { s.entries = s.entries[:0] }

func (s *sorter) sort() {
	if len(s.other) < len(s.entries) {
		s.other = make([]entry, cap(s.entries))
	}
	from, to := s.entries, s.other[:len(s.entries)]
	for shift := 0; shift < 32; shift += 11 {
		var at [2049]int
		for _, e := range from {
			at[e.key>>shift&2047+1]++
		}
		for i := range 2048 {
			at[i+1] += at[i]
		}
		for _, e := range from {
			digit := e.key >> shift & 2047
			to[at[digit]] = e
			at[digit]++
		}
		from, to = to, from
	}
	s.entries, s.other = from, to[:cap(to)]
}
