package gemm

import "cogumi/kernels/nf4"

// value is column i of a row of codes.
func (c *Codes) value(row []byte, scales, minima []float32, i int) float32 {
	code := row[i%8] >> uint(i/8*4) & 15
	v := float32(code)
	switch {
	case c.nf4:
		return nf4.RoundBF16(nf4.Code[code] * scales[i])
	case c.bits == 8:
		v = float32(int8(row[i]))
	}
	v *= scales[i]
	if minima != nil {
		v += minima[i]
	}
	return v
}
