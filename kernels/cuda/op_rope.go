package cuda

import "cogumi/kernels"

// ropeHeads is how many heads one thread turns; HEADS in rope.cu.
const ropeHeads = 2

func bindRope(c *compiler, op kernels.Op) bool {
	o, ok := op.(*kernels.Rope)
	if !ok {
		return false
	}
	c.halves(o.X)
	rows, heads, half := o.X.Rows(), o.X.Cols()/o.HeadDim, o.HeadDim/2
	args := []any{c.ptr(o.X), c.ptr(o.Positions), c.ptr(o.Cos), c.ptr(o.Sin), c.ptr(o.Rows), rows, heads, half, flag(o.Inverse)}
	if half%8 == 0 {
		groups := (heads + ropeHeads - 1) / ropeHeads
		c.launch(c.kernel("rope"), blocks(rows*groups*half/8, 256), [3]int{256, 1, 1}, 0, args...)
	} else {
		c.launch(c.kernel("rope_any"), blocks(rows*heads*half, 256), [3]int{256, 1, 1}, 0, args...)
	}
	return true
}
