// Package nf4 is the 4-bit NormalFloat format and the blockwise 8-bit format as
// bitsandbytes stores them (arXiv:2305.14314, arXiv:2110.02861).
//
// Traps: the first element of a pair is the high nibble; a full block scales by
// the reciprocal of its absmax, a shorter last block by division; an all-zero
// block has code 7 (0) here as in bitsandbytes' CPU backend, where CUDA writes
// code 0, which dequantises to −0.
package nf4

import (
	"fmt"
	"math"
)

// Block is the number of elements that share one absmax.
const Block = 64

// NestedBlock is the number of absmax values that share one second-level absmax.
const NestedBlock = 256

// Code are the 16 values of NF4.
var Code = [16]float32{
	-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
	-0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
	0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
	0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
}

// thresholds are the float32 midpoints of neighbouring codes: x above threshold
// i has a code above i.
var thresholds = func() (t [15]float32) {
	for i := range t {
		t[i] = float32((float64(Code[i]) + float64(Code[i+1])) / 2)
	}
	return t
}()

// Quantized is a flat array in NF4. With double quantisation Absmax is nil and
// Nested holds it.
type Quantized struct {
	N      int
	Packed []byte    // ⌈N/2⌉, first element in the high nibble
	Absmax []float32 // ⌈N/64⌉; nil when nested
	Nested *Nested
}

// Nested are the absmax values themselves in 8 bits, less their mean.
type Nested struct {
	Codes  []byte    // ⌈N/64⌉, into Map
	Map    []float32 // 256
	Absmax []float32 // ⌈⌈N/64⌉/256⌉
	Offset float32   // mean of the absmax values
}

// Quantize quantises x, with double quantisation if nested.
func Quantize(x []float32, nested bool) *Quantized {
	blocks := (len(x) + Block - 1) / Block
	q := &Quantized{N: len(x), Packed: make([]byte, (len(x)+1)/2), Absmax: make([]float32, blocks)}
	for b := range blocks {
		lo, hi := b*Block, min((b+1)*Block, len(x))
		q.Absmax[b] = quantizeBlock(q.Packed, x, lo, hi)
	}
	if len(x)%2 == 1 {
		q.Packed[len(x)/2] |= 7
	}
	if nested {
		q.Nested = nest(q.Absmax)
		q.Absmax = nil
	}
	return q
}

func quantizeBlock(packed []byte, x []float32, lo, hi int) float32 {
	var absmax float32
	for _, v := range x[lo:hi] {
		absmax = max(absmax, abs(v))
	}
	full := hi-lo == Block
	floor := max(absmax, 1e-38)
	if !full {
		absmax = floor
	}
	inverse := 1 / floor
	for i := lo; i < hi; i++ {
		scaled := x[i] * inverse
		if !full {
			scaled = x[i] / floor
		}
		packed[i/2] |= nearest4(scaled) << (4 * uint(1-i&1))
	}
	return absmax
}

func abs(v float32) float32 { return math.Float32frombits(math.Float32bits(v) &^ (1 << 31)) }

func nearest4(v float32) byte {
	var c byte
	for _, t := range thresholds {
		if v > t {
			c++
		}
	}
	return c
}

func nest(absmax []float32) *Nested {
	var sum float64
	for _, a := range absmax {
		sum += float64(a)
	}
	n := &Nested{Map: SignedMap(), Offset: float32(sum / float64(max(len(absmax), 1)))}
	centred := make([]float32, len(absmax))
	for i, a := range absmax {
		centred[i] = a - n.Offset
	}
	n.Codes, n.Absmax = Quantize8(centred, n.Map)
	return n
}

// Scales returns the absmax of every block: as stored, or restored from the
// second level in two roundings, fl(fl(map[code]·absmax) + offset).
func (q *Quantized) Scales() []float32 {
	if q.Nested == nil {
		return q.Absmax
	}
	n := q.Nested
	out := make([]float32, len(n.Codes))
	for i, c := range n.Codes {
		out[i] = float32(n.Map[c]*n.Absmax[i/NestedBlock]) + n.Offset
	}
	return out
}

// Check reports whether the parts fit together.
func (q *Quantized) Check() error {
	blocks := (q.N + Block - 1) / Block
	switch {
	case len(q.Packed) != (q.N+1)/2:
		return fmt.Errorf("nf4: %d packed bytes for %d elements", len(q.Packed), q.N)
	case q.Nested == nil && len(q.Absmax) != blocks:
		return fmt.Errorf("nf4: %d absmax values for %d blocks", len(q.Absmax), blocks)
	case q.Nested != nil && (len(q.Nested.Codes) != blocks || len(q.Nested.Map) != 256 ||
		len(q.Nested.Absmax) != (blocks+NestedBlock-1)/NestedBlock):
		return fmt.Errorf("nf4: nested statistics do not fit %d blocks", blocks)
	}
	return nil
}

// Dequantize returns code·absmax, one float32 product each; rounded to bf16 if
// round, as a bf16 layer sees the weight.
func (q *Quantized) Dequantize(round bool) []float32 {
	out := make([]float32, q.N)
	scales := q.Scales()
	for i := range out {
		c := q.Packed[i/2] >> (4 * uint(1-i&1)) & 15
		out[i] = Code[c] * scales[i/Block]
		if round {
			out[i] = RoundBF16(out[i])
		}
	}
	return out
}

// RoundBF16 rounds to the nearest bfloat16, ties to even.
func RoundBF16(v float32) float32 {
	b := math.Float32bits(v)
	if b&0x7fffffff > 0x7f800000 {
		return v
	}
	return math.Float32frombits((b + 0x7fff + b>>16&1) &^ 0xffff)
}
