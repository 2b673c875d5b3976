package dedup

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// plainGrams is what the definition says: hashes of all n-grams, sorted, once each.
func plainGrams(text string, n int) []uint64 {
	runes := []rune(normalise(text))
	if len(runes) == 0 {
		return nil
	}
	var out []uint64
	for i := 0; i == 0 || i+n <= len(runes); i++ {
		out = append(out, hashRunes(runes[i:min(i+n, len(runes))]))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func FuzzCut(f *testing.F) {
	for _, s := range []string{"", " ab ", "Hello, hello", "日本語です。日本語です。", "a\xffb\xf0\x9f", "İΣ ΣΑΣ", "\x1c x \x1f", "\u00a0é\u2003"} {
		f.Add(s, uint8(3))
	}
	c := map[uint8]*cutter{}
	f.Fuzz(func(t *testing.T, s string, n uint8) {
		n = n%6 + 1
		if c[n] == nil {
			c[n] = newCutter(int(n))
		}
		text := normaliseInto(nil, []byte(s))
		if string(text) != normalise(s) {
			t.Fatalf("%+q: normalised %+q, want %+q", s, text, normalise(s))
		}
		for range 2 { // what is kept from before does not show
			got := c[n].cut(text, nil)
			slices.Sort(got)
			if want := plainGrams(s, int(n)); !slices.Equal(got, want) {
				t.Fatalf("%+q, %d: %d grams, want %d", s, n, len(got), len(want))
			}
		}
	})
}

func TestSorter(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	for _, n := range []int{0, 1, 2, 1000, 70000} {
		var s sorter
		for range 2 {
			s.reset()
			for i := range n {
				s.entries = append(s.entries, entry{r.Uint32() >> r.IntN(32), int32(i)})
			}
			want := slices.Clone(s.entries)
			slices.SortStableFunc(want, func(a, b entry) int { return int(int64(a.key) - int64(b.key)) })
			if s.sort(); !slices.Equal(s.entries, want) {
				t.Fatalf("%d entries are not sorted", n)
			}
		}
	}
}

// TestCrowd: thousands of fillings of one template take few comparisons, and one
// of them stays for each that is unlike the others.
func TestCrowd(t *testing.T) {
	var texts []string
	for i := range 6000 {
		texts = append(texts, fmt.Sprintf("%s %s %s number %d", sentence, sentence[5:], "and so it was told to everyone in the village", i))
	}
	texts = append(texts, "an entirely different thing that nobody has said before in these words")
	r, err := Find(set(texts...), Config{})
	if err != nil || r.Kept.Len() != 2 {
		t.Fatalf("%d kept, %v", r.Kept.Len(), err)
	}
	if r.Candidates > 400_000 {
		t.Errorf("%d candidates", r.Candidates)
	}
	for _, m := range r.Removed {
		if m.Jaccard < 0.8 {
			t.Errorf("%+v", m)
		}
	}
}

// TestManyRowsBruteForce: past the size where every pair is compared, nothing is
// dropped without cause, and nearly nothing is missed.
func TestManyRowsBruteForce(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	var texts []string
	for range exhaustive/4 + 50 {
		b := make([]byte, 150)
		for i := range b {
			b[i] = "abcdefghij klmnopé"[r.IntN(18)]
		}
		for range 4 {
			c := bytes.Clone(b)
			for range r.IntN(9) {
				c[r.IntN(len(c))] = byte('a' + r.IntN(26))
			}
			texts = append(texts, string(c))
		}
	}
	c, _ := Config{Text: nil}.withDefaults()
	docs := documents(set(texts...).Rows, c)
	got, _ := pairs(docs, c, nil)
	cutAll(docs, c.Ngram)
	truth := map[pair]float64{}
	for i := range docs { // copies stand beside each other; strangers share too little
		for j := i / 4 * 4; j < i; j++ {
			if s := jaccard(docs[i].grams, docs[j].grams); s >= c.Threshold {
				truth[pair{int32(j), int32(i)}] = s
			}
		}
	}
	for _, p := range got {
		if truth[p.pair] != p.jaccard {
			t.Errorf("%v: Jaccard %g, want %g", p.pair, p.jaccard, truth[p.pair])
		}
	}
	if recall := float64(len(got)) / float64(len(truth)); recall < 0.985 || len(truth) < 1000 {
		t.Errorf("recall %.4f of %d", recall, len(truth))
	}
}
