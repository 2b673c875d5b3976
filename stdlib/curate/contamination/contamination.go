// Package contamination finds texts that hold a benchmark's items: what was
// trained on is no measure any more.
//
// A text counts as contaminated where it shares 13 words in a row with an item, as
// in the GPT-3 paper (Brown et al. 2020, appendix C); an item of 8 to 12 words must
// be there as a whole, a shorter one must be all there is. Words are letters and
// digits in lower case: punctuation, case and line breaks do not hide an item.
// Word sequences that more than a few items share are the benchmark's template
// ("If you follow these instructions, do you return to the starting point?") and
// prove nothing.
package contamination

import (
	"math/bits"
	"sync"
	"unicode"
	"unicode/utf8"
)

const (
	Words    = 13 // in a row that are proof
	Least    = 8  // words of an item that are looked for inside a text
	Shortest = 3  // words of an item that counts where it is all there is
	// template is the number of items from which a sequence belongs to none.
	template = 4
)

// Match is where a text holds an item.
type Match struct {
	Benchmark string
	Item      int     // its number, as it was added
	Span      string  // of the text: all that is the same without a gap
	Start     int     // of Span, in bytes
	Words     int     // of Span
	Share     float64 // of the item's words that Span has; 1: the whole item
}

// Index holds benchmarks. Items are added first; then Find may be called by
// several goroutines.
type Index struct {
	names []string
	items []item
	grams table
	whole table // items that are too short to be looked for inside
	sizes []int // lengths of sequences that occur
	pool  sync.Pool
}

// item is one of a benchmark.
type item struct {
	benchmark int32
	number    int32
	words     int32
}

// New is an empty index.
func New() *Index {
	return &Index{pool: sync.Pool{New: func() any { return new(scratch) }}}
}

// scratch is what looking at a text takes.
type scratch struct {
	hashes []uint64
	at     []int32 // where each word begins and ends
	end    []int32
}

// Add adds an item under its number. Texts with fewer than Shortest words are left
// out: they are everywhere. It says whether the item was taken.
func (x *Index) Add(benchmark string, number int, text string) bool {
	var s scratch
	s.read(text)
	n := len(s.hashes)
	if n < Shortest {
		return false
	}
	id := int32(len(x.items))
	x.items = append(x.items, item{x.name(benchmark), int32(number), int32(n)})
	if n < Least {
		x.whole.add(s.gram(0, n), id)
		return true
	}
	size := min(n, Words)
	x.note(size)
	s.grams(size, func(_ int, h uint64) bool {
		x.grams.add(h, id)
		return true
	})
	return true
}

func (x *Index) name(benchmark string) int32 {
	for i, n := range x.names {
		if n == benchmark {
			return int32(i)
		}
	}
	x.names = append(x.names, benchmark)
	return int32(len(x.names) - 1)
}

func (x *Index) note(size int) {
	for _, s := range x.sizes {
		if s == size {
			return
		}
	}
	x.sizes = append(x.sizes, size)
}

// Items is how many items the index holds.
func (x *Index) Items() int { return len(x.items) }

// Find looks for the first place of a text that is an item's, the longest that
// begins there.
func (x *Index) Find(text string) (Match, bool) {
	if len(x.items) == 0 {
		return Match{}, false
	}
	s := x.pool.Get().(*scratch)
	defer x.pool.Put(s)
	s.read(text)
	n := len(s.hashes)
	if n >= Shortest && n < Least {
		if id, count := x.whole.get(s.gram(0, n)); count > 0 {
			return x.match(s, text, id, 0, n), true
		}
	}
	first, last, size, found := n, 0, 0, int32(-1)
	for _, words := range x.sizes {
		s.grams(words, func(i int, h uint64) bool {
			if i >= first {
				return false
			}
			id, count := x.grams.get(h)
			if count == 0 || count > template {
				return true
			}
			first, last, size, found = i, i, words, id
			return false
		})
	}
	if found < 0 {
		return Match{}, false
	}
	s.grams(size, func(i int, h uint64) bool { // how far it goes on without a gap
		if i <= first {
			return true
		}
		if _, count := x.grams.get(h); count == 0 || i != last+1 {
			return false
		}
		last = i
		return true
	})
	return x.match(s, text, found, first, last+size), true
}

func (x *Index) match(s *scratch, text string, id int32, from, to int) Match {
	it := x.items[id]
	start, end := int(s.at[from]), int(s.end[to-1])
	return Match{Benchmark: x.names[it.benchmark], Item: int(it.number), Span: text[start:end], Start: start, Words: to - from,
		Share: min(1, float64(to-from)/float64(it.words))}
}

