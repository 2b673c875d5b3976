package repetition

import (
	"math"
	"strings"
	"testing"
)

const prose = `The river had been low all summer, and the boats lay crooked in the mud behind the old mill. Nobody spoke of rain any more.
Anna counted the days on the back of a feed sack, first with chalk and later, when the chalk was gone, with a nail. Her brother mended nets that no fish
would see before autumn, and whistled while he did so because silence made the heat worse. On the fortieth day a cloud stood over the hills, small and
grey like a thumbprint, and the whole village came out to look at it without saying a word.`

func TestJudgements(t *testing.T) {
	for _, c := range []struct{ name, text, repeats, gibberish string }{
		{"prose", prose, "", ""},
		{"empty", "", "", ""},
		{"short", "Yes. Yes. Yes.", "", ""},
		{"phrase again and again", strings.Repeat("I think that you should buy our product today. ", 30), "one 2-gram", ""},
		{"lines", prose + strings.Repeat("\nClick here to read more about this topic", 12), "of the lines", ""},
		{"paragraphs", prose + "\n\n" + prose, "of the", ""},
		{"a loop at the end", prose + strings.Repeat(" and the man who had the dog said that", 5), "5-grams of words", ""},
		{"one character", "Aaaa" + strings.Repeat("a", 60), "one character", ""},
		{"a rule", prose + "\n" + strings.Repeat("-", 80), "", ""},
		{"keys", "sdfkjh wqrtzp xkcvbn mnbvcx qwrtzp lkjhgf", "", "cannot be spoken"},
		{"acronyms", "HTTPS SMTP HTML XMPP DHCP", "", ""},
		{"wrong decoding", "Itâ€™s a cafÃ© for people", "", "decoded wrongly"},
		{"lorem", "Lorem ipsum dolor sit amet, consectetur", "", "placeholder"},
		{"one word", "x " + strings.Repeat("abcd", 60), "", "letters"},
		{"numbers", "10 + 11 = 12 ; 13 + 14 = 15 ; 16 * 17 = 18 ; 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59", "", "letter"},
		{"cut off", strings.Repeat(strings.Repeat("word of text ", 3)+"ends...\n", 1) + strings.ReplaceAll(prose, ".", "...\n"), "", "…"},
		{"Chinese", strings.Repeat("河水整个夏天都很低，船歪歪斜斜地躺在老磨坊后面的泥里。", 1), "", ""},
		{"code", "Use this:\n```go\n" + strings.Repeat("return nil, err\n", 40) + "```\nThat is all.", "", ""},
	} {
		m := Measure(c.text)
		if got := m.Repeats(Limits{}); (got == "") != (c.repeats == "") || !strings.Contains(got, c.repeats) {
			t.Errorf("%s: repeats %q, want %q", c.name, got, c.repeats)
		}
		if got := m.Gibberish(Limits{}); (got == "") != (c.gibberish == "") || !strings.Contains(got, c.gibberish) {
			t.Errorf("%s: gibberish %q, want %q", c.name, got, c.gibberish)
		}
	}
}

// TestMeasures: shares counted by hand.
func TestMeasures(t *testing.T) {
	m := Measure("aa bb cc aa bb dd aa bb ee ff") // 20 characters; "aa bb" three times: 12
	if m.Words != 10 || math.Abs(m.Top[0]-12.0/20) > 1e-9 || m.Top[1] != 0 || m.Dup[0] != 0 {
		t.Errorf("%+v", m)
	}
	m = Measure("a b c d e x a b c d e") // the second five words came before: 5 of 11
	if math.Abs(m.Dup[0]-5.0/11) > 1e-9 || m.Dup[1] != 0 {
		t.Errorf("%+v", m)
	}
	m = Measure("a b c d e f x a b c d e f") // six of 13, in 5-grams as in 6-grams
	if math.Abs(m.Dup[0]-6.0/13) > 1e-9 || math.Abs(m.Dup[1]-6.0/13) > 1e-9 || m.Dup[2] != 0 {
		t.Errorf("%+v", m)
	}
	m = Measure("one line\nanother\none line\none line")
	if m.Lines != 0.5 || math.Abs(m.LineChars-16.0/31) > 1e-9 {
		t.Errorf("%+v", m)
	}
}

func FuzzMeasure(f *testing.F) {
	f.Add(prose)
	f.Add("```\n```\n\xffÃ")
	f.Fuzz(func(t *testing.T, text string) {
		m := Measure(text)
		for _, share := range append(append(m.Top[:], m.Dup[:]...), m.Lines, m.LineChars, m.Paragraphs, m.ParaChars, m.Lettered, m.Broken, m.Consonants) {
			if !(share >= 0 && share <= 1) {
				t.Fatalf("%q: %+v", text, m)
			}
		}
		if again := Measure(text); again != m {
			t.Fatalf("%q: %+v, then %+v", text, m, again)
		}
	})
}

func BenchmarkMeasure(b *testing.B) {
	text := strings.Repeat(prose, 2)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Measure(text)
	}
}
