package vec

//go:noescape
func fromBF16AVX2(dst *float32, src *uint16, n int)

//go:noescape
func toBF16AVX2(dst *uint16, src *float32, n int)

//go:noescape
func nf4AVX2(dst *float32, packed *byte, absmax *float32, n int, round bool)

func fromBF16(dst []float32, src []uint16) {
	n := len(dst) &^ 7
	if active == plain {
		n = 0
	}
	if n > 0 {
		fromBF16AVX2(&dst[0], &src[0], n)
	}
	fromBF16Plain(dst[n:], src[n:])
}

func toBF16(dst []uint16, src []float32) {
	n := len(dst) &^ 7
	if active == plain {
		n = 0
	}
	if n > 0 {
		toBF16AVX2(&dst[0], &src[0], n)
	}
	toBF16Plain(dst[n:], src[n:])
}

func nf4(dst []float32, packed []byte, absmax []float32, round bool) {
	n := len(dst) &^ 7
	if active == plain {
		n = 0
	}
	if n > 0 {
		nf4AVX2(&dst[0], &packed[0], &absmax[0], n, round)
	}
	nf4Plain(dst, packed, absmax, n, round)
}
