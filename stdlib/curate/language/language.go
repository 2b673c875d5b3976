// Package language tells the language of a text: by its script, and where several
// languages share one, by how likely its 3-grams of letters are in each. That takes
// microseconds. Where the likeliest two are close, lingua-go decides between them
// (package deep), which takes a thousand times as long.
//
// The table is made by internal/train; where it is from is said there. It knows 75
// languages, those of lingua-go.
package language

import (
	_ "embed"
	"slices"
	"sync"
	"unicode"

	"github.com/klauspost/compress/zstd"

	"cogumi/stdlib/curate/language/deep"
	"cogumi/stdlib/curate/language/internal/table"
)

//go:generate go run ./internal/train

//go:embed table.bin.zst
var packed []byte

// Guess is what a text is taken for.
type Guess struct {
	Code   string   // ISO 639-1; "" where there are too few letters
	Second string   // the likeliest other one; "" where the script leaves none
	Margin float64  // bits by which all of the text is likelier in Code than in Second
	Sure   bool     // the margin is large enough to be believed
	Near   []string // the languages that come into question where it is not, likeliest first
}

// Codes are the languages that can be told apart, in alphabetical order.
func Codes() []string {
	var list []string
	for _, g := range groups() {
		list = append(list, g.Languages...)
	}
	for _, s := range scripts {
		if s.only != "" {
			list = append(list, s.only)
		}
	}
	list = append(list, "ja", "zh")
	slices.Sort(list)
	return slices.Compact(list)
}

var groups = sync.OnceValue(func() []table.Group {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		panic(err)
	}
	defer dec.Close()
	b, err := dec.DecodeAll(packed, nil)
	if err != nil {
		panic(err)
	}
	list, err := table.Parse(b)
	if err != nil {
		panic(err)
	}
	return list
})

// script is letters that belong together. only is the language that alone writes
// in them; group the place of those that share them in the table.
type script struct {
	only  string
	group int
	in    []*unicode.RangeTable
}

const (
	latin = iota
	cyrillic
	arabic
	devanagari
	han  = 100
	kana = 101
)

var scripts = []script{
	{group: latin, in: []*unicode.RangeTable{unicode.Latin}},
	{group: cyrillic, in: []*unicode.RangeTable{unicode.Cyrillic}},
	{group: han, in: []*unicode.RangeTable{unicode.Han}},
	{group: kana, in: []*unicode.RangeTable{unicode.Hiragana, unicode.Katakana}},
	{only: "ko", in: []*unicode.RangeTable{unicode.Hangul}},
	{group: arabic, in: []*unicode.RangeTable{unicode.Arabic}},
	{group: devanagari, in: []*unicode.RangeTable{unicode.Devanagari}},
	{only: "el", in: []*unicode.RangeTable{unicode.Greek}},
	{only: "he", in: []*unicode.RangeTable{unicode.Hebrew}},
	{only: "th", in: []*unicode.RangeTable{unicode.Thai}},
	{only: "hy", in: []*unicode.RangeTable{unicode.Armenian}},
	{only: "ka", in: []*unicode.RangeTable{unicode.Georgian}},
	{only: "bn", in: []*unicode.RangeTable{unicode.Bengali}},
	{only: "gu", in: []*unicode.RangeTable{unicode.Gujarati}},
	{only: "pa", in: []*unicode.RangeTable{unicode.Gurmukhi}},
	{only: "ta", in: []*unicode.RangeTable{unicode.Tamil}},
	{only: "te", in: []*unicode.RangeTable{unicode.Telugu}},
}

const (
	enough  = 2000 // letters that are looked at; more change nothing
	tooFew  = 4    // letters that say nothing
	settled = 64.0 // bits of margin from which the rest of a text is not read
	stretch = 64   // 3-grams between looks at the margin
	certain = 24.0 // bits of margin from which a guess is believed
	close   = 40.0 // bits within which others come into question
)

// Detect tells the language of a text. It may be used by several goroutines.
func Detect(text string) Guess {
	var d detector
	d.read(text)
	return d.guess()
}

// detector holds the letters of a text.
type detector struct {
	letters []rune  // lower-case; 0 between words, and for marks, which the table has not
	counts  [17]int // of each script
	seen    int
}

