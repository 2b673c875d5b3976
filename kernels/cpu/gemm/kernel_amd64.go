package gemm

import "time"

var avx2Kernels = kernels{isa: avx2, mr: 6, nr: 16, across: [4]int{1: 4, 2: 2, 3: 2}}

var avx512Kernels = kernels{isa: avx512, mr: 12, nr: 32, across: [4]int{1: 4, 2: 2, 3: 2}, halves: true}

func choose(name string) *kernels {
	switch name {
	case "avx512":
		return &avx512Kernels
	case "avx2":
		return &avx2Kernels
	}
	return &plainKernels
}

//go:noescape
func tileAVX2(t *tile)

//go:noescape
func tileAVX512(t *tile)

func peakAVX2(n int)
func peakAVX512(n int)

func (s *kernels) run(t *tile) {
	switch s.isa {
	case avx512:
		tileAVX512(t)
	case avx2:
		tileAVX2(t)
	default:
		runPlain(t)
	}
}

// Peak measures what one core can do at best, in multiply-adds counted twice per
// second, with the vectors in use here; 0 in plain Go.
func Peak() float64 {
	loop, lanes := peakAVX2, 8
	switch active.isa {
	case plain:
		return 0
	case avx512:
		loop, lanes = peakAVX512, 16
	}
	const n = 1 << 20
	best := time.Duration(1 << 62)
	for range 20 {
		start := time.Now()
		loop(n)
		best = min(best, time.Since(start))
	}
	return float64(n) * 12 * 2 * float64(lanes) / best.Seconds()
}
