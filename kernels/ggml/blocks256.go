package ggml

import "encoding/binary"

// scaleMin unpacks 6-bit scale and minimum of sub-block j of 8 from 12 bytes: the
// first four pairs lie in the low six bits of bytes 0-3 and 4-7, the others in
// the nibbles of bytes 8-11 with their high bits on top of the first ones.
func scaleMin(s []byte, j int) (scale, least float32) {
	if j < 4 {
		return float32(s[j] & 63), float32(s[j+4] & 63)
	}
	return float32(s[j+4]&15 | s[j-4]>>6<<4), float32(s[j+4]>>4 | s[j]>>6<<4)
}

// q4k: half d, half dmin, 12 bytes of scales, 128 bytes of nibbles; 8 sub-blocks
// of 32, (d·scale)·q − dmin·min.
func q4k(dst []float32, b []byte) {
	d, dmin, scales, qs := half(b, 0), half(b, 1), b[4:16], b[16:144]
	for j := range 4 {
		s1, m1 := scaleMin(scales, 2*j)
		s2, m2 := scaleMin(scales, 2*j+1)
		d1, d2, m1, m2 := d*s1, d*s2, dmin*m1, dmin*m2
		out := dst[64*j : 64*j+64]
		for i, q := range qs[32*j : 32*j+32] {
			out[i] = float32(d1*float32(q&15)) - m1
			out[i+32] = float32(d2*float32(q>>4)) - m2
		}
	}
}

// q5k: as q4k with 32 bytes of fifth bits before the nibbles; bit k of byte i
// belongs to value i of sub-block k.
func q5k(dst []float32, b []byte) {
	d, dmin, scales, high, qs := half(b, 0), half(b, 1), b[4:16], b[16:48], b[48:176]
	for j := range 4 {
		s1, m1 := scaleMin(scales, 2*j)
		s2, m2 := scaleMin(scales, 2*j+1)
		d1, d2, m1, m2 := d*s1, d*s2, dmin*m1, dmin*m2
		out := dst[64*j : 64*j+64]
		for i, q := range qs[32*j : 32*j+32] {
			low, up := high[i]>>(2*j)&1<<4, high[i]>>(2*j+1)&1<<4
			out[i] = float32(d1*float32(q&15|low)) - m1
			out[i+32] = float32(d2*float32(q>>4|up)) - m2
		}
	}
}

// q6k: 128 bytes of low nibbles, 64 bytes of high pairs of bits, 16 signed
// scales, half d; 16 sub-blocks of 16, (d·scale)·(q−32). Each half of the block
// has 64 bytes of nibbles and 32 of bits: value i of its quarter k takes the
// nibble k/2 of byte i + 32·(k mod 2), and bits 2k of byte i.
func q6k(dst []float32, b []byte) {
	d := half(b, 104)
	for h := range 2 {
		low, high, scales := b[64*h:64*h+64], b[128+32*h:160+32*h], b[192+8*h:200+8*h]
		for k := range 4 {
			out := dst[128*h+32*k : 128*h+32*k+32]
			for i := range out {
				q := low[i+32*(k&1)]>>(4*(k/2))&15 | high[i]>>(2*k)&3<<4
				scale := d * float32(int8(scales[2*k+i/16]))
				out[i] = scale * float32(int(q)-32)
			}
		}
	}
}

// q2k: 16 bytes of 4-bit scale and minimum, 64 bytes of four 2-bit values, half
// d, half dmin; 16 sub-blocks of 16, (d·scale)·q − dmin·min. Each half of the block
// has 32 bytes of values: bits 2k of byte i are value i of its quarter k.
func q2k(dst []float32, b []byte) {
	scales, d, dmin := b[:16], half(b, 40), half(b, 41)
	for h := range 2 {
		qs := b[16+32*h : 48+32*h]
		for k := range 4 {
			out := dst[128*h+32*k : 128*h+32*k+32]
			for i := range out {
				s := scales[8*h+2*k+i/16]
				out[i] = float32(d*float32(s&15)*float32(qs[i]>>(2*k)&3)) - float32(dmin*float32(s>>4))
			}
		}
	}
}

// q3k: 32 bytes of high bits, 64 bytes of 2-bit values as q2k has them, 12 bytes
// of 6-bit scales, half d; 16 sub-blocks of 16, (d·(scale−32))·(q−4), where q is
// two bits and the high one: bit 4h+k of byte i belongs to value i of quarter k
// of half h.
func q3k(dst []float32, b []byte) {
	high, scales, d := b[:32], b[96:108], half(b, 54)
	for h := range 2 {
		qs := b[32+32*h : 64+32*h]
		for k := range 4 {
			out := dst[128*h+32*k : 128*h+32*k+32]
			for i := range out {
				scale := d * float32(scale3(scales, 8*h+2*k+i/16)-32)
				out[i] = scale * float32(int(qs[i]>>(2*k)&3|high[i]>>(4*h+k)&1<<2)-4)
			}
		}
	}
}

// scale3 unpacks 6-bit scale j of 16 from 12 bytes: four bits in the nibbles of
// bytes 0-7, two in bytes 8-11.
func scale3(s []byte, j int) int {
	return int(s[j%8]>>(4*(j/8))&15 | s[8+j%4]>>(2*(j/4))&3<<4)
}

// iq4xs: half d, 16 high pairs of scale bits, 4 bytes of low nibbles of scales,
// 128 bytes of nibbles; 8 sub-blocks of 32, (d·(scale−32))·table[q].
func iq4xs(dst []float32, b []byte) {
	d, high, low := half(b, 0), binary.LittleEndian.Uint16(b[2:]), b[4:8]
	for j := range 8 {
		scale := d * float32((int(low[j/2]>>(4*(j%2))&15)|int(high>>(2*j)&3)<<4)-32)
		for i, q := range b[8+16*j : 24+16*j] {
			dst[32*j+i] = scale * nonlinear[q&15]
			dst[32*j+i+16] = scale * nonlinear[q>>4]
		}
	}
}
