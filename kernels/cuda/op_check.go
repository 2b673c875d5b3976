package cuda

import "cogumi/kernels"

func bindCheck(c *compiler, op kernels.Op) bool {
	o, ok := op.(*kernels.NonFinite)
	if !ok {
		return false
	}
	name := "check_nonfinite"
	if o.X.DType == kernels.F32 {
		name = "check_nonfinite_f32"
	}
	grid := blocks(o.X.Len(), 256*16)
	grid[0] = min(grid[0], 8*c.d.context.Device.Multiprocessors)
	total := c.ptr(o.Count)
	c.clear(total, 4)
	x := c.view(o.X)
	c.launch(c.kernel(name), grid, [3]int{256, 1, 1}, 0, total, x.p, int64(o.X.Len()), max(x.cols, 1), x.ld)
	return true
}
