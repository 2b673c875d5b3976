package nf4

import (
	"slices"
	"sync"
)

// SignedMap is the dynamic 8-bit map in −0.993…1 (arXiv:1511.04561 as
// bitsandbytes builds it); ascending, 127 is 0.
var SignedMap = sync.OnceValue(func() []float32 { return dynamicMap(true) })

// UnsignedMap is the dynamic 8-bit map in 0…1; ascending, 0 is 0.
var UnsignedMap = sync.OnceValue(func() []float32 { return dynamicMap(false) })

// dynamicMap has seven decades; decade i holds 2^i (signed) or 2^(i+1) values,
// the middles of equal parts of 0.1…1. All arithmetic is float32, as torch's.
func dynamicMap(signed bool) []float32 {
	const exponents = 7
	powers := [exponents]float32{1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1}
	m := []float32{0, 1}
	for i := range exponents {
		parts := 1 << i
		if !signed {
			parts *= 2
		}
		bounds := linspace(0.1, 1, parts+1)
		for k := range parts {
			v := powers[i] * ((bounds[k] + bounds[k+1]) / 2)
			m = append(m, v)
			if signed {
				m = append(m, -v)
			}
		}
	}
	slices.Sort(m)
	return m
}

// linspace counts from both ends with one rounding per value, as torch does
// (a fused multiply-add).
func linspace(from, to float32, n int) []float32 {
	step := (to - from) / float32(n-1)
	out := make([]float32, n)
	for i := range out {
		if i < n/2 {
			out[i] = float32(float64(from) + float64(step)*float64(i))
		} else {
			out[i] = float32(float64(to) - float64(step)*float64(n-1-i))
		}
	}
	return out
}

// Quantize8 quantises x in blocks of 256 with an ascending map of 256 values:
// the code nearest to x/absmax, exactly. An all-zero block has the map's code
// of 0.
func Quantize8(x, codes []float32) (q []byte, absmax []float32) {
	q = make([]byte, len(x))
	absmax = make([]float32, (len(x)+NestedBlock-1)/NestedBlock)
	for b := range absmax {
		lo, hi := b*NestedBlock, min((b+1)*NestedBlock, len(x))
		for _, v := range x[lo:hi] {
			absmax[b] = max(absmax[b], abs(v))
		}
		inverse := 1 / max(absmax[b], 1e-38)
		for i := lo; i < hi; i++ {
			q[i] = Nearest8(x[i]*inverse, codes)
		}
	}
	return q, absmax
}

// Nearest8 is the index of the value nearest to v in an ascending map of 256;
// of two equally near ones the lower.
func Nearest8(v float32, codes []float32) byte {
	lo, hi := 0, 255
	for hi-lo > 1 {
		mid := (lo + hi) / 2
		if codes[mid] <= v {
			lo = mid
		} else {
			hi = mid
		}
	}
	if float64(v)-float64(codes[lo]) <= float64(codes[hi])-float64(v) {
		return byte(lo)
	}
	return byte(hi)
}
