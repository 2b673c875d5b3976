// Package words counts words that many do not want in training texts. A list
// knows no context: what it finds is a reason to look, or to drop where enough is
// left, and medicine, law and literature have such words as well.
package words

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

//go:embed words.txt
var file string

// list is the words of a language.
type list struct {
	phrases map[string][][]string // by their first word: the words behind it
	inside  []string              // of scripts without spaces
	begins  map[rune]bool         // of inside
}

var lists = sync.OnceValue(func() map[string]*list { return parse(file) })

func parse(file string) map[string]*list {
	all := map[string]*list{}
	var l *list
	for line := range strings.Lines(file) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[' && strings.HasSuffix(line, "]"):
			l = &list{phrases: map[string][][]string{}, begins: map[rune]bool{}}
			all[line[1:len(line)-1]] = l
		case l != nil:
			l.add(line)
		}
	}
	return all
}

func (l *list) add(phrase string) {
	first, _ := utf8.DecodeRuneInString(phrase)
	if unspaced(first) {
		l.inside = append(l.inside, phrase)
		l.begins[first] = true
		return
	}
	if words := split(phrase); len(words) > 0 {
		l.phrases[words[0]] = append(l.phrases[words[0]], words[1:])
	}
}

// unspaced says whether a script puts no spaces between words.
func unspaced(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Hangul)
}

// Languages are those with a list, ISO 639-1.
func Languages() map[string]int {
	out := map[string]int{}
	for code, l := range lists() {
		out[code] = len(l.inside)
		for _, p := range l.phrases {
			out[code] += len(p)
		}
	}
	return out
}

// Count is how many words of a text are on the English list or that of its
// language (ISO 639-1; one without a list, or "", has none). Only whole words
// count, where a script has words. A word of one language may be harmless in
// another, so other lists are not asked.
func Count(text, language string) int {
	return len(Find(text, language))
}

// Find gives the words that Count counts, in lower case, in their order.
func Find(text, language string) []string {
	var found []string
	all := lists()
	words := split(text)
	use := []*list{all["en"]}
	if l := all[language]; l != nil && language != "en" {
		use = append(use, l)
	}
	for i := 0; i < len(words); i++ {
		most := 0
		for _, l := range use {
			for _, rest := range l.phrases[words[i]] {
				if n := 1 + len(rest); n > most && follows(words[i+1:], rest) {
					most = n
				}
			}
		}
		if most > 0 {
			found = append(found, strings.Join(words[i:i+most], " "))
			i += most - 1
		}
	}
	for _, l := range use {
		found = append(found, l.within(text)...)
	}
	return found
}

func follows(words, want []string) bool {
	if len(words) < len(want) {
		return false
	}
	for i, w := range want {
		if words[i] != w {
			return false
		}
	}
	return true
}

// within finds words of scripts without spaces, the longest at each place.
func (l *list) within(text string) (found []string) {
	if len(l.inside) == 0 {
		return nil
	}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if l.begins[r] {
			best := ""
			for _, w := range l.inside {
				if len(w) > len(best) && strings.HasPrefix(text[i:], w) {
					best = w
				}
			}
			if best != "" {
				found = append(found, best)
				size = len(best)
			}
		}
		i += size
	}
	return found
}

// split gives the words of a text in lower case: letters, digits, marks and signs
// within.
func split(text string) (words []string) {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return r < utf8.RuneSelf && !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9') ||
			r >= utf8.RuneSelf && !unicode.In(r, unicode.L, unicode.M, unicode.N)
	})
}