// read takes the words of a text.
func (s *scratch) read(text string) {
	s.hashes, s.at, s.end = s.hashes[:0], s.at[:0], s.end[:0]
	const offset, prime = 14695981039346656037, 1099511628211 // FNV-1a
	h, from := uint64(offset), -1
	for i := 0; i <= len(text); {
		r, size := rune(-1), 1
		if i < len(text) {
			if r = rune(text[i]); r >= utf8.RuneSelf {
				r, size = utf8.DecodeRuneInString(text[i:])
			}
		}
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
		case r >= 'A' && r <= 'Z':
			r |= 0x20
		case r >= utf8.RuneSelf && r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r)):
			r = unicode.ToLower(r)
		default:
			r = -1
		}
		if r >= 0 {
			if from < 0 {
				from = i
			}
			h = (h ^ uint64(r)) * prime
		} else if from >= 0 && !(i < len(text) && apostrophe(text[i:])) {
			s.hashes, s.at, s.end = append(s.hashes, mix(h)), append(s.at, int32(from)), append(s.end, int32(i))
			h, from = offset, -1
		}
		i += size
	}
}

// apostrophe inside a word: don't and don’t are one word, without the sign.
func apostrophe(rest string) bool {
	size := 0
	switch {
	case rest[0] == '\'':
		size = 1
	case len(rest) > 3 && rest[:3] == "’":
		size = 3
	default:
		return false
	}
	return len(rest) > size && (rest[size]|0x20 >= 'a' && rest[size]|0x20 <= 'z')
}

const base = 0x9e3779b97f4a7c15 | 1

// grams gives the hash of every n words in a row, until take says no: a polynomial
// that rolls on by one word at a time.
func (s *scratch) grams(n int, take func(i int, h uint64) bool) {
	if len(s.hashes) < n {
		return
	}
	h, top := uint64(0), uint64(1)
	for i, w := range s.hashes {
		if i < n {
			h = h*base + w
			if i > 0 {
				top *= base
			}
			if i < n-1 {
				continue
			}
		} else {
			h = (h-s.hashes[i-n]*top)*base + w
		}
		if !take(i-n+1, mix(h^uint64(n))) {
			return
		}
	}
}

// gram is the hash of words from..from+n.
func (s *scratch) gram(from, n int) (out uint64) {
	part := scratch{hashes: s.hashes[from : from+n]}
	part.grams(n, func(_ int, h uint64) bool { out = h; return true })
	return out
}

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// table is a hash table of sequences with the first item that each is from and the
// number of items, behind one bit for every 16 places or more: most sequences are
// nobody's, and one look at a megabyte says so.
type table struct {
	n      int
	keys   []uint64
	ids    []int32
	counts []uint8 // of items, up to 255
	bits   []uint64
}

func (t *table) add(key uint64, id int32) {
	if 2*t.n >= len(t.keys) {
		t.grow()
	}
	i := t.place(key)
	if t.keys[i] != key {
		t.keys[i], t.ids[i], t.counts[i] = key, id, 1
		t.n++
		t.mark(key)
		return
	}
	// An item counts once; those of one item come one after another.
	if t.ids[i] != id && t.counts[i] < 255 {
		t.counts[i]++
	}
}

func (t *table) place(key uint64) int {
	mask := len(t.keys) - 1
	i := int(key) & mask
	for t.keys[i] != 0 && t.keys[i] != key {
		i = (i + 1) & mask
	}
	return i
}

func (t *table) mark(key uint64) {
	b := key >> (64 - bits.TrailingZeros(uint(len(t.bits))) - 6)
	t.bits[b>>6] |= 1 << (b & 63)
}

func (t *table) grow() {
	old := *t
	size := max(1<<10, 2*len(t.keys))
	*t = table{keys: make([]uint64, size), ids: make([]int32, size), counts: make([]uint8, size), bits: make([]uint64, size/8)}
	for i, key := range old.keys {
		if key != 0 {
			k := t.place(key)
			t.keys[k], t.ids[k], t.counts[k] = key, old.ids[i], old.counts[i]
			t.n++
			t.mark(key)
		}
	}
}

func (t *table) get(key uint64) (id int32, count uint8) {
	if len(t.keys) == 0 {
		return 0, 0
	}
	b := key >> (64 - bits.TrailingZeros(uint(len(t.bits))) - 6)
	if t.bits[b>>6]&(1<<(b&63)) == 0 {
		return 0, 0
	}
	i := t.place(key)
	if t.keys[i] != key {
		return 0, 0
	}
	return t.ids[i], t.counts[i]
}
