package dedup

import (
	"context"
	"fmt"
	"slices"

	"cogumi/kernels/cpu/par"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/dedup/minhash"
	"cogumi/stdlib/experiment"
)

// Config says what counts as a duplicate. Zero values mean the defaults.
type Config struct {
	Threshold    float64                  `json:"threshold"`    // Jaccard, 0.8
	Ngram        int                      `json:"ngram"`        // runes, 3
	Permutations int                      `json:"permutations"` // of the signature, 128
	Recall       float64                  `json:"recall"`       // wanted at the threshold, 0.98
	Components   bool                     `json:"components"`   // drop whole connected components but for one row, instead of greedily
	Text         func(dataset.Row) string `json:"-"`            // what is compared; Row.Prompt: the instruction with its input
}

// Removal is one dropped row and why.
type Removal struct {
	Row     int     `json:"row"`      // index in the set
	KeptRow int     `json:"kept_row"` // index of the row that stays: in the set, or in the other set for Against
	Jaccard float64 `json:"jaccard"`  // exact; 1 for equal texts
	Exact   bool    `json:"exact"`    // the normalised texts are equal
	Cluster int     `json:"cluster"`  // rows of one kept row share it
	Text    string  `json:"text"`     // of the dropped row
	Kept    string  `json:"kept"`     // of the kept row
}

// Result is what was kept and an entry for everything that was not.
type Result struct {
	Kept       *dataset.Set
	Removed    []Removal
	Exact      int // dropped as equal texts
	NearCount  int // dropped as near ones
	Bands      int // of the signature
	Rows       int // of a band
	Candidates int // pairs verified
	Recall     float64
}

type document struct {
	text  string   // normalised
	grams []uint64 // sorted; only where every pair is compared
}

func (c Config) withDefaults() (Config, error) {
	if c.Threshold == 0 {
		c.Threshold = 0.8
	}
	if c.Ngram == 0 {
		c.Ngram = 3
	}
	if c.Permutations == 0 {
		c.Permutations = 128
	}
	if c.Recall == 0 {
		c.Recall = 0.98
	}
	if c.Text == nil {
		c.Text = dataset.Row.Prompt
	}
	if c.Threshold <= 0 || c.Threshold > 1 || c.Ngram < 1 || c.Permutations < 1 || c.Recall >= 1 {
		return c, fmt.Errorf("dedup: threshold %g, ngram %d, permutations %d, recall %g make no sense", c.Threshold, c.Ngram, c.Permutations, c.Recall)
	}
	return c, nil
}

// Near drops rows whose prompt (instruction and input) is a near-duplicate of an earlier kept one,
// and reports it to the run.
func Near(set *dataset.Set, threshold float64) *Result {
	r, err := Find(set, Config{Threshold: threshold})
	if err != nil {
		experiment.Stop(err)
	}
	r.report(set, nil, threshold)
	return r
}

// Against drops rows of set whose prompt (instruction and input) is a near-duplicate of one in
// other, and reports it to the run.
func Against(set, other *dataset.Set, threshold float64) *Result {
	r, err := FindAgainst(set, other, Config{Threshold: threshold})
	if err != nil {
		experiment.Stop(err)
	}
	r.report(set, other, threshold)
	return r
}

// Find deduplicates a set. Rows that come first go before later ones.
func Find(set *dataset.Set, c Config) (*Result, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	docs := documents(set.Rows, c)
	texts := distinct(docs)
	verified, r := pairs(texts.docs, c, func(pair) bool { return true })
	kept := greedy(len(texts.docs), verified)
	if c.Components {
		kept = components(len(texts.docs), verified)
		v := newCutter(c.Ngram)
		for i, k := range kept {
			if k.jaccard < 0 {
				kept[i].jaccard = similarity(v, texts.docs[i].text, texts.docs[k.text].text)
			}
		}
	}
	for row, text := range texts.of {
		k := kept[text]
		if at := texts.first[k.text]; at != row {
			r.Removed = append(r.Removed, Removal{Row: row, KeptRow: at, Jaccard: k.jaccard})
		}
	}
	r.finish(set, docs, docs)
	return r, nil
}

// FindAgainst drops from set what is near to any row of other, whatever else is
// in set.
func FindAgainst(set, other *dataset.Set, c Config) (*Result, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	n := len(other.Rows)
	docs := append(documents(other.Rows, c), documents(set.Rows, c)...)
	texts := distinct(docs)
	verified, r := pairs(texts.docs, c, func(p pair) bool { return texts.first[p.first] < n && texts.first[p.second] >= n })
	best := map[int]scored{}
	for _, p := range verified {
		if b, ok := best[int(p.second)]; !ok || p.jaccard > b.jaccard {
			best[int(p.second)] = p
		}
	}
	for row, text := range texts.of[n:] {
		if at := texts.first[text]; at < n {
			r.Removed = append(r.Removed, Removal{Row: row, KeptRow: at, Jaccard: 1})
		} else if p, ok := best[text]; ok {
			r.Removed = append(r.Removed, Removal{Row: row, KeptRow: texts.first[p.first], Jaccard: p.jaccard})
		}
	}
	r.finish(set, docs[n:], docs[:n])
	return r, nil
}

// textSet are the distinct texts of rows. Equal texts are one from here on, so
// that a text that occurs a thousand times makes no million pairs.
type textSet struct {
	docs  []document
	first []int // row where each text occurs first
	of    []int // text of each row
}

