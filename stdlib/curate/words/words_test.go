package words

import (
	"slices"
	"strings"
	"testing"

	"cogumi/kernels/golden"
	"cogumi/stdlib/dataset"
)

// TestFind has words of the lists that can stand in a test.
func TestFind(t *testing.T) {
	for _, c := range []struct {
		text, language string
		want           []string
	}{
		{"That is bollocks, he said. BOLLOCKS!", "en", []string{"bollocks", "bollocks"}},
		{"An assessment of the classic bass, and Scunthorpe.", "en", nil},
		{"He was on speed-dating, a barely legal thing", "", []string{"barely legal"}},
		{"barely, legal", "en", []string{"barely legal"}}, // signs do not hide a phrase
		{"So ein Mist, das ist doch zum Kotzen, du Depp", "xx", nil},
		{"这个傻屄又来了", "zh", []string{"屄"}},
		{"这个傻屄又来了", "en", nil},
		{"", "", nil},
		{"\xff\xfe", "zh", nil},
	} {
		if got := Find(c.text, c.language); !slices.Equal(got, c.want) {
			t.Errorf("%q in %q: %q, want %q", c.text, c.language, got, c.want)
		}
	}
}

func TestLanguages(t *testing.T) {
	l := Languages()
	if len(l) < 20 || l["en"] < 380 || l["zh"] < 200 || l["de"] < 50 {
		t.Errorf("%v", l)
	}
}

// TestFalseAlarms: exercises for children have none of them.
func TestFalseAlarms(t *testing.T) {
	rows := 0
	var found []string
	err := dataset.Each(golden.Dir(t, "data/gsm8k/train.jsonl.gz"), func(r dataset.Row) error {
		rows++
		found = append(found, Find(r.Prompt()+"\n"+r.Reply(), "en")...)
		return nil
	}, nil)
	t.Logf("%d rows: %q", rows, found)
	if err != nil || len(found) > rows/200 {
		t.Errorf("%d words in %d rows, %v", len(found), rows, err)
	}
}

func FuzzFind(f *testing.F) {
	f.Add("barely legal 傻屄", "zh")
	f.Fuzz(func(t *testing.T, text, language string) {
		if n := Count(text, language); n > len(text) {
			t.Fatal(n)
		}
	})
}

func BenchmarkFind(b *testing.B) {
	text := strings.Repeat("The quick brown fox jumps over the lazy dog and nobody knows why it would ever do such a thing today. ", 10)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Find(text, "en")
	}
}
