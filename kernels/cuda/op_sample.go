package cuda

import "cogumi/kernels"

func bindSample(c *compiler, op kernels.Op) bool {
	block := [3]int{1024, 1, 1}
	switch o := op.(type) {
	case *kernels.Argmax:
		c.launch(c.kernel("sample_argmax"), [3]int{o.Logits.Rows(), 1, 1}, block, 0,
			c.ptr(o.IDs), c.ptr(o.Margin), c.ptr(o.Logits), c.ptr(o.Rows), o.Logits.Cols())
	case *kernels.Sample:
		c.launch(c.kernel("sample_draw"), [3]int{o.Logits.Rows(), 1, 1}, block, 0,
			c.ptr(o.IDs), c.ptr(o.Logits), c.ptr(o.Temperature), c.ptr(o.TopP), c.ptr(o.TopK), c.ptr(o.Uniform), c.ptr(o.Rows), o.Logits.Cols())
	default:
		return false
	}
	return true
}
