package dedup

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"cogumi/stdlib/experiment"
)

// find finds what goes, and for which row that stays.
func (j *job) find(ctx context.Context) error {
	c, r := j.Config, j.result
	r.Bands, r.BandRows = bands(c.Permutations, c.Threshold, c.Recall)
	r.Recall = hit(c.Threshold, r.Bands, r.BandRows)
	n, index := j.first[len(j.sources)], int32(j.indexRows())
	bar := experiment.Current().Progress("compare", "bands", r.Bands)
	j.lsh = &lsh{signatures: j.signatures, rank: j.at, count: r.Bands, rows: r.BandRows,
		least: prefilter(c.Threshold, c.Permutations), leastSlice: sliceFilter(c.Threshold),
		skip: func(row int) bool { return j.at[row] < 0 }, want: func(p pair) bool { return p.second >= index },
		room: j.sortRoom(), done: bar.Add}
	found, err := j.lsh.pairs(ctx, n)
	bar.Done()
	if err != nil {
		return err
	}
	r.Candidates = len(found)
	for i, p := range found {
		found[i] = pair{j.at[p.first], j.at[p.second]}
	}
	release()
	bar = experiment.Current().Progress("verify", "pairs", len(found))
	verified, err := verify(found, c, func(place int32, buf []byte) ([]byte, error) {
		if err := ctx.Err(); err != nil { // much repeated text has millions of pairs
			return nil, err
		}
		return j.text(place, buf)
	}, bar.Add)
	bar.Done()
	if err != nil {
		return err
	}
	if j.Pairs != "" {
		if err := j.writePairs(verified); err != nil {
			return err
		}
	}
	kept := greedy(len(j.order), verified)
	if c.Components {
		kept = components(len(j.order), verified)
		if err := j.connected(kept); err != nil {
			return err
		}
	}
	return j.remove(kept)
}

// connected computes how near dropped texts are to the one that stays for them.
func (j *job) connected(kept []keeper) error {
	var ask []pair
	for place, k := range kept {
		if k.jaccard < 0 {
			ask = append(ask, pair{int32(k.text), int32(place)})
		}
	}
	c := j.Config
	c.Threshold = 0 // any
	scores, err := verify(ask, c, j.text, nil)
	for _, s := range scores {
		kept[s.second].jaccard = s.jaccard
	}
	return err
}

// remove lists what goes, by row.
func (j *job) remove(kept []keeper) error {
	n := j.first[len(j.sources)]
	for row := j.indexRows(); row < n; row++ {
		twin := j.twin[row]
		place := j.at[twin]
		if place < 0 {
			continue // without text
		}
		k := kept[place]
		top := j.order[k.text]
		switch {
		case int(top) == row:
			continue
		case top == twin:
			j.removed = append(j.removed, removal{int32(row), top, 1, -1})
			j.result.ExactDuplicates++
		default:
			j.removed = append(j.removed, removal{int32(row), top, k.jaccard, j.band(twin, top)})
			j.result.NearDuplicates++
		}
	}
	slices.SortFunc(j.removed, func(a, b removal) int { return cmp.Compare(a.row, b.row) })
	return j.signatures.failed
}

func (j *job) band(a, b int32) int {
	x := j.signatures.at(int(a), make([]byte, j.signatures.width))
	y := j.signatures.at(int(b), make([]byte, j.signatures.width))
	for i := range j.lsh.count {
		if lo, hi := i*j.lsh.rows, (i+1)*j.lsh.rows; bytes.Equal(x[lo:hi], y[lo:hi]) {
			return i
		}
	}
	return -1
}
