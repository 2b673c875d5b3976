package tokenizer

import (
	"slices"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// nfc returns the canonical composition of text. x/text's own follows the
// stream-safe format, which inserts U+034F into more than 30 combining marks in
// a row; the reference does not, so text that is not normal already is composed
// here (Unicode Standard Annex 15), with x/text's tables.
func nfc(text string) string {
	if norm.NFC.IsNormalString(text) {
		return text
	}
	out := make([]byte, 0, len(text))
	var run []mark
	for len(text) > 0 {
		p := norm.NFD.PropertiesString(text)
		size := p.Size()
		if size == 0 || (size == 1 && text[0] >= utf8.RuneSelf) { // not UTF-8: stays as it is
			out = append(appendComposed(out, run), text[0])
			run, text = run[:0], text[1:]
			continue
		}
		decomposed := []byte(text[:size])
		if d := p.Decomposition(); d != nil {
			decomposed = d
		} else if r, _ := utf8.DecodeRune(decomposed); r >= 0xac00 && r <= 0xd7a3 {
			decomposed = norm.NFD.Bytes(decomposed) // Hangul: by rule, not by table
		}
		for len(decomposed) > 0 {
			r, n := utf8.DecodeRune(decomposed)
			ccc := norm.NFD.Properties(decomposed[:n]).CCC()
			// A starter that joins with nothing before it ends the run.
			if ccc == 0 && len(run) > 0 && norm.NFC.Properties(decomposed[:n]).BoundaryBefore() {
				out = appendComposed(out, run)
				run = run[:0]
			}
			run = append(run, mark{r, ccc})
			decomposed = decomposed[n:]
		}
		text = text[size:]
	}
	return string(appendComposed(out, run))
}

// mark is a decomposed character with its canonical combining class.
type mark struct {
	r   rune
	ccc uint8
}

// appendComposed orders the marks behind each starter by class and joins what
// has a composed form: a mark with the last starter, unless one of its own class
// or a higher one stands between them.
func appendComposed(out []byte, run []mark) []byte {
	for i := 0; i < len(run); {
		j := i + 1
		for j < len(run) && run[i].ccc != 0 && run[j].ccc != 0 {
			j++
		}
		if run[i].ccc != 0 {
			slices.SortStableFunc(run[i:j], func(a, b mark) int { return int(a.ccc) - int(b.ccc) })
		}
		i = j
	}
	starter, last := -1, -1 // last: the class of what stands between; -1: nothing
	kept := run[:0]
	for _, m := range run {
		if starter >= 0 && last < int(m.ccc) {
			if r, ok := compose(kept[starter].r, m.r); ok {
				kept[starter].r = r
				continue
			}
		}
		if m.ccc == 0 {
			starter, last = len(kept), -1
		} else {
			last = int(m.ccc)
		}
		kept = append(kept, m)
	}
	for _, m := range kept {
		out = utf8.AppendRune(out, m.r)
	}
	return out
}

// compose returns the one character that a pair is equivalent to.
func compose(a, b rune) (rune, bool) {
	var pair [2 * utf8.UTFMax]byte
	joined := norm.NFC.Bytes(utf8.AppendRune(utf8.AppendRune(pair[:0], a), b))
	r, size := utf8.DecodeRune(joined)
	return r, size == len(joined)
}
