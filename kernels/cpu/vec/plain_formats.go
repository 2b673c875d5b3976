package vec

import "math"

func fromBF16Plain(dst []float32, src []uint16) {
	for i := range dst {
		dst[i] = math.Float32frombits(uint32(src[i]) << 16)
	}
}

func bf16(v float32) uint16 {
	b := math.Float32bits(v)
	if v != v {
		return uint16(b>>16) | 0x40 // keep a NaN a NaN
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

func toBF16Plain(dst []uint16, src []float32) {
	for i := range dst {
		dst[i] = bf16(src[i])
	}
}

// nf4Plain decodes dst from an even index on.
func nf4Plain(dst []float32, packed []byte, absmax []float32, from int, round bool) {
	for i := from; i < len(dst); i++ {
		c := packed[i/2] >> 4
		if i%2 == 1 {
			c = packed[i/2] & 15
		}
		v := NF4[c] * absmax[i/NF4Block]
		if round {
			v = math.Float32frombits(uint32(bf16(v)) << 16)
		}
		dst[i] = v
	}
}
