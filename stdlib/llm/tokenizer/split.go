package tokenizer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The patterns as tokenizer.json spells them.
const (
	Llama3Pattern = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	Qwen2Pattern  = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	GPT2Pattern   = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
)

// splitter cuts text into the words that are merged on their own. Go's regular
// expressions have no look-ahead, and are slow; each pattern is a function.
type splitter struct {
	digits bool                  // first cut at every numeric character, which is a piece of its own
	next   func(text string) int // bytes of the first word of a text that is not empty; at least 1
}

func wholeText(text string) int { return len(text) }

func llama3Words(text string) int { return modernWord(text, 3) }
func qwen2Words(text string) int  { return modernWord(text, 1) }

// modernWord is the Llama-3 pattern; digits is how many numeric characters make
// one word at most.
func modernWord(text string, digits int) int {
	if n := contraction(text, true); n > 0 {
		return n
	}
	first, size := classAt(text)
	if first == letter {
		return size + run(text[size:], letter)
	}
	if first == number {
		for n := 1; n < digits && size < len(text); n++ {
			c, w := classAt(text[size:])
			if c != number {
				break
			}
			size += w
		}
		return size
	}
	// [^\r\n\p{L}\p{N}]?\p{L}+
	if text[0] != '\r' && text[0] != '\n' && size < len(text) {
		if n := run(text[size:], letter); n > 0 {
			return size + n
		}
	}
	return otherWord(text, "\r\n")
}

// otherWord is ` ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+` with behind
// for the set [\r\n] of the first part.
func otherWord(text, behind string) int {
	if n := symbols(text); n > 0 {
		for n < len(text) && strings.IndexByte(behind, text[n]) >= 0 {
			n++
		}
		return n
	}
	spaces := run(text, space)
	// \s*[\r\n]+ ends behind the last line break of the white space.
	if n := strings.LastIndexAny(text[:spaces], "\r\n"); n >= 0 {
		return n + 1
	}
	return trailingSpace(text, spaces)
}

// gpt2Word is the pattern of GPT-2.
func gpt2Word(text string) int {
	if n := contraction(text, false); n > 0 {
		return n
	}
	skip := 0
	if text[0] == ' ' && len(text) > 1 {
		skip = 1
	}
	switch c, _ := classAt(text[skip:]); c {
	case letter, number, symbol:
		return skip + run(text[skip:], c)
	}
	return trailingSpace(text, run(text, space))
}

// symbols is ` ?[^\s\p{L}\p{N}]+`; 0 where it does not match.
func symbols(text string) int {
	skip := 0
	if text[0] == ' ' {
		skip = 1
	}
	if n := run(text[skip:], symbol); n > 0 {
		return skip + n
	}
	return 0
}

// trailingSpace is \s+(?!\S)|\s+ : white space leaves its last character to the
// word behind it, unless it has only that one.
func trailingSpace(text string, spaces int) int {
	if spaces == len(text) {
		return spaces
	}
	_, last := utf8.DecodeLastRuneInString(text[:spaces])
	if spaces > last {
		return spaces - last
	}
	return spaces
}

// contraction is 's|'t|'re|'ve|'m|'ll|'d, in any case where fold is set: then ſ
// (U+017F) is an s too.
func contraction(text string, fold bool) int {
	if text[0] != '\'' || len(text) < 2 {
		return 0
	}
	a, b := text[1], byte(0)
	if len(text) > 2 {
		b = text[2]
	}
	if fold {
		if strings.HasPrefix(text[1:], "ſ") {
			return 1 + len("ſ")
		}
		a, b = lower(a), lower(b)
	}
	switch {
	case a == 's' || a == 't' || a == 'm' || a == 'd':
		return 2
	case (a == 'r' || a == 'v') && b == 'e', a == 'l' && b == 'l':
		return 3
	}
	return 0
}

func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		b += 'a' - 'A'
	}
	return b
}

// digitRun returns the length of the first piece when every numeric character is
// a piece of its own.
func digitRun(text string) int {
	c, size := classAt(text)
	if c == number {
		return size
	}
	for size < len(text) {
		c, w := classAt(text[size:])
		if c == number {
			break
		}
		size += w
	}
	return size
}

// class of a character, as the patterns see it.
type class uint8

const (
	symbol class = iota // whatever is none of the others, bytes that are not UTF-8 too
	letter              // \p{L}
	number              // \p{N}, which is also Rust's char::is_numeric
	space               // \s
)

var ascii = func() (table [utf8.RuneSelf]class) {
	for b := range table {
		table[b] = classOf(rune(b))
	}
	return table
}()

func classOf(r rune) class {
	switch {
	case unicode.IsLetter(r):
		return letter
	case unicode.IsNumber(r):
		return number
	case unicode.IsSpace(r):
		return space
	}
	return symbol
}

// classAt returns the class and the bytes of the first character.
func classAt(text string) (class, int) {
	if text[0] < utf8.RuneSelf {
		return ascii[text[0]], 1
	}
	r, size := utf8.DecodeRuneInString(text)
	return classOf(r), size
}

// run returns the bytes of the longest start of text whose characters all have
// that class.
func run(text string, c class) int {
	i := 0
	for i < len(text) {
		if text[i] < utf8.RuneSelf {
			if ascii[text[i]] != c {
				break
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if classOf(r) != c {
			break
		}
		i += size
	}
	return i
}
