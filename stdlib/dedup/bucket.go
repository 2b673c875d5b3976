package dedup

import (
	"bytes"
	"cmp"
	"slices"

	"cogumi/stdlib/dedup/minhash"
)

// Among unrelated texts of one language buckets grow with the number of texts,
// and the pairs in them with its square: at ten million texts of a kilobyte ten
// thousand million pairs, of which one in ten thousand is near. So the members'
// slices (32 bytes of the signature, outside of the band) lie side by side, and
// only pairs whose slices agree in enough places have their signatures compared.
type bucket struct {
	members []int32
	slices  []byte // of the members
	leads   []int32
	leading []byte // slices of those
	hits    []int32
	x, y    []byte // signatures from the file
}

// sliceAt is where the slices for a band begin in the signatures.
func (l *lsh) sliceAt(b int) int {
	if b*l.rows >= minhash.Slice {
		return 0
	}
	return max(0, l.signatures.width-minhash.Slice)
}

// sliced says whether slices tell anything in band b: they must be whole, and
// outside of the band, in which members agree anyway.
func (l *lsh) sliced(b int) bool {
	at := l.sliceAt(b)
	return l.signatures.width >= minhash.Slice && (at >= (b+1)*l.rows || at+minhash.Slice <= b*l.rows)
}

// look appends the candidates of a bucket. In a crowd, a text that looks almost
// like an earlier one is compared with later ones through that one only: ten
// thousand fillings of one template would make fifty million pairs.
func (w *bandWorker) look(b int, members []entry) {
	crowded := len(members) > crowd
	if crowded {
		slices.SortFunc(members, func(x, y entry) int { return cmp.Compare(w.place(w.text(x)), w.place(w.text(y))) })
	}
	k := &w.bucket
	k.gather(w, b, members)
	k.leads, k.leading = k.leads[:0], k.leading[:0]
	for i := range k.members {
		leads, leading := k.leads, k.leading
		if !crowded {
			leads, leading = k.members[:i], k.slices[:i*k.width(w)]
		}
		if w.compare(b, i, leads, leading, crowded) || !crowded {
			continue
		}
		k.leads = append(k.leads, k.members[i])
		k.leading = append(k.leading, k.slice(w, i)...)
		if i%1024 == 0 && w.ctx.Err() != nil {
			return
		}
	}
}

func (w *bandWorker) text(e entry) int32 {
	if len(w.texts) > 0 {
		return w.texts[e.id]
	}
	return e.id
}

// width is that of slices, 0 where signatures are shorter.
func (k *bucket) width(w *bandWorker) int {
	if w.signatures.width < minhash.Slice {
		return 0
	}
	return minhash.Slice
}

func (k *bucket) slice(w *bandWorker, i int) []byte {
	n := k.width(w)
	return k.slices[i*n : (i+1)*n]
}

func (k *bucket) gather(w *bandWorker, b int, members []entry) {
	k.members, k.slices = k.members[:0], k.slices[:0]
	n, at := k.width(w), w.sliceAt(b)
	for _, e := range members {
		text := w.text(e)
		k.members = append(k.members, text)
		switch {
		case n == 0:
		case len(w.texts) > 0:
			k.slices = append(k.slices, w.slices[int(e.id)*n:][:n]...)
		default:
			k.slices = append(k.slices, w.signatures.at(int(text), nil)[at:at+n]...)
		}
	}
}

// compare appends the candidates of member i with those that lead, and says
// whether it follows one of them.
func (w *bandWorker) compare(b, i int, leads []int32, leading []byte, crowded bool) (follows bool) {
	k := &w.bucket
	hits := k.alike(w, b, i, len(leads), leading)
	if len(hits) == 0 {
		return false
	}
	m, lo, hi := k.members[i], b*w.rows, (b+1)*w.rows
	y := w.signatures.at(int(m), k.y)
	for _, h := range hits {
		p := w.ordered(leads[h], m)
		if w.want != nil && !w.want(p) {
			continue
		}
		x := w.signatures.at(int(leads[h]), k.x)
		e := minhash.Estimate(minhash.Equal(x, y), w.signatures.width)
		if e < w.least || !bytes.Equal(x[lo:hi], y[lo:hi]) { // keys of 32 bits may agree by chance
			continue
		}
		follows = follows || e >= (1+w.least)/2
		if crowded || !w.shared(x, y, b) {
			w.out = append(w.out, p)
		}
	}
	return follows
}

// alike lists those of the n leading members that member i may be near to.
func (k *bucket) alike(w *bandWorker, b, i, n int, leading []byte) []int32 {
	if len(k.hits) < n {
		k.hits = make([]int32, 2*n+64)
	}
	if w.sliced(b) {
		return k.hits[:minhash.Alike(k.slice(w, i), leading, w.leastSlice, k.hits)]
	}
	for h := range n {
		k.hits[h] = int32(h)
	}
	return k.hits[:n]
}
