package vec

// NF4 are the sixteen values of bitsandbytes' 4-bit format: quantiles of a
// normal distribution, scaled to [−1, 1] (arXiv:2305.14314).
var NF4 = [16]float32{
	-1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
	-0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0,
	0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
	0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1,
}

// NF4Block is how many values share a scale.
const NF4Block = 64

// DequantNF4 decodes len(dst) values, two a byte, high nibble first, each
// NF4[code]·absmax[i/64], rounded to bfloat16 (nearest even) if round is set.
// It begins at the start of a block.
func DequantNF4(dst []float32, packed []byte, absmax []float32, round bool) {
	n := len(dst)
	nf4(dst, packed[:(n+1)/2], absmax[:(n+NF4Block-1)/NF4Block], round)
}

// FromBF16 widens bfloat16 numbers.
func FromBF16(dst []float32, src []uint16) { fromBF16(dst, src[:len(dst)]) }

// ToBF16 rounds to bfloat16, to nearest, ties to even; a NaN stays one.
func ToBF16(dst []uint16, src []float32) { toBF16(dst, src[:len(dst)]) }
