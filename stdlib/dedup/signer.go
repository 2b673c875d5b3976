package dedup

import (
	"unicode/utf8"

	"cogumi/stdlib/dedup/minhash"
)

// signer makes signatures of normalised texts, on one goroutine.
type signer struct {
	hash    *minhash.Hasher
	cut     *cutter
	grams   []uint64
	short   []uint32
	keys    []uint64
	recent  [recentGrams]uint64
	scratch minhash.Scratch
}

// recentGrams is how many 3-grams a signer remembers: 8 KB, in the nearest cache.
const (
	recentBits  = 11
	recentGrams = 1 << recentBits
)

func newSigner(ngram int, h *minhash.Hasher) *signer { return &signer{hash: h, cut: newCutter(ngram)} }

// sign writes the signature of the text's n-grams.
func (s *signer) sign(text, out []byte) {
	s.short = s.short[:0]
	if s.cut.n == 3 && len(text) >= 3 {
		s.threes(text)
	}
	if len(s.short) == 0 { // other n, or fewer than three runes
		s.grams = s.cut.cut(text, s.grams[:0])
		for _, g := range s.grams {
			s.short = append(s.short, uint32(g))
		}
	}
	s.hash.Sign(s.short, out, &s.scratch)
}

// threes collects the hashes of the 3-grams. A minimum does not mind repetitions,
// so it is enough to leave out most of them: those that the one place where each
// is remembered still holds.
func (s *signer) threes(text []byte) {
	if len(s.keys) < len(text) {
		s.keys = make([]uint64, 2*len(text))
	}
	clear(s.recent[:])
	n := 0
	if isASCII(text) {
		n = s.asciiKeys(text)
	} else {
		n = s.runeKeys(text)
	}
	for _, k := range s.keys[:n] {
		s.short = append(s.short, uint32(mix(k)))
	}
}

// place is where a gram is remembered.
func place(key uint64) uint64 { return key * 0x9e3779b97f4a7c15 >> (64 - recentBits) }

// differ is 1, or 0 for equal numbers; the compiler makes no jump of it.
func differ(a, b uint64) int { return int((a ^ b | -(a ^ b)) >> 63) }

// asciiKeys writes the 3-grams into keys, without a branch: which of them are new
// no processor can foretell.
func (s *signer) asciiKeys(text []byte) (n int) {
	keys, recent := s.keys[:len(text)], &s.recent
	key := uint64(text[0]+1)<<21 | uint64(text[1]+1)
	for _, b := range text[2:] {
		key = (key<<21 | uint64(b+1)) & (1<<63 - 1)
		at := &recent[place(key)]
		keys[n] = key
		n += differ(*at, key)
		*at = key
	}
	return n
}

func (s *signer) runeKeys(text []byte) (n int) {
	runes, key := 0, uint64(0)
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(text[i:])
		}
		i += size
		key = (key<<21 | uint64(r+1)) & (1<<63 - 1)
		if runes++; runes < 3 {
			continue
		}
		at := &s.recent[place(key)]
		s.keys[n] = key
		n += differ(*at, key)
		*at = key
	}
	return n
}
