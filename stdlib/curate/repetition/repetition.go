// Package repetition measures how much a text repeats itself, and whether it reads
// like language at all.
//
// The measures and most limits are those of Gopher (Rae et al. 2021,
// arXiv:2112.11446, table A1) and, for lines of pages, of C4 (Raffel et al. 2020,
// JMLR 21/140, section 2.2). Both were chosen for pages of the web: what they say of
// a few words, of code or of tables means nothing. Fenced code is therefore left out,
// and the shares count only where there are enough words (Limits.Words).
package repetition

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Measures are what is known of a text. Shares are of 0 to 1; those of characters
// count the characters of words (n-grams) or of lines.
type Measures struct {
	Words      int
	MeanWord   float64    // runes of a word
	Lines      float64    // share of lines that an earlier one says
	LineChars  float64    // characters in them
	Paragraphs float64    // the same of paragraphs
	ParaChars  float64    //
	Top        [3]float64 // characters of the most frequent 2-, 3- and 4-gram of words
	Dup        [6]float64 // characters in 5- to 10-grams of words that came before
	Symbols    float64    // # and … for each word
	Bullets    float64    // share of lines that begin with a bullet
	Ellipses   float64    // share of lines that end with …
	Lettered   float64    // share of words with a letter
	Run        int        // longest run of one character, white space and -=_*.# not counted
	Longest    int        // runes of the longest word that is no address
	Broken     float64    // share of runes that decoding could not read or that are wrong decodings
	Consonants float64    // share of Latin words of 4 letters or more without a vowel or with 6 consonants in a row
	Filler     bool       // "lorem ipsum", or a page's notice that JavaScript is off
}

// Limits are from which values on a text is refused.
type Limits struct {
	Words int // texts with fewer words are not judged by shares; 50
}

// gopher are the limits of table A1.
var (
	topLimits = [3]float64{0.20, 0.18, 0.16}
	dupLimits = [6]float64{0.15, 0.14, 0.13, 0.12, 0.11, 0.10}
)

// Repeats says why a text repeats itself too much; "" if it does not.
func (m Measures) Repeats(l Limits) string {
	if m.Run >= 40 {
		return say("one character %d times in a row", m.Run)
	}
	if m.Words < least(l) {
		return ""
	}
	for _, c := range []struct {
		share, limit float64
		what         string
	}{{m.Lines, 0.30, "of the lines are said twice"}, {m.LineChars, 0.20, "of the characters are in lines said twice"},
		{m.Paragraphs, 0.30, "of the paragraphs are said twice"}, {m.ParaChars, 0.20, "of the characters are in paragraphs said twice"}} {
		if c.share > c.limit {
			return say("%.0f %% %s", 100*c.share, c.what)
		}
	}
	for i, share := range m.Top {
		if share > topLimits[i] {
			return say("one %d-gram of words is %.0f %% of the text", i+2, 100*share)
		}
	}
	for i, share := range m.Dup {
		if share > dupLimits[i] {
			return say("%.0f %% of the text are %d-grams of words that came before", 100*share, i+5)
		}
	}
	return ""
}

// Gibberish says why a text is no language; "" if it is.
func (m Measures) Gibberish(l Limits) string {
	switch {
	case m.Filler:
		return "a placeholder instead of a text"
	case m.Broken > 0.01:
		return say("%.1f %% of its characters were decoded wrongly", 100*m.Broken)
	case m.Consonants > 0.5 && m.Words >= 4:
		return say("%.0f %% of its words cannot be spoken", 100*m.Consonants)
	case m.Longest > 200:
		return say("a word of %d letters", m.Longest)
	case m.Words < least(l):
		return ""
	case m.MeanWord < 2 || m.MeanWord > 14:
		return say("words have %.1f letters in the mean", m.MeanWord)
	case m.Lettered < 0.4: // Gopher's 0.8 refuses arithmetic
		return say("%.0f %% of its words have a letter", 100*m.Lettered)
	case m.Symbols > 0.1:
		return say("%.2f # and … for each word", m.Symbols)
	case m.Ellipses > 0.3:
		return say("%.0f %% of its lines end in the middle (…)", 100*m.Ellipses)
	case m.Bullets > 0.95: // Gopher's 0.9 with room for lists that were asked for
		return say("%.0f %% of its lines are bullets", 100*m.Bullets)
	}
	return ""
}

func least(l Limits) int {
	if l.Words > 0 {
		return l.Words
	}
	return 50
}

// Measure measures a text. It may be used by several goroutines.
func Measure(text string) Measures {
	var m Measures
	m.characters(text)
	text = withoutCode(text)
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	m.lines(text, s)
	m.words(text, s)
	return m
}

// characters looks at every rune of the text.
func (m *Measures) characters(text string) {
	run, last, broken, n := 0, rune(-1), 0, 0
	for i, r := range text {
		n++
		if r == last {
			run++
		} else {
			run, last = 1, r
		}
		if run > m.Run && !unicode.IsSpace(r) && !strings.ContainsRune("-=_*.#~─━═", r) {
			m.Run = run
		}
		switch {
		case r == utf8.RuneError, r < ' ' && r != '\n' && r != '\t' && r != '\r' && r != '\f', r >= 0x7f && r < 0xa0:
			broken++
		case r == 'Ã' || r == 'â': // UTF-8 read as Windows-1252
			if next, _ := utf8.DecodeRuneInString(text[i+2:]); next == '€' || next >= 0xa0 && next < 0xc0 {
				broken++
			}
		}
	}
	if n > 0 {
		m.Broken = float64(broken) / float64(n)
	}
	low := strings.ToLower(text[:min(len(text), 4096)])
	m.Filler = strings.Contains(low, "lorem ipsum dolor") && len(text) < 4096 || strings.Contains(low, "please enable javascript to") && len(text) < 600
}

// withoutCode takes out what stands between fences.
func withoutCode(text string) string {
	if !strings.Contains(text, "```") {
		return text
	}
	var b strings.Builder
	for i, part := range strings.Split(text, "```") {
		if i%2 == 0 {
			b.WriteString(part)
			b.WriteByte('\n')
		}
	}
	return b.String()
}