func (d *detector) read(text string) {
	d.letters = make([]rune, 0, min(len(text), enough)+1)
	last := 0 // script of the letter before: the next one mostly has it too
	for _, r := range text {
		switch {
		case r >= 'a' && r <= 'z':
			d.counts[latin]++
		case r >= 'A' && r <= 'Z':
			d.counts[latin]++
			r |= 0x20
		case r < 0xaa || !unicode.IsLetter(r):
			if n := len(d.letters); n > 0 && d.letters[n-1] != 0 {
				d.letters = append(d.letters, 0)
			}
			continue
		default:
			r = unicode.ToLower(r)
			if s := scriptOf(r, last); s >= 0 {
				d.counts[s]++
				last = s
			}
		}
		d.letters = append(d.letters, r)
		if d.seen++; d.seen == enough {
			return
		}
	}
}

func scriptOf(r rune, likely int) int {
	if unicode.In(r, scripts[likely].in...) {
		return likely
	}
	for i, s := range scripts {
		if unicode.In(r, s.in...) {
			return i
		}
	}
	return -1
}

func (d *detector) guess() Guess {
	if d.seen < tooFew && d.counts[2]+d.counts[3]+d.counts[4] == 0 { // two Han letters are a word
		return Guess{}
	}
	counts := d.counts
	// Japanese is Han with kana between; Chinese, Korean words are shorter in letters.
	counts[2] += counts[3]
	top := 0
	for i, n := range counts {
		if i != 3 && n > counts[top] {
			top = i
		}
	}
	switch s := scripts[top]; {
	case counts[top] == 0:
		return Guess{}
	case s.group == han:
		if 10*counts[3] >= counts[2] {
			return Guess{Code: "ja", Sure: true}
		}
		return Guess{Code: "zh", Sure: true}
	case s.only != "":
		return Guess{Code: s.only, Sure: true}
	default:
		return d.score(&groups()[s.group])
	}
}

// score adds up how surprising the text is in each language of a group, until
// one is far ahead.
func (d *detector) score(g *table.Group) Guess {
	var sum [64]int32
	n := 0
	for i := 0; i+3 <= len(d.letters); i++ {
		r := d.letters[i : i+3]
		if r[0] == 0 || r[1] == 0 || r[2] == 0 {
			continue
		}
		row := g.Row(table.Key(r))
		if row == nil {
			continue // equally strange to all
		}
		n++
		for l, v := range row {
			sum[l] += int32(v)
		}
		if n%stretch == 0 && lead(sum[:len(g.Languages)]) > settled*table.Steps {
			break
		}
	}
	if n == 0 {
		return strange(g)
	}
	order := make([]int, len(g.Languages))
	for l := range order {
		order[l] = l
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(sum[a] - sum[b]) })
	bits := func(l int) float64 { return float64(sum[order[l]]-sum[order[0]]) / table.Steps }
	out := Guess{Code: g.Languages[order[0]], Second: g.Languages[order[1]], Margin: bits(1)}
	if out.Sure = out.Margin >= certain; out.Sure {
		return out
	}
	for l := range order {
		if bits(l) < close && l < few {
			out.Near = append(out.Near, g.Languages[order[l]])
		}
	}
	return out
}

// few is how many languages lingua-go is asked to choose from at most.
const few = 8

// strange is the guess for letters none of which the table knows together.
func strange(g *table.Group) Guess {
	if len(g.Languages) > few {
		return Guess{}
	}
	return Guess{Near: g.Languages}
}

// lead is by how much the least is below the second.
func lead(sum []int32) int32 {
	best, second := min(sum[0], sum[1]), max(sum[0], sum[1])
	for _, v := range sum[2:] {
		if v < best {
			best, second = v, best
		} else if v < second {
			second = v
		}
	}
	return second - best
}

// Decide is Detect that has lingua-go decide where the guess is not sure.
func Decide(text string) Guess {
	g := Detect(text)
	if g.Sure || len(g.Near) < 2 {
		return g
	}
	if code := deep.Decide(text, g.Near); code != "" {
		g.Code = code
	}
	return g
}
