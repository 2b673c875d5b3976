package cuda

import (
	"math"
	"testing"

	"cogumi/kernels/nf4"
)

// lookup is what the optimiser kernel does with the tables.
func lookup(m []byte, x float32, signed bool) byte {
	f32 := func(at int) float32 {
		return math.Float32frombits(uint32(m[at]) | uint32(m[at+1])<<8 | uint32(m[at+2])<<16 | uint32(m[at+3])<<24)
	}
	bits, boundsAt, startsAt := unsignedBits, 3*1024, 4096+signedStarts
	if signed {
		bits, boundsAt, startsAt = signedBits, 2*1024, 4096
	}
	i := max(int(math.Float32bits(x)&^(1<<31)>>(23-bits))-lowestExponent<<bits, 0)
	if x < 0 {
		i += signedStarts / 2
	}
	c := m[startsAt+i]
	if x > f32(boundsAt+4*int(c)) {
		c++
	}
	return c
}

// TestMapsFindTheNearestCode: around every bound, at both ends of every bucket,
// and over all magnitudes.
func TestMapsFindTheNearestCode(t *testing.T) {
	m := optimMaps()
	if want := 4*1024 + signedStarts + unsignedStarts; len(m) != want || want%16 != 0 {
		t.Fatalf("%d bytes, want %d", len(m), want)
	}
	for _, signed := range []bool{true, false} {
		codes, bits := nf4.UnsignedMap(), unsignedBits
		if signed {
			codes, bits = nf4.SignedMap(), signedBits
		}
		var xs []float32
		for _, b := range bounds(codes)[:255] {
			xs = append(xs, b, math.Nextafter32(b, -2), math.Nextafter32(b, 2))
		}
		for i := range buckets(bits) {
			lo, hi := bucket(i, bits)
			if i == buckets(bits)-1 {
				hi = math.Nextafter32(1, 2)
			}
			xs = append(xs, lo, hi)
		}
		for x := float32(1); x > 1e-12; x *= 0.9993 {
			xs = append(xs, x)
		}
		for _, x := range xs {
			for _, v := range []float32{x, -x} {
				if v < 0 && !signed || v < -1 {
					continue
				}
				if got, want := lookup(m, v, signed), nf4.Nearest8(v, codes); got != want {
					t.Fatalf("signed %v: %g has code %d, want %d", signed, v, got, want)
				}
			}
		}
	}
}
