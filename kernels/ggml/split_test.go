package ggml

import (
	"math/rand/v2"
	"testing"

	"cogumi/kernels"
)

// TestSplit: what is taken apart gives the values back, for blocks of any bytes
// whose scales are numbers.
func TestSplit(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for dtype, s := range splitters {
		n, bytes := dtype.Block()
		src := make([]byte, 50*bytes)
		for i := range src {
			src[i] = byte(r.Uint32())
		}
		for i := range 50 { // halves: no infinities
			b := src[i*bytes : (i+1)*bytes]
			switch dtype {
			case kernels.Q6_K:
				b[209] &= 0xbb
			case kernels.Q4_0, kernels.Q5_0, kernels.Q8_0:
				b[1] &= 0xbb
			default:
				b[1], b[3] = b[1]&0xbb, b[3]&0xbb
			}
		}
		want := make([]float32, 50*n)
		Dequantize(want, src, dtype)
		codes, scales, minima := make([]byte, 50*n), make([]float32, 50*n/s.Run), make([]float32, 50*n/s.Run)
		Split(codes, scales, minima, src, dtype)
		for i, code := range codes {
			v := float32(code)
			if s.Bits == 8 {
				v = float32(int8(code))
			}
			v *= scales[i/s.Run]
			if s.Minima {
				v += minima[i/s.Run]
			}
			if v != want[i] || s.Bits == 4 && code > 15 {
				t.Errorf("%s[%d]: code %d gives %g, want %g", dtype, i, code, v, want[i])
				break
			}
		}
	}
}
