package gemm

import "cogumi/kernels/nf4"

// Half a group, 32 columns, over k rows, of which the first `first` belong to the run
// of rows whose scales and minima come first; the next run's minima are `step`
// bytes on.
//
//go:noescape
func dot4AVX2(c, a *float32, codes *byte, scales, minima *float32, step, k, first, run int, add bool)

//go:noescape
func dot8AVX2(c, a *float32, codes *byte, scales, minima *float32, step, k, first, run int, add bool)

//go:noescape
func dotNF4AVX2(c, a *float32, codes *byte, scales, table *float32, k, first, run int, add bool)

// dotBF16AVX2 takes a group.
//
//go:noescape
func dotBF16AVX2(c, a *float32, b *uint16, k int, add bool)

// zeros are the minima of a group that has none: x + (−0) is x for every x.
var zeros = func() (m [group]float32) {
	for i := range m {
		m[i] = none[0]
	}
	return m
}()

func (c *Codes) dotWidth() int {
	if active.isa == plain {
		return 0
	}
	return group
}

func (c *Codes) dot(to, a []float32, k, j int, add bool) {
	runs := c.k / c.run
	from, last := (j/group*runs+k/c.run)*group, (j/group*runs+(k+len(a)-1)/c.run)*group
	at, first := c.at(k, j), c.run-k%c.run
	_, _, _ = to[group-1], c.codes[at+len(a)*c.row()-1], c.scales[last+group-1]
	minima, step := zeros[:], 0
	if c.minima != nil {
		minima, step = c.minima[from:], 4*group
	}
	for half := 0; half < group; half += group / 2 {
		out, codes, scales := &to[half], &c.codes[at+half*c.bits/8], &c.scales[from+half]
		switch {
		case c.nf4:
			dotNF4AVX2(out, &a[0], codes, scales, &nf4.Code[0], len(a), first, c.run, add)
		case c.bits == 4:
			dot4AVX2(out, &a[0], codes, scales, &minima[half], step, len(a), first, c.run, add)
		default:
			dot8AVX2(out, &a[0], codes, scales, &minima[half], step, len(a), first, c.run, add)
		}
	}
}

func (b *BF16) dotWidth() int {
	if active.isa == plain || b.width != group {
		return 0
	}
	return group
}

func (b *BF16) dot(to, a []float32, k, j int, add bool) {
	from := b.at(k, j)
	_, _ = to[group-1], b.data[from+len(a)*group-1]
	dotBF16AVX2(&to[0], &a[0], &b.data[from], len(a), add)
}
