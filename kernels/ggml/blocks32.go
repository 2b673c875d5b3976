package ggml

import "encoding/binary"

// q4x0: half d, 16 bytes of nibbles; d·(q−8).
func q4x0(dst []float32, b []byte) {
	d, qs := half(b, 0), b[2:18]
	for i, q := range qs {
		dst[i] = float32(int(q&15)-8) * d
		dst[i+16] = float32(int(q>>4)-8) * d
	}
}

// q4x1: half d, half m, 16 bytes of nibbles; d·q + m.
func q4x1(dst []float32, b []byte) {
	d, m, qs := half(b, 0), half(b, 1), b[4:20]
	for i, q := range qs {
		dst[i] = float32(float32(q&15)*d) + m
		dst[i+16] = float32(float32(q>>4)*d) + m
	}
}

// fifth is the fifth bit of value i of 32, in its place.
func fifth(high uint32, i int) uint8 { return uint8(high>>i) & 1 << 4 }

// q5x0: half d, 32 fifth bits, 16 bytes of nibbles; d·(q−16).
func q5x0(dst []float32, b []byte) {
	d, high, qs := half(b, 0), binary.LittleEndian.Uint32(b[2:]), b[6:22]
	for i, q := range qs {
		dst[i] = float32(int(q&15|fifth(high, i))-16) * d
		dst[i+16] = float32(int(q>>4|fifth(high, i+16))-16) * d
	}
}

// q5x1: half d, half m, 32 fifth bits, 16 bytes of nibbles; d·q + m.
func q5x1(dst []float32, b []byte) {
	d, m, high, qs := half(b, 0), half(b, 1), binary.LittleEndian.Uint32(b[4:]), b[8:24]
	for i, q := range qs {
		dst[i] = float32(float32(q&15|fifth(high, i))*d) + m
		dst[i+16] = float32(float32(q>>4|fifth(high, i+16))*d) + m
	}
}

// q8x0: half d, 32 signed bytes; d·q.
func q8x0(dst []float32, b []byte) {
	d := half(b, 0)
	for i, q := range b[2:34] {
		dst[i] = float32(int8(q)) * d
	}
}

// nonlinear are the 16 values of the IQ4 formats.
var nonlinear = [16]float32{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}

// iq4nl: half d, 16 bytes of nibbles; d·table[q].
func iq4nl(dst []float32, b []byte) {
	d := half(b, 0)
	for i, q := range b[2:18] {
		dst[i] = d * nonlinear[q&15]
		dst[i+16] = d * nonlinear[q>>4]
	}
}
