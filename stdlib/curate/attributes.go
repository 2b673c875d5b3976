package curate

import (
	"cmp"
	"maps"
	"unicode"

	"cogumi/stdlib/curate/contamination"
	"cogumi/stdlib/curate/format"
	"cogumi/stdlib/curate/language"
	"cogumi/stdlib/curate/pii"
	"cogumi/stdlib/curate/repetition"
	"cogumi/stdlib/curate/words"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/llm/tokenizer"
)

// attributes are what is known of a row, one line beside it.
type attributes struct {
	File      int            `json:"file"` // of the source, from 0
	Row       int            `json:"row"`  // of the file, from 1, unreadable ones included
	Category  string         `json:"category,omitempty"`
	Tokens    int            `json:"tokens"` // of prompt and answer, without a template
	Language  string         `json:"language,omitempty"`
	Sure      bool           `json:"sure,omitempty"` // of the language; not where there are few letters
	Format    string         `json:"format,omitempty"`
	Repeats   string         `json:"repeats,omitempty"`
	Gibberish string         `json:"gibberish,omitempty"`
	PII       map[string]int `json:"pii,omitempty"`
	Offensive int            `json:"offensive,omitempty"`
	Benchmark string         `json:"benchmark,omitempty"`
	Item      int            `json:"item,omitempty"`
	Span      string         `json:"span,omitempty"` // what is the same there and here
}

// gauge computes the attributes of rows. It may be used by several goroutines.
type gauge struct {
	tokens     *tokenizer.Tokenizer
	benchmarks *contamination.Index // nil: none
	redact     bool
}

// row gives what is known of a row, and redacts it where that is wanted.
func (j *gauge) row(r *dataset.Row) attributes {
	a := attributes{Category: r.Category, Format: format.Check(r)}
	for _, text := range texts(r) {
		found := pii.Find(*text)
		if len(found) == 0 {
			continue
		}
		if a.PII == nil {
			a.PII = map[string]int{}
		}
		for _, f := range found {
			a.PII[f.Kind]++
		}
		if j.redact {
			*text, _ = pii.Redact(*text)
		}
	}
	prompt, reply := r.Prompt(), r.Reply()
	all := prompt + "\n\n" + reply
	a.Tokens = len(j.tokens.Encode(prompt, tokenizer.Options{})) + len(j.tokens.Encode(reply, tokenizer.Options{}))
	a.Language, a.Sure = languageOf(all)
	said, asked := repetition.Measure(reply), repetition.Measure(prompt)
	a.Repeats = said.Repeats(repetition.Limits{})
	a.Gibberish = cmp.Or(said.Gibberish(repetition.Limits{}), asked.Gibberish(repetition.Limits{}))
	a.Offensive = words.Count(all, a.Language)
	if j.benchmarks != nil {
		if m, ok := j.benchmarks.Find(all); ok {
			a.Benchmark, a.Item, a.Span = m.Benchmark, m.Item, clip(m.Span, 300)
		}
	}
	return a
}

// Letters that a text needs for its language to be sure, and for it to be looked for
// at length where it is not: lingua-go takes milliseconds, and knows no more than
// anybody of "12 + 7 = ?" or of sentences full of names.
const (
	tellable = 60
	longer   = 100
)

// languageOf is sure where the table is, or where lingua-go comes to the same; it is
// "" where the two disagree.
func languageOf(text string) (code string, sure bool) {
	n := letters(text, longer)
	g := language.Detect(text)
	switch {
	case n < tellable || g.Code == "":
		return g.Code, false
	case g.Sure || n < longer:
		return g.Code, g.Sure
	}
	if second := language.Decide(text); second.Code != g.Code {
		return "", false
	}
	return g.Code, true
}

// letters counts the letters of a text, up to most; one of Han, kana or Hangul is a
// syllable and counts for three.
func letters(text string, most int) int {
	n := 0
	for _, r := range text {
		switch {
		case r >= 0x3040 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
			n += 3
		case unicode.IsLetter(r):
			n++
		}
		if n >= most {
			break
		}
	}
	return n
}

// texts are all that a row says.
func texts(r *dataset.Row) []*string {
	if len(r.Messages) == 0 {
		return []*string{&r.Instruction, &r.Input, &r.Output}
	}
	list := make([]*string, len(r.Messages))
	for i := range r.Messages {
		list[i] = &r.Messages[i].Content
	}
	return list
}

// put writes attributes into the row, for those who read the result. Fields of the
// same names that were there stay, as "file_source".
func (a *attributes) put(source string, r *dataset.Row) {
	extra := make(map[string]any, len(r.Extra)+3)
	maps.Copy(extra, r.Extra)
	for _, f := range []struct {
		name  string
		value any
	}{{"source", source}, {"tokens", float64(a.Tokens)}, {"language", a.Language}} {
		if was, ok := extra[f.name]; ok && was != f.value {
			extra["file_"+f.name] = was
		}
		extra[f.name] = f.value
	}
	r.Extra = extra
}

// clip shortens a text to n bytes, whole runes.
func clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && text[n]&0xc0 == 0x80 {
		n--
	}
	return text[:n] + "…"
}