// distinct keeps rows without any text apart: they are nobody's duplicates.
func distinct(docs []document) *textSet {
	s := &textSet{}
	seen := map[string]int{}
	for row, d := range docs {
		text, ok := seen[d.text]
		if !ok || d.text == "" {
			text = len(s.docs)
			seen[d.text] = text
			s.docs, s.first = append(s.docs, d), append(s.first, row)
		}
		s.of = append(s.of, text)
	}
	return s
}

func documents(rows []dataset.Row, c Config) []document {
	docs := make([]document, len(rows))
	par.For(len(rows), 16, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			text := c.Text(rows[i])
			docs[i] = document{text: normalise(text)}
		}
	})
	return docs
}

// pairs are all pairs found whose exact Jaccard reaches the threshold, sorted by
// the later text, then the earlier one.
func pairs(docs []document, c Config, want func(pair) bool) ([]scored, *Result) {
	if len(docs) <= exhaustive {
		cutAll(docs, c.Ngram)
		return verifyAll(docs, c, everyPair(len(docs), want)), &Result{Recall: 1}
	}
	r := &Result{}
	r.Bands, r.Rows = bands(c.Permutations, c.Threshold, c.Recall)
	r.Recall = hit(c.Threshold, r.Bands, r.Rows)
	l := &lsh{signatures: signAll(docs, c), count: r.Bands, rows: r.Rows, want: want,
		least: prefilter(c.Threshold, c.Permutations), leastSlice: sliceFilter(c.Threshold), skip: func(i int) bool { return docs[i].text == "" }}
	found, _ := l.pairs(context.Background(), len(docs)) // in memory: no error
	r.Candidates = len(found)
	verified, _ := verify(found, c, func(i int32, buf []byte) ([]byte, error) { return append(buf[:0], docs[i].text...), nil }, nil) // texts in memory: no error
	return verified, r
}

func signAll(docs []document, c Config) *store {
	h := minhash.New(c.Permutations)
	signatures := newStore(c.Permutations, len(docs))
	par.For(len(docs), 64, func(lo, hi int) {
		s := newSigner(c.Ngram, h)
		for i := lo; i < hi; i++ {
			s.sign([]byte(docs[i].text), signatures.at(i, nil))
		}
	})
	return signatures
}

func cutAll(docs []document, ngram int) {
	par.For(len(docs), 16, func(lo, hi int) {
		c := newCutter(ngram)
		for i := lo; i < hi; i++ {
			docs[i].grams = c.cut([]byte(docs[i].text), nil)
			slices.Sort(docs[i].grams)
		}
	})
}

// exhaustive is the number of texts up to which all pairs are compared: that
// takes about a second on one core.
const exhaustive = 4000

func everyPair(n int, want func(pair) bool) []pair {
	var out []pair
	for second := range int32(n) {
		for first := range second {
			if p := (pair{first, second}); want(p) {
				out = append(out, p)
			}
		}
	}
	return out
}

// verifyAll computes exact similarities and keeps those that reach the threshold.
func verifyAll(docs []document, c Config, found []pair) []scored {
	exact := make([]float64, len(found))
	par.For(len(found), 64, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			a, b := docs[found[i].first].grams, docs[found[i].second].grams
			// Sets of too different sizes cannot reach the threshold; rows without
			// text are nobody's duplicates.
			if small, large := min(len(a), len(b)), max(len(a), len(b)); small > 0 && float64(small) >= c.Threshold*float64(large) {
				exact[i] = jaccard(a, b)
			}
		}
	})
	var out []scored
	for i, p := range found {
		if exact[i] >= c.Threshold {
			out = append(out, scored{p, exact[i]})
		}
	}
	return out
}

// keeper is the text that stays for a text, which may be itself.
type keeper struct {
	text    int
	jaccard float64
}

// greedy drops a text only if it is near enough to one that stays.
func greedy(n int, verified []scored) []keeper {
	kept := make([]keeper, n)
	for i := range kept {
		kept[i] = keeper{i, 1}
	}
	for i := 0; i < len(verified); {
		text := int(verified[i].second)
		best := scored{jaccard: -1}
		for ; i < len(verified) && int(verified[i].second) == text; i++ {
			if p := verified[i]; kept[p.first].text == int(p.first) && p.jaccard > best.jaccard {
				best = p
			}
		}
		if best.jaccard >= 0 {
			kept[text] = keeper{int(best.first), best.jaccard}
		}
	}
	return kept
}

// components keeps the first text of every connected component. The Jaccard of a
// dropped text with it is any, and left to the caller: −1 here.
func components(n int, verified []scored) []keeper {
	root := make([]int32, n)
	for i := range root {
		root[i] = int32(i)
	}
	find := func(i int32) int32 {
		for root[i] != i {
			root[i] = root[root[i]]
			i = root[i]
		}
		return i
	}
	for _, p := range verified {
		a, b := find(p.first), find(p.second)
		root[max(a, b)] = min(a, b)
	}
	kept := make([]keeper, n)
	for i := range kept {
		top := find(int32(i))
		kept[i] = keeper{int(top), -1}
		if int(top) == i {
			kept[i].jaccard = 1
		}
	}
	return kept
}

// finish fills in what follows from the removals.
func (r *Result) finish(set *dataset.Set, docs, kept []document) {
	drop := make([]bool, len(set.Rows))
	for i := range r.Removed {
		m := &r.Removed[i]
		m.Text, m.Kept, m.Cluster = docs[m.Row].text, kept[m.KeptRow].text, m.KeptRow
		m.Exact = m.Text == m.Kept
		if m.Exact {
			r.Exact++
		} else {
			r.NearCount++
		}
		drop[m.Row] = true
	}
	var stay []int
	for i := range drop {
		if !drop[i] {
			stay = append(stay, i)
		}
	}
	r.Kept = set.Pick(stay)
}
