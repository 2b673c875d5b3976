package cuda

import "cogumi/kernels"

func bindSwiGLU(c *compiler, op kernels.Op) bool {
	switch o := op.(type) {
	case *kernels.SwiGLU:
		c.halves(o.G, o.U, o.H)
		c.elementwise("swiglu", o.H, 2, c.ptr(o.H), c.ptr(o.G), c.ptr(o.U), c.ptr(o.Rows))
	case *kernels.SwiGLUBackward:
		f := o.Forward
		c.halves(o.DG, o.DU, o.DH)
		c.elementwise("swiglu_back", f.H, 1, c.ptr(o.DG), c.ptr(o.DU), c.ptr(o.H), c.ptr(f.G), c.ptr(f.U), c.ptr(o.DH), c.ptr(f.Rows))
	default:
		return false
	}
	return true
}

// elementwise launches a kernel over t's elements: in vectors of eight, some of
// them a thread, where rows are whole vectors, one by one otherwise.
func (c *compiler) elementwise(name string, t *kernels.Tensor, each int, args ...any) {
	n, cols := t.Len(), t.Cols()
	if cols%8 == 0 {
		c.launch(c.kernel(name), blocks(n/8, 256*each), [3]int{256, 1, 1}, 0, append(args, int64(n/8), cols)...)
	} else {
		c.launch(c.kernel(name+"_any"), blocks(n, 256), [3]int{256, 1, 1}, 0, append(args, int64(n), cols)...)
	}
}
