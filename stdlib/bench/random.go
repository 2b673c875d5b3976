package bench

import (
	"math"
	"math/bits"
)

// pyRandom is Python's random.Random: the few-shot examples of the harness are
// what it draws. It is the Mersenne Twister MT19937 (Matsumoto, Nishimura 1998,
// doi:10.1145/272991.272995), seeded by an array as CPython seeds it with a
// small integer.
type pyRandom struct {
	state [624]uint32
	at    int
}

func newPyRandom(seed uint32) *pyRandom {
	r := &pyRandom{at: 624}
	s := &r.state
	s[0] = 19650218
	for i := uint32(1); i < 624; i++ {
		s[i] = 1812433253*(s[i-1]^s[i-1]>>30) + i
	}
	i := 1
	wrap := func() {
		if i++; i >= 624 {
			s[0], i = s[623], 1
		}
	}
	for range 624 { // the key has one word
		s[i] = (s[i] ^ (s[i-1]^s[i-1]>>30)*1664525) + seed
		wrap()
	}
	for range 623 {
		s[i] = (s[i] ^ (s[i-1]^s[i-1]>>30)*1566083941) - uint32(i)
		wrap()
	}
	s[0] = 1 << 31
	return r
}

func (r *pyRandom) uint32() uint32 {
	if r.at == 624 {
		r.turn()
	}
	y := r.state[r.at]
	r.at++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

func (r *pyRandom) turn() {
	s := &r.state
	for i := range s {
		y := s[i]&(1<<31) | s[(i+1)%624]&(1<<31-1)
		s[i] = s[(i+397)%624] ^ y>>1 ^ -(y&1)&0x9908b0df
	}
	r.at = 0
}

// below draws from 0…n−1, 0 < n < 2^32.
func (r *pyRandom) below(n int) int {
	shift := 32 - bits.Len32(uint32(n))
	for {
		if x := int(r.uint32() >> shift); x < n {
			return x
		}
	}
}

// sample draws k of 0…n−1 without replacement, in the order of Python's sample:
// from a shrinking list where that is smaller than a set of what was drawn. k is
// at most n.
func (r *pyRandom) sample(n, k int) []int {
	room := 21
	if k > 5 {
		room += 1 << (2 * int(math.Ceil(math.Log(float64(3*k))/math.Log(4))))
	}
	out := make([]int, k)
	if n <= room {
		pool := make([]int, n)
		for i := range pool {
			pool[i] = i
		}
		for i := range out {
			j := r.below(n - i)
			out[i], pool[j] = pool[j], pool[n-i-1]
		}
		return out
	}
	drawn := map[int]bool{}
	for i := range out {
		j := r.below(n)
		for drawn[j] {
			j = r.below(n)
		}
		drawn[j], out[i] = true, j
	}
	return out
}
