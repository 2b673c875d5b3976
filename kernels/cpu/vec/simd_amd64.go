package vec

// args is what every loop in assembly takes. Not all loops use all fields.
type args struct {
	p   [5]*float32
	n   int        // a positive multiple of the lanes
	k   [8]float32 // constants
	sum [16]float32
}

// op names a loop that exists for both vector lengths.
type op int

const (
	opExp op = iota
	opExpSub
	opSumExp
	opSoftmaxGrad
	opSwiGLU
	opSwiGLUBackward
	opAxpy
	opScale
	opAdd
	opMulAdd
	opRMSScale
	opRMSBackward
	opRope
	opUnrope
	opAdam
	opSoftmaxBackward
	opDot
	opDot3
)

// lanes is how many values a register holds.
func lanes() int {
	if active == avx512 {
		return 16
	}
	return 8
}

// run calls the loop for the vectors in use.
func run(o op, a *args) {
	if active == avx512 {
		run512(o, a)
	} else {
		run256(o, a)
	}
}

// each runs an elementwise loop over slices of n values, of which the first
// `written` are results. What does not fill a register goes through a padded
// copy, so that every element is computed by the same instructions.
func each(o op, a args, n, written int, s ...[]float32) {
	if a.n = n &^ (lanes() - 1); a.n > 0 {
		for i := range s {
			a.p[i] = &s[i][0]
		}
		run(o, &a)
	}
	if a.n == n {
		return
	}
	var buf [5][16]float32
	for i := range s {
		copy(buf[i][:], s[i][a.n:n])
		a.p[i] = &buf[i][0]
	}
	whole := a.n
	a.n = lanes()
	run(o, &a)
	for i := range written {
		copy(s[i][whole:n], buf[i][:])
	}
}

// fold adds the lanes of a sum in a fixed order.
func (a *args) fold() float32 {
	s := a.sum[:lanes()]
	for len(s) > 1 {
		h := len(s) / 2
		for i := range h {
			s[i] += s[i+h]
		}
		s = s[:h]
	}
	return s[0]
}
