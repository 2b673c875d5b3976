// Package minhash makes MinHash signatures (Broder 1997): for each of several
// random permutations of the 32-bit numbers the least image of a set's members.
// Two sets agree in a place with the probability of their Jaccard similarity.
//
// The permutations are x → a·x + b mod 2^32 with odd a, so members must be mixed
// well before. A signature keeps the low 8 bits of each minimum (b-bit minwise
// hashing; Li, König 2010): places that differ agree by chance once in 256.
//
// Loops exist for AVX-512, AVX2 and in plain Go and give the same bits.
package minhash

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// block is how many permutations the loops take at a time.
const block = 64

// Hasher holds the permutations. It may be used by several goroutines.
type Hasher struct {
	n    int
	a, b []uint32 // padded to whole blocks
}

// New gives the first n of a fixed sequence of permutations.
func New(n int) *Hasher {
	h := &Hasher{n: n}
	state := uint64(0x5eed)
	for range (n + block - 1) / block * block {
		state += 0x9e3779b97f4a7c15
		z := (state ^ state>>30) * 0xbf58476d1ce4e5b9 // splitmix64
		z = (z ^ z>>27) * 0x94d049bb133111eb
		z ^= z >> 31
		h.a, h.b = append(h.a, uint32(z)|1), append(h.b, uint32(z>>32))
	}
	return h
}

// Permutations is the length of a signature in bytes.
func (h *Hasher) Permutations() int { return h.n }

// Scratch is what Sign works in, one for each goroutine.
type Scratch struct{ minima []uint32 }

// Sign writes the signature of a set into the first Permutations bytes of out.
// Members may repeat. The signature of the empty set is all 255.
func (h *Hasher) Sign(set []uint32, out []byte, s *Scratch) {
	if len(s.minima) < len(h.a) {
		s.minima = make([]uint32, len(h.a))
	}
	Minima(set, h.a, h.b, s.minima[:len(h.a)])
	for i, m := range s.minima[:h.n] {
		out[i] = byte(m)
	}
}

// Minima writes min over x of a[p]·x + b[p] mod 2^32 for every p, 2^32−1 for an
// empty x. a, b and out are equally long.
func Minima(x, a, b, out []uint32) {
	a, b = a[:len(out)], b[:len(out)]
	whole := len(out) &^ (block - 1)
	if len(x) == 0 || whole == 0 || !minima(x, a[:whole], b[:whole], out[:whole]) {
		whole = 0
	}
	minimaPlain(x, a[whole:], b[whole:], out[whole:])
}

func minimaPlain(x, a, b, out []uint32) {
	for p := range out {
		least := uint32(math.MaxUint32)
		for _, v := range x {
			least = min(least, a[p]*v+b[p])
		}
		out[p] = least
	}
}

// Equal counts the places where two signatures of the same length agree.
func Equal(x, y []byte) int {
	const low = 0x7f7f7f7f7f7f7f7f
	y = y[:len(x)]
	n, i := 0, 0
	for ; i+8 <= len(x); i += 8 {
		d := binary.LittleEndian.Uint64(x[i:]) ^ binary.LittleEndian.Uint64(y[i:])
		n += bits.OnesCount64(^(d&low + low | d | low)) // one bit for each byte that is 0
	}
	for ; i < len(x); i++ {
		if x[i] == y[i] {
			n++
		}
	}
	return n
}

// Estimate is the Jaccard similarity that equal places of n speak for, chance
// taken off; it may be slightly below 0.
func Estimate(equal, n int) float64 {
	return (float64(equal)/float64(n) - 1.0/256) / (1 - 1.0/256)
}

// ISA names the instruction set in use: avx512, avx2 or plain. Results do not
// depend on it.
func ISA() string { return active.String() }

type level int

const (
	plain level = iota
	avx2
	avx512
)

func (l level) String() string { return [...]string{"plain", "avx2", "avx512"}[l] }
