package repetition

import (
	"fmt"
	"hash/maphash"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

func say(format string, a ...any) string { return fmt.Sprintf(format, a...) }

// scratch is what measuring needs for a moment: words, and a table of counts.
type scratch struct {
	hashes []uint64
	sizes  []int32 // runes
	slots  []slot
	round  uint32
}

type slot struct {
	hash  uint64
	round uint32 // slots of earlier rounds are free
	count int32
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// clear makes room for n different hashes.
func (s *scratch) clear(n int) {
	size := 64
	for size < 2*n {
		size *= 2
	}
	if len(s.slots) < size || s.round == 1<<32-1 {
		s.slots, s.round = make([]slot, max(size, len(s.slots))), 0
	}
	s.round++
}

// add counts a hash and says how often it has come.
func (s *scratch) add(hash uint64) int32 {
	mask := uint64(len(s.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		p := &s.slots[i]
		if p.round != s.round {
			*p = slot{hash, s.round, 1}
			return 1
		}
		if p.hash == hash {
			p.count++
			return p.count
		}
	}
}

var seed = maphash.MakeSeed() // equal texts are equal under any seed

// lines measures what is said twice, line by line and paragraph by paragraph.
func (m *Measures) lines(text string, s *scratch) {
	m.Lines, m.LineChars = s.twice(text, "\n", 1)
	m.Paragraphs, m.ParaChars = s.twice(text, "\n\n", 2)
	n, bullets, ellipses := 0, 0, 0
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		n++
		if strings.HasPrefix(line, "•") || strings.HasPrefix(line, "- ") || strings.HasPrefix(line, "* ") {
			bullets++
		}
		if strings.HasSuffix(line, "...") || strings.HasSuffix(line, "…") {
			ellipses++
		}
	}
	if n >= 5 {
		m.Bullets, m.Ellipses = float64(bullets)/float64(n), float64(ellipses)/float64(n)
	}
}

// twice is the share of pieces that came before, and of their characters. Pieces
// without letters, lines of a table for one, may come as often as they like.
func (s *scratch) twice(text, between string, fewest int) (pieces, chars float64) {
	s.clear(strings.Count(text, between) + 1)
	n, again, all, said := 0, 0, 0, 0
	for piece := range strings.SplitSeq(text, between) {
		piece = strings.TrimSpace(piece)
		if len(piece) < 4 || strings.IndexFunc(piece, unicode.IsLetter) < 0 {
			continue
		}
		n++
		all += len(piece)
		if s.add(maphash.String(seed, piece)) > 1 {
			again++
			said += len(piece)
		}
	}
	if n <= fewest {
		return 0, 0
	}
	return float64(again) / float64(n), float64(said) / float64(all)
}

// words measures n-grams of words.
func (m *Measures) words(text string, s *scratch) {
	s.hashes, s.sizes = s.hashes[:0], s.sizes[:0]
	runes, lettered, latin, unspoken, symbols := 0, 0, 0, 0, 0
	for word := range strings.FieldsSeq(text) {
		size := utf8.RuneCountInString(word)
		s.hashes, s.sizes = append(s.hashes, maphash.String(seed, word)), append(s.sizes, int32(size))
		runes += size
		if size > m.Longest && !strings.Contains(word, "/") && !strings.Contains(word, "=") && isText(word) {
			m.Longest = size
		}
		letters, speakable := spell(word)
		if letters > 0 || size != len(word) {
			lettered++
		}
		if letters >= 4 && letters == len(strings.Trim(word, ".,;:!?\"'()")) {
			latin++
			if !speakable {
				unspoken++
			}
		}
		if strings.HasPrefix(word, "#") && strings.Trim(word, "#") != "" || strings.HasSuffix(word, "...") || strings.HasSuffix(word, "…") {
			symbols++
		}
	}
	if m.Words = len(s.hashes); m.Words == 0 {
		return
	}
	n := float64(m.Words)
	m.MeanWord, m.Lettered, m.Symbols = float64(runes)/n, float64(lettered)/n, float64(symbols)/n
	if latin > 0 && 2*latin >= m.Words {
		m.Consonants = float64(unspoken) / float64(latin)
	}
	for i := range m.Top {
		m.Top[i] = s.top(i+2, runes)
	}
	for i := range m.Dup {
		if m.Dup[i] = s.dup(i+5, runes); m.Dup[i] == 0 {
			break // longer ones cannot come twice either
		}
	}
}

// isText: languages that write without spaces have no words to measure.
func isText(word string) bool {
	r, _ := utf8.DecodeRuneInString(word)
	return r < 0x600 || unicode.In(r, unicode.Cyrillic, unicode.Arabic, unicode.Hebrew)
}

// spell counts the Latin letters of a word and says whether they can be spoken.
func spell(word string) (letters int, speakable bool) {
	vowels, row, longest, upper := 0, 0, 0, 0
	for i := range len(word) {
		c := word[i]
		if c >= 'A' && c <= 'Z' {
			upper++
		}
		c |= 0x20
		if c < 'a' || c > 'z' {
			row = 0
			continue
		}
		letters++
		if strings.IndexByte("aeiouy", c) >= 0 {
			vowels, row = vowels+1, 0
		} else if row++; row > longest {
			longest = row
		}
	}
	return letters, upper > 1 || vowels > 0 && longest < 6
}

// gram is the hash of n words.
func (s *scratch) gram(at, n int) (hash uint64, size int) {
	for i := at; i < at+n; i++ {
		hash = (hash ^ s.hashes[i]) * 0x9e3779b97f4a7c15
		hash ^= hash >> 29
		size += int(s.sizes[i])
	}
	return hash, size
}

// top is the share of characters that the most frequent n-gram has, if it comes
// more than twice.
func (s *scratch) top(n, runes int) float64 {
	s.clear(len(s.hashes))
	best, most := int32(2), 0
	for at := 0; at+n <= len(s.hashes); at++ {
		hash, size := s.gram(at, n)
		if count := s.add(hash); count > best || count == best && best > 2 && size*int(count) > most {
			best, most = count, size*int(count)
		}
	}
	return min(1, float64(most)/float64(runes))
}

// dup is the share of characters in n-grams that came before, none counted twice.
func (s *scratch) dup(n, runes int) float64 {
	s.clear(len(s.hashes))
	said, free := 0, 0
	for at := 0; at+n <= len(s.hashes); at++ {
		hash, _ := s.gram(at, n)
		if s.add(hash) == 1 {
			continue
		}
		for i := max(at, free); i < at+n; i++ {
			said += int(s.sizes[i])
		}
		free = at + n
	}
	return float64(said) / float64(runes)
}
