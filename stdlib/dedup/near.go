package dedup

import (
	"fmt"
	"slices"

	"cogumi/kernels/cpu/par"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
)

// Config says what counts as a duplicate. Zero values mean the defaults.
type Config struct {
	Threshold    float64                  `json:"threshold"`    // Jaccard, 0.8
	Ngram        int                      `json:"ngram"`        // runes, 3
	Permutations int                      `json:"permutations"` // of the signature, 128
	Recall       float64                  `json:"recall"`       // wanted at the threshold, 0.98
	Components   bool                     `json:"components"`   // drop whole connected components but for one row, instead of greedily
	Text         func(dataset.Row) string `json:"-"`            // what is compared; the instruction (or the messages)
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
	text  string // normalised
	grams []uint64
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
		c.Text = instruction
	}
	if c.Threshold <= 0 || c.Threshold > 1 || c.Ngram < 1 || c.Permutations < 1 || c.Recall >= 1 {
		return c, fmt.Errorf("dedup: threshold %g, ngram %d, permutations %d, recall %g make no sense", c.Threshold, c.Ngram, c.Permutations, c.Recall)
	}
	return c, nil
}

func instruction(r dataset.Row) string {
	if r.Instruction != "" || len(r.Messages) == 0 {
		return r.Instruction
	}
	text := ""
	for _, m := range r.Messages {
		if m.Role != "assistant" {
			text += m.Content + "\n"
		}
	}
	return text
}

// Near drops rows whose instruction is a near-duplicate of an earlier kept one,
// and reports it to the run.
func Near(set *dataset.Set, threshold float64) *Result {
	r, err := Find(set, Config{Threshold: threshold})
	if err != nil {
		experiment.Stop(err)
	}
	r.report(set, nil, threshold)
	return r
}

// Against drops rows of set whose instruction is a near-duplicate of one in
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
	verified, r := pairs(docs, c, func(pair) bool { return true })
	if c.Components {
		r.components(docs, verified)
	} else {
		r.greedy(docs, verified)
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
	verified, r := pairs(docs, c, func(p pair) bool { return int(p.first) < n && int(p.second) >= n })
	best := map[int]scored{}
	for _, p := range verified {
		row := int(p.second) - n
		if b, ok := best[row]; !ok || p.jaccard > b.jaccard {
			best[row] = p
		}
	}
	for row := range set.Rows {
		if p, ok := best[row]; ok {
			r.Removed = append(r.Removed, Removal{Row: row, KeptRow: int(p.first), Jaccard: p.jaccard})
		}
	}
	r.finish(set, docs[n:], docs[:n])
	return r, nil
}

func documents(rows []dataset.Row, c Config) []document {
	docs := make([]document, len(rows))
	par.For(len(rows), 16, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			text := c.Text(rows[i])
			docs[i] = document{normalise(text), grams(text, c.Ngram)}
		}
	})
	return docs
}

// scored is a verified pair.
type scored struct {
	pair
	jaccard float64
}

// pairs are all pairs found whose exact Jaccard reaches the threshold, sorted by
// the later row, then the earlier one. Rows with equal texts are found by their
// grams like all others.
func pairs(docs []document, c Config, want func(pair) bool) ([]scored, *Result) {
	s := newSigner(c.Permutations)
	signatures := make([]uint32, len(docs)*c.Permutations)
	par.For(len(docs), 8, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			s.sign(docs[i].grams, signatures[i*c.Permutations:(i+1)*c.Permutations])
		}
	})
	r := &Result{}
	r.Bands, r.Rows = bands(c.Permutations, c.Threshold, c.Recall)
	r.Recall = hit(c.Threshold, r.Bands, r.Rows)
	found := slices.DeleteFunc(candidates(signatures, c.Permutations, r.Bands, r.Rows, docs), func(p pair) bool { return !want(p) })
	r.Candidates = len(found)
	exact := make([]float64, len(found))
	par.For(len(found), 64, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			a, b := docs[found[i].first].grams, docs[found[i].second].grams
			// Sets of too different sizes cannot reach the threshold.
			if small, large := min(len(a), len(b)), max(len(a), len(b)); float64(small) >= c.Threshold*float64(large) {
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
	return out, r
}

// greedy drops a row only if it is near enough to a row that stays.
func (r *Result) greedy(docs []document, verified []scored) {
	gone := make([]bool, len(docs))
	for i := 0; i < len(verified); {
		row := verified[i].second
		best := scored{jaccard: -1}
		for ; i < len(verified) && verified[i].second == row; i++ {
			if p := verified[i]; !gone[p.first] && p.jaccard > best.jaccard {
				best = p
			}
		}
		if best.jaccard >= 0 {
			gone[row] = true
			r.Removed = append(r.Removed, Removal{Row: int(row), KeptRow: int(best.first), Jaccard: best.jaccard})
		}
	}
}

// components keeps the first row of every connected component.
func (r *Result) components(docs []document, verified []scored) {
	root := make([]int32, len(docs))
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
	for i := range docs {
		if top := find(int32(i)); int(top) != i {
			r.Removed = append(r.Removed, Removal{Row: i, KeptRow: int(top), Jaccard: jaccard(docs[i].grams, docs[top].grams)})
		}
	}
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
