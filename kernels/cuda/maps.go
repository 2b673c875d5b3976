package cuda

import (
	"encoding/binary"
	"math"

	"cogumi/kernels/nf4"
)

// Sizes and places of struct Maps in optim.cu.
const (
	signedStarts   = 3088 // one half for values ≥ 0, one for values < 0
	unsignedStarts = 2960
	signedBits     = 6 // of the fraction that a bucket of values shares
	unsignedBits   = 7
	lowestExponent = 104 // of the first bucket, 2⁻²³, as float32 stores it
)

// optimMaps is what the optimiser kernel finds codes of 8 bits with: the two
// dynamic maps, the largest value of each code, and the lowest code of each
// bucket of values. A bucket holds at most two codes.
func optimMaps() []byte {
	var b []byte
	signed, unsigned := nf4.SignedMap(), nf4.UnsignedMap()
	for _, table := range [][]float32{signed, unsigned, bounds(signed), bounds(unsigned)} {
		for _, v := range table {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
	}
	half := make([]byte, signedStarts/2)
	for i := range buckets(signedBits) {
		lo, _ := bucket(i, signedBits)
		half[i] = nf4.Nearest8(lo, signed)
	}
	b = append(b, half...)
	for i := range buckets(signedBits) {
		_, hi := bucket(i, signedBits)
		half[i] = nf4.Nearest8(-hi, signed)
	}
	b = append(b, half...)
	starts := make([]byte, unsignedStarts)
	for i := range buckets(unsignedBits) {
		lo, _ := bucket(i, unsignedBits)
		starts[i] = nf4.Nearest8(lo, unsigned)
	}
	return append(b, starts...)
}

// buckets is the number of buckets up to and with that of 1.
func buckets(bits int) int { return (127-lowestExponent)<<bits + 1 }

// bucket is the least and the largest magnitude of bucket i; the first begins
// at 0.
func bucket(i, bits int) (lo, hi float32) {
	from := uint32(i+lowestExponent<<bits) << (23 - bits)
	lo, hi = math.Float32frombits(from), math.Float32frombits(from+1<<(23-bits)-1)
	if i == 0 {
		lo = 0
	}
	return lo, hi
}

// bounds is, for each code, the largest value whose nearest code is that one or
// a lower one.
func bounds(codes []float32) []float32 {
	b := make([]float32, len(codes))
	for c := range b[:len(b)-1] {
		v := float32((float64(codes[c]) + float64(codes[c+1])) / 2)
		for int(nf4.Nearest8(v, codes)) > c {
			v = math.Nextafter32(v, -2)
		}
		for next := math.Nextafter32(v, 2); int(nf4.Nearest8(next, codes)) <= c; next = math.Nextafter32(v, 2) {
			v = next
		}
		b[c] = v
	}
	b[len(b)-1] = float32(math.Inf(1))
	return b
}
