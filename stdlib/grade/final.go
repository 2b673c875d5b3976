package grade

import (
	"math/big"
	"regexp"
	"strings"
)

// marker is what GSM8K puts before a final answer.
const marker = "####"

// FinalNumber is the number that a solution ends with. With strict it is the one
// after the last #### that a number follows, and nothing else counts. Otherwise,
// where there is none, it is, in this order,
//
//  1. the number in the last \boxed{},
//  2. the number after the last "answer is", "answer:" or "answer =",
//  3. the last number of the text.
func FinalNumber(text string, strict bool) (*big.Rat, bool) {
	if n, ok := lastAfter(markers(text), text); ok || strict {
		return n, ok
	}
	if n, ok := lastAfter(boxed.FindAllStringIndex(text, -1), text); ok {
		return n, ok
	}
	if n, ok := lastAfter(answerIs.FindAllStringIndex(text, -1), text); ok {
		return n, ok
	}
	return lastNumber(text)
}

var (
	boxed    = regexp.MustCompile(`\\(?:boxed|fbox)\s*\{`)
	answerIs = regexp.MustCompile(`(?i)\banswer\b\**(?:\s+is\b|\s*[:=])\**`)
	// negative is text before a number whose last minus is a sign: not "16 - 3",
	// not "COVID-19"
	negative = regexp.MustCompile(`(?:^|[(\[{$:,|*=]|(?:^|[^0-9)\]}%.\s])\s+)[-]$`)
	starts   = regexp.MustCompile(`[0-9.½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞０-９]|\\[dtc]?frac`)
)

// markers are the places of exactly four hashes.
func markers(text string) [][]int {
	var out [][]int
	for i := 0; i < len(text); {
		if text[i] != '#' {
			i++
			continue
		}
		n := len(text[i:]) - len(strings.TrimLeft(text[i:], "#"))
		if n == len(marker) {
			out = append(out, []int{i, i + n})
		}
		i += n
	}
	return out
}

// lastAfter is the number that follows the last of the places that has one.
func lastAfter(places [][]int, text string) (*big.Rat, bool) {
	for i := len(places) - 1; i >= max(0, len(places)-mostPlaces); i-- {
		from := places[i][1]
		line, _, _ := strings.Cut(text[from:min(len(text), from+window)], "\n")
		if n, ok := ParseNumber(line); ok {
			return n, true
		}
	}
	return nil, false
}

// An answer of nothing but markers must not take longer than its length: a number
// is looked for in so many bytes after so many of the last places.
const (
	window     = 500
	mostPlaces = 1000
)

// contextBytes is how far a sign is looked for: the time of a line stays linear.
const contextBytes = 16

// lastNumber reads all numbers of the text and gives the last one.
func lastNumber(text string) (*big.Rat, bool) {
	var last *big.Rat
	for line := range strings.Lines(text) {
		line = same.Replace(line)
		for pos := 0; ; {
			at := starts.FindStringIndex(line[pos:])
			if at == nil {
				break
			}
			from, next := pos+at[0], pos+at[1]
			if negative.MatchString(line[max(0, from-contextBytes):from]) {
				from--
			}
			n, rest, ok := readNumber(line[from:])
			if ok {
				last, pos = n, len(line)-len(rest)
			} else {
				pos = next + len(leadingDigits(line[next:]))
			}
		}
	}
	return last, last != nil
}

// readNumber is scanNumber for running text: "3 + 4 = 7" has three numbers.
func readNumber(s string) (*big.Rat, string, bool) {
	negative, s := sign(s)
	n, rest, ok := magnitude(s)
	if ok && negative {
		n.Neg(n)
	}
	return n, rest, ok
}
