package tokenizer

import (
	"unicode"
	"unicode/utf8"
)

// TekkenPattern is the pattern of Mistral's tekken vocabularies, which cuts words
// where small letters are followed by capitals.
const TekkenPattern = `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|` +
	`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|` +
	`\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`

func tekkenWord(text string) int {
	first, size := classAt(text)
	skip := 0 // the character that may stand before a word
	if first != letter && first != number && text[0] != '\r' && text[0] != '\n' {
		skip = size
	}
	for _, word := range []func(string) int{smallWord, capitalWord} {
		if n := word(text[skip:]); n > 0 {
			return skip + n
		}
		if n := word(text); skip > 0 && n > 0 {
			return n
		}
	}
	if first == number {
		return size
	}
	return otherWord(text, "\r\n/")
}

// smallWord is [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+; 0 where
// it does not match. If no small letter follows the first set's run, the second
// set takes the last character of the run that is in both.
func smallWord(text string) int {
	n, both := 0, 0
	for n < len(text) {
		c, size := casesAt(text[n:])
		if c&capital == 0 {
			break
		}
		n += size
		if c&small != 0 {
			both = n
		}
	}
	if tail := runOf(text[n:], small); tail > 0 {
		return n + tail
	}
	return both
}

// capitalWord is [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*.
func capitalWord(text string) int {
	n := runOf(text, capital)
	if n == 0 {
		return 0
	}
	return n + runOf(text[n:], small)
}

// cases are the two sets of letters and marks; many characters are in both.
type cases uint8

const (
	capital cases = 1 << iota // \p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}
	small                     // \p{Ll}\p{Lm}\p{Lo}\p{M}
)

func casesAt(text string) (cases, int) {
	r, size := utf8.DecodeRuneInString(text)
	switch {
	case r == utf8.RuneError && size < 2:
		return 0, size
	case unicode.In(r, unicode.Lu, unicode.Lt):
		return capital, size
	case unicode.Is(unicode.Ll, r):
		return small, size
	case unicode.In(r, unicode.Lm, unicode.Lo, unicode.M):
		return capital | small, size
	}
	return 0, size
}

// runOf returns the bytes of the longest start of text whose characters are all
// in the set.
func runOf(text string, set cases) int {
	n := 0
	for n < len(text) {
		c, size := casesAt(text[n:])
		if c&set == 0 {
			break
		}
		n += size
	}
	return n
}
