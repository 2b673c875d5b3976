package dedup

import (
	"sync"

	"cogumi/kernels/cpu/par"
)

// scored is a verified pair.
type scored struct {
	pair
	jaccard float64
}

// verify computes the exact similarity of candidates, sorted by their second
// text, and keeps those that reach the threshold. text gives a normalised text,
// done is told of progress and may be nil.
func verify(found []pair, c Config, text func(place int32, buf []byte) ([]byte, error), done func(pairs int)) ([]scored, error) {
	exact := make([]float64, len(found))
	var mu sync.Mutex
	var failed error
	par.For(len(found), 64, func(lo, hi int) {
		v := newVerifier(c.Ngram, text)
		for i := lo; i < hi; i++ {
			j, err := v.jaccard(found[i], c.Threshold)
			if err != nil {
				mu.Lock()
				failed = err
				mu.Unlock()
				return
			}
			exact[i] = j
			if told := i + 1 - lo; done != nil && (told%64 == 0 || i+1 == hi) {
				done((told-1)%64 + 1)
			}
		}
	})
	var out []scored
	for i, p := range found {
		if exact[i] >= c.Threshold {
			out = append(out, scored{p, exact[i]})
		}
	}
	return out, failed
}

// verifier compares texts pair by pair and remembers some.
type verifier struct {
	cut    *cutter
	text   func(int32, []byte) ([]byte, error)
	buf    []byte
	recent map[int32][]uint64
	second int32   // whose grams set holds
	size   int     // of set
	set    gramSet //
}

// remembered bounds how many texts' grams a verifier holds: 2 MB at 1 KB.
const remembered = 512

func newVerifier(ngram int, text func(int32, []byte) ([]byte, error)) *verifier {
	return &verifier{cut: newCutter(ngram), text: text, recent: map[int32][]uint64{}, second: -1}
}

func (v *verifier) grams(place int32) ([]uint64, error) {
	if g, ok := v.recent[place]; ok {
		return g, nil
	}
	text, err := v.text(place, v.buf)
	if err != nil {
		return nil, err
	}
	v.buf = text
	if len(v.recent) >= remembered {
		clear(v.recent)
	}
	g := v.cut.cut(text, nil)
	v.recent[place] = g
	return g, nil
}

// jaccard is exact, or 0 where the sizes alone keep the pair below the threshold.
func (v *verifier) jaccard(p pair, threshold float64) (float64, error) {
	if p.second != v.second {
		g, err := v.grams(p.second)
		if err != nil {
			return 0, err
		}
		v.set.reset(len(g))
		for _, h := range g {
			v.set.add(h)
		}
		v.second, v.size = p.second, len(g)
	}
	g, err := v.grams(p.first)
	if err != nil {
		return 0, err
	}
	if small, large := min(len(g), v.size), max(len(g), v.size); small == 0 || float64(small) < threshold*float64(large) {
		return 0, nil
	}
	common := 0
	for _, h := range g {
		if v.set.has(h) {
			common++
		}
	}
	return float64(common) / float64(len(g)+v.size-common), nil
}
