package dedup

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"cogumi/kernels/cpu/par"
	"cogumi/kernels/golden"
	"cogumi/reports/run"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment/experimenttest"
)

func neardup(t *testing.T) (rows []dataset.Row, index map[string]int) {
	t.Helper()
	f, err := os.Open(golden.Dir(t, "data/neardup/dev.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	index = map[string]int{}
	for d := json.NewDecoder(bufio.NewReader(z)); d.More(); {
		var row struct {
			ID   any    `json:"id"`
			Text string `json:"text"`
		}
		if err := d.Decode(&row); err != nil {
			t.Fatal(err)
		}
		index[fmt.Sprint(row.ID)] = len(rows)
		rows = append(rows, dataset.Row{Instruction: row.Text})
	}
	return rows, index
}

// TestRecallAndPrecision compares with every pair of 10,000 real answers, found
// by brute force.
func TestRecallAndPrecision(t *testing.T) {
	rows, index := neardup(t)
	f, err := os.Open(golden.Dir(t, "data/neardup/dev.pairs.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	truth := map[pair]float64{}
	for s := bufio.NewScanner(f); s.Scan(); {
		var a, b string
		var j float64
		if n, _ := fmt.Sscan(s.Text(), &a, &b, &j); n != 3 {
			continue
		}
		x, okA := index[a]
		y, okB := index[b]
		if okA && okB && j >= 0.8 {
			truth[pair{int32(min(x, y)), int32(max(x, y))}] = j
		}
	}
	c, _ := Config{}.withDefaults()
	got, r := pairs(documents(rows, c), c, func(pair) bool { return true }) // equal texts are pairs here
	hits := 0
	for _, p := range got {
		want, ok := truth[p.pair]
		if !ok {
			t.Errorf("pair %v with Jaccard %.4f is not in the truth", p.pair, p.jaccard)
		} else if hits++; want-p.jaccard > 1e-4 || p.jaccard-want > 1e-4 {
			t.Errorf("pair %v: Jaccard %.6f, want %.6f", p.pair, p.jaccard, want)
		}
	}
	recall := float64(hits) / float64(len(truth))
	t.Logf("%d pairs, recall %.4f, %d bands of %d rows, %d candidates", len(truth), recall, r.Bands, r.Rows, r.Candidates)
	if len(truth) < 1000 || recall < 0.98 {
		t.Errorf("recall %.4f of %d pairs", recall, len(truth))
	}
}

func TestGrams(t *testing.T) {
	for _, c := range []struct {
		text string
		n    int
	}{{"", 0}, {"  \n", 0}, {"ab", 1}, {"abc", 1}, {"ABC ", 1}, {"abcabc", 3}, {"aaaa", 1}, {"日本語です", 3}, {"🙂🙂🙂🙂", 1}} {
		if got := grams(c.text, 3); len(got) != c.n {
			t.Errorf("%q: %d grams, want %d", c.text, len(got), c.n)
		}
	}
	if !slices.Equal(grams(" Hello ", 3), grams("hello", 3)) {
		t.Error("case and outer space count")
	}
	if jaccard(grams("abcd", 3), grams("bcde", 3)) != 1.0/3 {
		t.Error("Jaccard of abcd and bcde is not 1/3")
	}
}

// TestRecordedJaccard: recorded pairs with their intersection and union.
func TestRecordedJaccard(t *testing.T) {
	rows, index := neardup(t)
	f, err := os.Open(golden.Dir(t, "golden/dedup/jaccard.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	compared := 0
	for s := bufio.NewScanner(f); s.Scan(); {
		var p struct {
			A       any     `json:"a"`
			B       any     `json:"b"`
			Jaccard float64 `json:"jaccard"`
		}
		if err := json.Unmarshal(s.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		x, okA := index[fmt.Sprint(p.A)]
		y, okB := index[fmt.Sprint(p.B)]
		if !okA || !okB {
			continue
		}
		compared++
		if got := jaccard(grams(rows[x].Instruction, 3), grams(rows[y].Instruction, 3)); got-p.Jaccard > 1e-9 || p.Jaccard-got > 1e-9 {
			t.Errorf("%v, %v: %.9f, want %.9f", p.A, p.B, got, p.Jaccard)
		}
	}
	if compared < 1000 {
		t.Errorf("only %d pairs compared", compared)
	}
}

func set(texts ...string) *dataset.Set {
	s := &dataset.Set{Name: "test"}
	for _, x := range texts {
		s.Rows = append(s.Rows, dataset.Row{Instruction: x})
	}
	return s
}

const sentence = "the quick brown fox jumps over the lazy dog near the river bank"

// TestGreedyKeepsChains: c is near b but not near a; b goes, c stays. Connected
// components drop both.
func TestGreedyKeepsChains(t *testing.T) {
	a, b, c := sentence, sentence+" toda", sentence+" today it ra"
	s := set(a, b, c, "something else entirely", a)
	threshold := 0.86
	if j := jaccard(grams(a, 3), grams(c, 3)); j >= threshold {
		t.Fatalf("a and c have Jaccard %.3f", j)
	}
	got, err := Find(s, Config{Threshold: threshold, Recall: 0.999})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Removed) != 2 || got.Removed[0].Row != 1 || got.Removed[1].Row != 4 || got.Exact != 1 || got.NearCount != 1 || got.Kept.Len() != 3 {
		t.Errorf("greedy: %+v", got.Removed)
	}
	got, err = Find(s, Config{Threshold: threshold, Recall: 0.999, Components: true})
	if err != nil || len(got.Removed) != 3 || got.Removed[1].KeptRow != 0 {
		t.Errorf("components: %+v, %v", got.Removed, err)
	}
}

func TestAgainst(t *testing.T) {
	got, err := FindAgainst(set("unrelated words here", sentence+"!", "", sentence), set("what", sentence), Config{})
	if err != nil || len(got.Removed) != 2 || got.Removed[0].Row != 1 || got.Removed[0].KeptRow != 1 || !got.Removed[1].Exact || got.Kept.Len() != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = Find(set("", "", "a", "a", ""), Config{})
	if err != nil || got.Kept.Len() != 4 || got.Exact != 1 {
		t.Errorf("rows without text are nobody's duplicates: %+v, %v", got, err)
	}
	got, err = FindAgainst(set(), set("a"), Config{})
	if err != nil || got.Kept.Len() != 0 {
		t.Errorf("an empty set: %+v, %v", got, err)
	}
	if _, err := Find(set("a"), Config{Threshold: 1.5}); err == nil {
		t.Error("a threshold above 1 passed")
	}
}

// TestSameWhateverTheWorkers on noisy copies.
func TestSameWhateverTheWorkers(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	var texts []string
	for range 400 {
		b := []byte(sentence)
		for range random.IntN(6) {
			b[random.IntN(len(b))] = byte('a' + random.IntN(26))
		}
		texts = append(texts, string(b))
	}
	var first string
	for _, workers := range []int{1, 3} {
		old := par.SetWorkers(workers)
		r, err := Find(set(texts...), Config{})
		par.SetWorkers(old)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%+v", r.Removed); first == "" {
			first = got
		} else if got != first {
			t.Error("the result depends on the number of workers")
		}
	}
}

// TestRecordedGrams: edge cases of normalising and cutting, as Python does them.
func TestRecordedGrams(t *testing.T) {
	b, err := os.ReadFile(golden.Dir(t, "golden/dedup/grams.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Text, Normalised string
		Grams            []string
	}
	if err := json.Unmarshal(b, &cases); err != nil || len(cases) < 25 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	for _, c := range cases {
		if got := normalise(c.Text); got != c.Normalised {
			t.Errorf("%+q: %+q, want %+q", c.Text, got, c.Normalised)
		}
		var want []uint64
		for _, g := range c.Grams {
			want = append(want, hashRunes([]rune(g)))
		}
		slices.Sort(want)
		if got := grams(c.Text, 3); !slices.Equal(got, slices.Compact(want)) {
			t.Errorf("%+q: %d grams, want %d", c.Text, len(got), len(want))
		}
	}
}

// TestInputCounts: one instruction with several inputs is several rows.
func TestInputCounts(t *testing.T) {
	s := &dataset.Set{Rows: []dataset.Row{
		{Instruction: "Say it in French.", Input: "The weather in the mountains was cold and the road was closed."},
		{Instruction: "Say it in French.", Input: "Nobody knows who wrote these songs, but everybody sings them."},
		{Instruction: "Say it in French.", Input: "Nobody knows who wrote these songs, but everybody sings them!"},
	}}
	if got, err := Find(s, Config{}); err != nil || len(got.Removed) != 1 || got.Removed[0].Row != 2 || got.Removed[0].KeptRow != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestAudit: every removal is a row of a Parquet artefact.
func TestAudit(t *testing.T) {
	x := experimenttest.Start(t)
	s := set("one text that stays here", "One text that stays here!", "another thing altogether", "one text that stays here")
	s.Name = "rows"
	if r := Near(s, 0.8); r.Kept.Len() != 2 {
		t.Fatalf("%+v", r)
	}
	got := experimenttest.Read(t, x)
	i := slices.IndexFunc(got.Info.Artefacts, func(a run.Artefact) bool { return a.Kind == "audit" })
	if i < 0 {
		t.Fatalf("artefacts: %+v", got.Info.Artefacts)
	}
	path := filepath.Join(x.Dir(), got.Info.Artefacts[i].Path)
	var rows []map[string]any
	err := dataset.Each(path, func(r dataset.Row) error {
		rows = append(rows, r.Extra)
		if r.Output == "" {
			t.Errorf("no text: %+v", r)
		}
		return nil
	}, nil)
	if err != nil || len(rows) != 2 || rows[0]["row"] != 1.0 || rows[0]["kept_row"] != 0.0 || rows[1]["exact"] != true {
		t.Errorf("%v, %v", rows, err)
	}
}
