package dedup

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
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
	count, rows int             // bands
	least       float64         // estimate below which a pair is not verified
	leastSlice  int             // equal places of a slice below which it is not estimated
	room        int64           // bytes for sorting; 0: any
	done        func(bands int) // told of progress; may be nil
}

// crowd is the size of a bucket from which not every pair in it is looked at.
const crowd = 512

// pairs are the candidates among n texts, each once, sorted by the second, then
// the first, both by rank.
func (l *lsh) pairs(ctx context.Context, n int) ([]pair, error) {
	found := make([][]pair, l.count)
	next := make(chan int, l.count)
	for b := range l.count {
		next <- b
	}
	close(next)
	var group sync.WaitGroup
	workers := min(par.Workers(), parallelBands, l.count)
	for range workers {
		group.Go(func() {
			w := l.worker(ctx, n, workers)
			for b := range next {
				found[b] = w.band(b)
				if l.done != nil {
					l.done(1)
				}
			}
		})
	}
	group.Wait()
	if l.signatures.failed != nil || ctx.Err() != nil {
		return nil, cmp.Or(l.signatures.failed, ctx.Err())
	}
	all := slices.Concat(found...)
	slices.SortFunc(all, func(x, y pair) int {
		return cmp.Or(cmp.Compare(l.place(x.second), l.place(y.second)), cmp.Compare(l.place(x.first), l.place(y.first)))
	})
	return slices.Compact(all), nil
}

// place is where a text stands in the keep order.
func (l *lsh) place(text int32) int32 {
	if l.rank == nil {
		return text
	}
	return l.rank[text]
}

// ordered is the pair of two texts.
func (l *lsh) ordered(x, y int32) pair {
	if l.place(x) > l.place(y) {
		x, y = y, x
	}
	return pair{x, y}
}

// bandWorker looks at one band after another. Where the signatures lie in a file
// it takes the band in parts: the texts whose keys leave the part as rest.
type bandWorker struct {
	*lsh
	ctx   context.Context
	n     int
	parts int
	sorter
	texts  []int32 // of the part, and
	slices []byte  // of their signatures; empty where these are in memory
	bucket bucket
	out    []pair
}

// parallelBands bounds the memory of sorting.
const parallelBands = 4

// A text takes this much in a band: twice an entry, and from a file its number
// and slice too.
const (
	entryBytes  = 2 * 8
	filedBytes  = entryBytes + 4 + minhash.Slice
	leastRoom   = 1 << 20
	bucketShare = 16 // the room's part for anything but entries
)

func (l *lsh) worker(ctx context.Context, n, workers int) *bandWorker {
	w := &bandWorker{lsh: l, ctx: ctx, n: n, parts: 1}
	w.bucket.x, w.bucket.y = make([]byte, l.signatures.width), make([]byte, l.signatures.width)
	if l.signatures.file != nil && l.room > 0 {
		room := max(l.room/int64(workers), leastRoom)
		w.parts = int(filedBytes*int64(n)/(room-room/bucketShare)) + 1
	}
	each := n/w.parts + n/w.parts/bucketShare
	w.entries, w.other = make([]entry, 0, each), make([]entry, each)
	return w
}

// band sorts the texts by their part of the signature and looks at the pairs of
// each bucket.
func (w *bandWorker) band(b int) []pair {
	w.out = nil
	for part := range w.parts {
		if w.fill(b, part); w.ctx.Err() != nil {
			return nil
		}
		w.sort()
		for rest := w.entries; len(rest) > 0 && w.ctx.Err() == nil; {
			size := 1
			for size < len(rest) && rest[size].key == rest[0].key {
				size++
			}
			if size > 1 {
				w.look(b, rest[:size])
			}
			rest = rest[size:]
		}
	}
	return w.out
}

// fill collects the entries of a part of a band.
func (w *bandWorker) fill(b, part int) {
	w.reset()
	w.texts, w.slices = w.texts[:0], w.slices[:0]
	s := w.signatures
	filed := s.file != nil
	lo, hi, slice := b*w.rows, (b+1)*w.rows, w.sliceAt(b)
	var buf []byte
	if filed {
		buf = make([]byte, chunkTexts*s.width)
	}
	for c := range s.chunks {
		chunk := s.chunk(c, buf)
		for i := c * chunkTexts; i < min(w.n, (c+1)*chunkTexts); i++ {
			if w.skip != nil && w.skip(i) {
				continue
			}
			signature := chunk[i%chunkTexts*s.width:][:s.width]
			key := bandKey(signature[lo:hi])
			if w.parts > 1 && int(key%uint32(w.parts)) != part {
				continue
			}
			id := int32(i)
			if filed {
				id = int32(len(w.texts))
				w.texts = append(w.texts, int32(i))
				w.slices = append(w.slices, signature[slice:min(slice+minhash.Slice, s.width)]...)
			}
			w.entries = append(w.entries, entry{key, id})
		}
		if w.ctx.Err() != nil {
			return
		}
	}
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

// shared: an earlier band has the pair already.
func (l *lsh) shared(x, y []byte, b int) bool {
	for at := 0; at < b*l.rows; at += l.rows {
		if bytes.Equal(x[at:at+l.rows], y[at:at+l.rows]) {
			return true
		}
	}
	return false
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
