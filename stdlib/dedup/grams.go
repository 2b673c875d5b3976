// Package dedup finds near-duplicates: texts whose sets of character n-grams
// have a Jaccard similarity of at least a threshold.
//
// Candidates come from MinHash signatures (Broder 1997) in bands (LSH; Leskovec,
// Rajaraman, Ullman, "Mining of Massive Datasets", chapter 3), but none is
// believed unverified: every pair that counts has its exact Jaccard computed.
// Results depend on the rows alone, not on the number of workers.
package dedup

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// normalise lower-cases and trims as Python's lower().strip() does. Capital sigma
// and dotted İ depend on what stands around them or become two runes; only texts
// that have them take the slow way.
func normalise(s string) string {
	if strings.ContainsAny(s, "Σİ") {
		s = cases.Lower(language.Und).String(s)
	} else {
		s = strings.ToLower(s)
	}
	return strings.TrimFunc(s, outerRune)
}

// outerRune is what strip takes off.
func outerRune(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// grams returns the sorted distinct hashes of a text's n-grams of runes. A text
// shorter than n is its own only gram; an empty one has none.
func grams(text string, n int) []uint64 {
	out := newCutter(n).cut([]byte(normalise(text)), nil)
	slices.Sort(out)
	return out
}

// Similarity is the Jaccard of two texts' sets of character 3-grams, in 0…1, as the
// search for near-duplicates computes it.
func Similarity(a, b string) float64 { return jaccard(grams(a, 3), grams(b, 3)) }

// similarity is the Jaccard of two normalised texts.
func similarity(c *cutter, a, b string) float64 {
	x, y := c.cut([]byte(a), nil), c.cut([]byte(b), nil)
	slices.Sort(x)
	slices.Sort(y)
	return jaccard(x, y)
}

// hashRunes mixes runes into 64 bits. Up to three runes are packed without loss
// before a bijective mix, so that 3-grams never collide.
func hashRunes(runes []rune) uint64 {
	var h uint64
	for i, r := range runes {
		if i > 0 && i%3 == 0 {
			h = mix(h)
		}
		h = h<<21 ^ uint64(r+1)
	}
	return mix(h ^ uint64(max(0, len(runes)-3))<<63)
}

// mix is the finaliser of splitmix64, a bijection.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// jaccard is |a ∩ b| / |a ∪ b| of two sorted sets. Two empty sets are equal.
func jaccard(a, b []uint64) float64 {
	if len(a) == 0 && len(b) == 0 {
		return 1
	}
	common := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			common++
			i++
			j++
		case a[i] < b[j]:
			i++
		default:
			j++
		}
	}
	return float64(common) / float64(len(a)+len(b)-common)
}
