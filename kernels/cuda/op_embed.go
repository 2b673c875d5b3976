package cuda

import "cogumi/kernels"

func bindEmbed(c *compiler, op kernels.Op) bool {
	switch o := op.(type) {
	case *kernels.Embed:
		c.halves(o.Y)
		c.pick(o.Y, o.Table, o.IDs, o.Rows)
	case *kernels.Gather:
		c.halves(o.X, o.Y)
		c.pick(o.Y, o.X, o.Index, o.Count)
	case *kernels.Scatter:
		c.halves(o.DX, o.DY)
		c.scatter(o)
	default:
		return false
	}
	return true
}

// pick is y[i] = x[index[i]] for i below count, zero beyond.
func (c *compiler) pick(y, x, index, count *kernels.Tensor) {
	name, width, block := "embed_any", y.Cols(), 256
	switch {
	case x.DType == kernels.F32:
		name = "embed_any_f32"
	case width%8 == 0:
		name, width = "embed_rows", width/8
		block = rowThreads(width)
	}
	c.launch(c.kernel(name), [3]int{y.Rows(), 1, 1}, [3]int{block, 1, 1}, 0, c.ptr(y), c.ptr(x), c.ptr(index), c.ptr(count), x.Rows(), width)
}

// rowThreads is a block that copies a row of vectors: four a thread, on their
// way together.
func rowThreads(vectors int) int { return min(256, warps((vectors+3)/4)) }

// scatter looks up for every row where it comes from, so that each is written
// once.
func (c *compiler) scatter(o *kernels.Scatter) {
	rows, cols := o.DX.Rows(), o.DX.Cols()
	inverse := c.scratch(4 * int64(rows))
	c.launch(c.kernel("embed_invert"), [3]int{1, 1, 1}, [3]int{1024, 1, 1}, 0, inverse, c.ptr(o.Forward.Index), c.ptr(o.Forward.Count), rows)
	args := []any{c.ptr(o.DX), c.ptr(o.DY), inverse}
	if cols%8 == 0 {
		c.launch(c.kernel("embed_scatter"), [3]int{rows, 1, 1}, [3]int{rowThreads(cols / 8), 1, 1}, 0, append(args, cols/8)...)
	} else {
		c.launch(c.kernel("embed_scatter_any"), [3]int{rows, 1, 1}, [3]int{256, 1, 1}, 0, append(args, cols)...)
	}
}
