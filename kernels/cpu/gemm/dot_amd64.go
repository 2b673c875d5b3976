package gemm

import "cogumi/kernels/nf4"

// Rows of codes with a scale and a minimum for each run: 4 units of 16 columns
// (each next unit's codes, scales and minima so many bytes on), k rows, of which
// the first `first` belong to the run that has begun; the next run's minima are
// `step` bytes on.
//
//go:noescape
func dot4AVX2(c, a *float32, codes *byte, scales, minima *float32, unitCodes, unitScales, unitMinima, step, k, first, run int, add bool)

//go:noescape
func dot8AVX2(c, a *float32, codes *byte, scales, minima *float32, unitCodes, unitScales, unitMinima, step, k, first, run int, add bool)

// dotNF4AVX2 takes 2 units.
//
//go:noescape
func dotNF4AVX2(c, a *float32, codes *byte, scales, table *float32, unitCodes, unitScales, k, first, run int, add bool)

// dotBF16AVX2 takes 4 units, `panel` bytes apart, with rows of 16 values.
//
//go:noescape
func dotBF16AVX2(c, a *float32, b *uint16, panel, k int, add bool)

func (c *Codes) dotWidth() int {
	switch {
	case active.isa == plain:
		return 0
	case c.nf4:
		return 2 * unit
	}
	return 4 * unit
}

func (c *Codes) dot(to, a []float32, k, j int, add bool) {
	u, runs, row := j/unit, c.k/c.run, unit*c.bits/8
	units := len(to) / unit
	_ = c.codes[((u+units-1)*c.k+k+len(a))*row-1]
	from := (u*runs + k/c.run) * unit
	_ = c.scales[((u+units-1)*runs+(k+len(a)-1)/c.run+1)*unit-1]
	codes, first := &c.codes[(u*c.k+k)*row], c.run-k%c.run
	if c.nf4 {
		dotNF4AVX2(&to[0], &a[0], codes, &c.scales[from], &nf4.Code[0], c.k*row, 4*runs*unit, len(a), first, c.run, add)
		return
	}
	// Without minima all runs read the same zeros.
	minima, step, stride := &none[0], 0, 0
	if c.minima != nil {
		minima, step, stride = &c.minima[from], 4*unit, 4*runs*unit
	}
	if c.bits == 4 {
		dot4AVX2(&to[0], &a[0], codes, &c.scales[from], minima, c.k*row, 4*runs*unit, stride, step, len(a), first, c.run, add)
		return
	}
	dot8AVX2(&to[0], &a[0], codes, &c.scales[from], minima, c.k*row, 4*runs*unit, stride, step, len(a), first, c.run, add)
}

func (b *BF16) dotWidth() int {
	if active.isa == plain || b.stride != unit || b.panel == unit {
		return 0
	}
	return 4 * unit
}

func (b *BF16) dot(to, a []float32, k, j int, add bool) {
	from := j/unit*b.panel + k*unit
	_ = b.data[from+3*b.panel+len(a)*unit-1]
	dotBF16AVX2(&to[0], &a[0], &b.data[from], 2*b.panel, len(a), add)
}
