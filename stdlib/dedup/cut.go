package dedup

import (
	"bytes"
	"math/bits"
	"unicode"
	"unicode/utf8"
)

// cutter cuts normalised texts into their distinct n-grams. It keeps what it
// works in; one goroutine uses it at a time.
type cutter struct {
	n     int
	seen  []uint64 // a bit for each 3-gram of ASCII
	keys  []uint32
	set   gramSet
	runes []rune
}

func newCutter(n int) *cutter {
	c := &cutter{n: n}
	if n == 3 {
		c.seen = make([]uint64, 1<<21/64)
	}
	return c
}

// cut appends the hashes of the text's distinct n-grams to out, in no particular
// order: the same set as grams gives.
func (c *cutter) cut(text []byte, out []uint64) []uint64 {
	switch {
	case len(text) == 0:
		return out
	case c.n != 3 || len(text) < 3:
		return c.cutAny(text, out)
	case isASCII(text):
		return c.cutASCII(text, out)
	}
	return c.cutRunes(text, out)
}

// cutASCII finds repetitions with a bitmap of all 2^21 3-grams of ASCII and
// without branches.
func (c *cutter) cutASCII(text []byte, out []uint64) []uint64 {
	if len(c.keys) < len(text) {
		c.keys = make([]uint32, 2*len(text))
	}
	keys, seen, n := c.keys, (*[1 << 15]uint64)(c.seen), 0
	key := uint32(text[0])<<7 | uint32(text[1])
	for _, b := range text[2:] {
		key = (key<<7 | uint32(b)) & (1<<21 - 1)
		word, bit := seen[key>>6], key&63
		keys[n] = key
		n += int(^(word >> bit) & 1)
		seen[key>>6] = word | 1<<bit
	}
	for _, k := range keys[:n] {
		seen[k>>6] = 0
		out = append(out, mix(uint64(k>>14+1)<<42^uint64(k>>7&127+1)<<21^uint64(k&127+1)))
	}
	return out
}

// cutRunes is for 3-grams of any runes.
func (c *cutter) cutRunes(text []byte, out []uint64) []uint64 {
	c.set.reset(len(text))
	count, key := 0, uint64(0)
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(text[i:])
		}
		i += size
		key = (key<<21 | uint64(r+1)) & (1<<63 - 1)
		if count++; count >= 3 {
			if h := mix(key); c.set.add(h) {
				out = append(out, h)
			}
		}
	}
	if count < 3 {
		return c.cutAny(text, out)
	}
	return out
}

func (c *cutter) cutAny(text []byte, out []uint64) []uint64 {
	c.runes = c.runes[:0]
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		c.runes = append(c.runes, r)
		i += size
	}
	if len(c.runes) < c.n {
		return append(out, hashRunes(c.runes))
	}
	c.set.reset(len(c.runes))
	for i := range len(c.runes) - c.n + 1 {
		if h := hashRunes(c.runes[i : i+c.n]); c.set.add(h) {
			out = append(out, h)
		}
	}
	return out
}

func isASCII[T []byte | string](text T) bool {
	for i := 0; i < len(text); i++ {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// gramSet is a set of hashes: open addressing, 0 stands beside the table.
type gramSet struct {
	table []uint64
	shift int
	zero  bool
}

// reset empties the set and makes room for n members.
func (s *gramSet) reset(n int) {
	log := max(6, bits.Len(uint(2*n)))
	if len(s.table) < 1<<log {
		s.table = make([]uint64, 1<<log)
	} else {
		s.table = s.table[:1<<log]
		clear(s.table)
	}
	s.shift, s.zero = 64-log, false
}

// add says whether h was new.
func (s *gramSet) add(h uint64) bool {
	if h == 0 {
		was := s.zero
		s.zero = true
		return !was
	}
	for i := int(h >> s.shift); ; i++ {
		switch at := &s.table[i&(len(s.table)-1)]; *at {
		case h:
			return false
		case 0:
			*at = h
			return true
		}
	}
}

func (s *gramSet) has(h uint64) bool {
	if h == 0 {
		return s.zero
	}
	for i := int(h >> s.shift); ; i++ {
		switch s.table[i&(len(s.table)-1)] {
		case h:
			return true
		case 0:
			return false
		}
	}
}

// normaliseInto is normalise into a buffer that it may use again.
func normaliseInto(buf []byte, text []byte) []byte {
	buf = buf[:0]
	for _, b := range text {
		if b >= utf8.RuneSelf {
			return normaliseRunes(buf[:0], text)
		}
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		buf = append(buf, b)
	}
	return strip(buf)
}

// normaliseRunes is the same for texts beyond ASCII.
func normaliseRunes(buf, text []byte) []byte {
	for i := 0; i < len(text); {
		b := text[i]
		if b < utf8.RuneSelf {
			if 'A' <= b && b <= 'Z' {
				b += 'a' - 'A'
			}
			buf = append(buf, b)
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		if r == 'Σ' || r == 'İ' {
			return append(buf[:0], normalise(string(text))...)
		}
		buf = utf8.AppendRune(buf, unicode.ToLower(r))
		i += size
	}
	if buf = strip(buf); len(buf) > 0 && (buf[0] >= utf8.RuneSelf || buf[len(buf)-1] >= utf8.RuneSelf) {
		return append(buf[:0], bytes.TrimFunc(buf, outerRune)...)
	}
	return buf
}

// strip takes white space of ASCII off both ends, in place.
func strip(buf []byte) []byte {
	for len(buf) > 0 && outer(buf[len(buf)-1]) {
		buf = buf[:len(buf)-1]
	}
	from := 0
	for from < len(buf) && outer(buf[from]) {
		from++
	}
	return buf[:copy(buf, buf[from:])]
}

// outer is what strip takes off an ASCII text.
func outer(b byte) bool { return b == ' ' || b >= 0x09 && b <= 0x0d || b >= 0x1c && b <= 0x1f }
