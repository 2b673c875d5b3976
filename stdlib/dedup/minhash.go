package dedup

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"cogumi/kernels/cpu/par"
)

// signer makes MinHash signatures: the minimum of each of several random linear
// maps of the grams, modulo the prime 2^61−1.
type signer struct{ a, b []uint64 }

const prime = 1<<61 - 1

func newSigner(permutations int) *signer {
	s := &signer{}
	state := uint64(0x5eed)
	next := func() uint64 {
		state += 0x9e3779b97f4a7c15
		return mix(state) % (prime - 1)
	}
	for range permutations {
		s.a, s.b = append(s.a, next()+1), append(s.b, next())
	}
	return s
}

// sign writes one minimum per permutation, its low 32 bits.
func (s *signer) sign(grams []uint64, out []uint32) {
	for p := range out {
		a, b := s.a[p], s.b[p]
		least := uint64(math.MaxUint64)
		for _, g := range grams {
			least = min(least, linear(a, g&prime, b))
		}
		out[p] = uint32(least)
	}
}

// linear is (a·x + b) mod 2^61−1.
func linear(a, x, b uint64) uint64 {
	hi, lo := bits.Mul64(a, x)
	sum := lo&prime + (lo>>61 | hi<<3) + b
	sum = sum&prime + sum>>61
	if sum >= prime {
		sum -= prime
	}
	return sum
}

// bands chooses how many rows of the signature form a band: the most that still
// find a pair at the threshold with the wanted probability.
func bands(permutations int, threshold, recall float64) (count, rows int) {
	for rows = permutations; rows > 1; rows-- {
		count = permutations / rows
		if hit(threshold, count, rows) >= recall {
			return count, rows
		}
	}
	return permutations, 1
}

// hit is the probability that a pair of Jaccard j shares a band.
func hit(j float64, count, rows int) float64 {
	return 1 - math.Pow(1-math.Pow(j, float64(rows)), float64(count))
}

// pair are two candidates, the earlier one first.
type pair struct{ first, second int32 }

// candidates are the pairs that share a band, each once, sorted.
func candidates(signatures []uint32, permutations, count, rows int, texts []document) []pair {
	found := make([][]pair, count)
	par.For(count, 1, func(lo, hi int) {
		for b := lo; b < hi; b++ {
			found[b] = bandPairs(signatures, permutations, b*rows, rows, texts)
		}
	})
	var all []pair
	for _, f := range found {
		all = append(all, f...)
	}
	slices.SortFunc(all, func(x, y pair) int {
		return cmp.Or(cmp.Compare(x.second, y.second), cmp.Compare(x.first, y.first))
	})
	return slices.Compact(all)
}

func bandPairs(signatures []uint32, permutations, from, rows int, texts []document) []pair {
	members := map[uint64][]int32{}
	var out []pair
	for i := range texts {
		if len(texts[i].grams) == 0 {
			continue
		}
		key := uint64(from)
		for _, v := range signatures[i*permutations+from : i*permutations+from+rows] {
			key = mix(key ^ uint64(v))
		}
		for _, j := range members[key] {
			out = append(out, pair{j, int32(i)})
		}
		members[key] = append(members[key], int32(i))
	}
	return out
}
