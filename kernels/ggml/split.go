package ggml

import (
	"encoding/binary"
	"fmt"

	"cogumi/kernels"
)

// Form is a block format taken apart: values are code·scale + minimum (each
// operation rounded), with one scale and one minimum for every Run values.
type Form struct {
	Bits   int  // of a code: 4 (0…15), or 8 (an int8)
	Run    int  // 16 or 32
	Minima bool // false: they are zero
}

// splitter takes one block apart.
type splitter struct {
	Form
	split func(codes []byte, scales, minima []float32, b []byte)
}

var splitters = map[kernels.DType]splitter{
	kernels.Q4_0: {Form{4, 32, true}, splitQ4x0}, kernels.Q4_1: {Form{4, 32, true}, splitQ4x1},
	kernels.Q5_0: {Form{8, 32, false}, splitQ5x0}, kernels.Q5_1: {Form{8, 32, true}, splitQ5x1},
	kernels.Q8_0: {Form{8, 32, false}, splitQ8x0}, kernels.Q4_K: {Form{4, 32, true}, splitQ4K},
	kernels.Q5_K: {Form{8, 32, true}, splitQ5K}, kernels.Q6_K: {Form{8, 16, false}, splitQ6K},
}

// FormOf is how Split takes t apart; ok is false where t is no block format.
func FormOf(t kernels.DType) (f Form, ok bool) {
	s, ok := splitters[t]
	return s.Form, ok
}

// Split takes whole blocks apart: a code for each value, a scale and a minimum for
// each run. It panics where the lengths do not fit.
func Split(codes []byte, scales, minima []float32, src []byte, t kernels.DType) {
	s, ok := splitters[t]
	if !ok {
		panic(fmt.Sprintf("ggml: %s is no block format", t))
	}
	n, bytes := t.Block()
	if len(codes)%n != 0 || len(src) != len(codes)/n*bytes || len(scales) != len(codes)/s.Run || s.Minima && len(minima) != len(scales) {
		panic(fmt.Sprintf("ggml: %d bytes of %s are not %d values", len(src), t, len(codes)))
	}
	runs := n / s.Run
	for i := range len(codes) / n {
		var least []float32
		if s.Minima {
			least = minima[i*runs : (i+1)*runs]
		}
		s.split(codes[i*n:(i+1)*n], scales[i*runs:(i+1)*runs], least, src[i*bytes:(i+1)*bytes])
	}
}

func nibbles(codes []byte, qs []byte) {
	half := len(qs)
	for i, q := range qs {
		codes[i], codes[i+half] = q&15, q>>4
	}
}

// splitQ4x0: d·(q−8) is d·q − 8d, exactly: all three have few digits.
func splitQ4x0(codes []byte, scales, minima []float32, b []byte) {
	scales[0] = half(b, 0)
	minima[0] = -8 * scales[0]
	nibbles(codes, b[2:18])
}

func splitQ4x1(codes []byte, scales, minima []float32, b []byte) {
	scales[0], minima[0] = half(b, 0), half(b, 1)
	nibbles(codes, b[4:20])
}

// fifths are codes of five bits less `from`.
func fifths(codes []byte, high uint32, qs []byte, from int8) {
	for i, q := range qs {
		codes[i] = byte(int8(q&15|fifth(high, i)) - from)
		codes[i+16] = byte(int8(q>>4|fifth(high, i+16)) - from)
	}
}

func splitQ5x0(codes []byte, scales, _ []float32, b []byte) {
	scales[0] = half(b, 0)
	fifths(codes, binary.LittleEndian.Uint32(b[2:]), b[6:22], 16)
}

func splitQ5x1(codes []byte, scales, minima []float32, b []byte) {
	scales[0], minima[0] = half(b, 0), half(b, 1)
	fifths(codes, binary.LittleEndian.Uint32(b[4:]), b[8:24], 0)
}

func splitQ8x0(codes []byte, scales, _ []float32, b []byte) {
	scales[0] = half(b, 0)
	copy(codes, b[2:34])
}

// superScales are the scales and minima of 8 sub-blocks.
func superScales(scales, minima []float32, b []byte) {
	d, dmin := half(b, 0), half(b, 1)
	for j := range 8 {
		s, m := scaleMin(b[4:16], j)
		scales[j], minima[j] = d*s, -(dmin * m)
	}
}

func splitQ4K(codes []byte, scales, minima []float32, b []byte) {
	superScales(scales, minima, b)
	for j := range 4 {
		nibbles(codes[64*j:64*j+64], b[16+32*j:48+32*j])
	}
}

func splitQ5K(codes []byte, scales, minima []float32, b []byte) {
	superScales(scales, minima, b)
	high := b[16:48]
	for j := range 4 {
		out := codes[64*j : 64*j+64]
		nibbles(out, b[48+32*j:80+32*j])
		for i := range 32 {
			out[i] |= high[i] >> (2 * j) & 1 << 4
			out[i+32] |= high[i] >> (2*j + 1) & 1 << 4
		}
	}
}

func splitQ6K(codes []byte, scales, _ []float32, b []byte) {
	d := half(b, 104)
	for h := range 2 {
		low, high := b[64*h:64*h+64], b[128+32*h:160+32*h]
		for k := range 4 {
			out := codes[128*h+32*k : 128*h+32*k+32]
			for i := range out {
				q := low[i+32*(k&1)]>>(4*(k/2))&15 | high[i]>>(2*k)&3<<4
				out[i] = byte(int8(q) - 32)
			}
		}
		for k := range 8 {
			scales[8*h+k] = d * float32(int8(b[192+8*h+k]))
		}
	}
}
