// Package ggml is the block formats of ggml, which GGUF files hold (llama.cpp,
// ggml/src/ggml-common.h for the layouts, ggml-quants.c for the arithmetic).
//
// A row is a sequence of blocks of 32 or 256 values; scales and minima are half
// precision, little-endian. Q4_0, Q5_0 and Q8_0 are scale·q; Q4_1 and Q5_1 are
// scale·q + minimum; the K formats hold sub-blocks whose scales are integers
// themselves; the IQ4 formats look their values up in a table. Nibbles are not pairs of neighbours: a byte's low half belongs to
// the first half of its (sub-)block, its high half to the second.
//
// Every product and every sum is rounded to float32 by itself, none is fused, so
// that values are the reference's bit for bit on every machine.
package ggml

import (
	"encoding/binary"
	"fmt"
	"math"

	"cogumi/kernels"
)

// decoders write a block's values.
var decoders = map[kernels.DType]func(dst []float32, b []byte){
	kernels.Q4_0: q4x0, kernels.Q4_1: q4x1, kernels.Q5_0: q5x0, kernels.Q5_1: q5x1, kernels.Q8_0: q8x0,
	kernels.Q2_K: q2k, kernels.Q3_K: q3k, kernels.Q4_K: q4k, kernels.Q5_K: q5k, kernels.Q6_K: q6k, kernels.IQ4_NL: iq4nl, kernels.IQ4_XS: iq4xs,
}

// Dequantize writes the values of whole blocks to dst. It panics where dst and
// src are not the same number of blocks, or t is no block format.
func Dequantize(dst []float32, src []byte, t kernels.DType) {
	decode := decoders[t]
	if decode == nil {
		panic(fmt.Sprintf("ggml: %s is no block format", t))
	}
	n, bytes := t.Block()
	if len(dst)%n != 0 || len(src) != len(dst)/n*bytes {
		panic(fmt.Sprintf("ggml: %d bytes of %s are not %d values", len(src), t, len(dst)))
	}
	for i := range len(dst) / n {
		decode(dst[i*n:(i+1)*n], src[i*bytes:(i+1)*bytes])
	}
}

// Half widens IEEE 754 binary16: 1 sign bit, 5 of exponent, 10 of fraction.
func Half(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exp := uint32(h>>10) & 0x1f
	frac := uint32(h) & 0x3ff
	switch {
	case exp == 0x1f: // infinity, or NaN with its payload
		return math.Float32frombits(sign | 0xff<<23 | frac<<13)
	case exp != 0:
		return math.Float32frombits(sign | (exp+127-15)<<23 | frac<<13)
	}
	// A denormal half is frac·2⁻²⁴, a normal float32.
	v := float32(frac) * (1.0 / (1 << 24))
	return math.Float32frombits(math.Float32bits(v) | sign)
}

// half reads the i-th half of b.
func half(b []byte, i int) float32 { return Half(binary.LittleEndian.Uint16(b[2*i:])) }
