package cuda

import (
	"cogumi/kernels"
	"cogumi/kernels/cuda/driver"
)

// hopper says whether the kernels of attention_hopper.cu serve.
func (c *compiler) hopper(h heads) bool {
	return !c.d.portable && architecture(c.d.context.Device) == "sm_90a" && h.d == h.padded && h.d >= 64
}

// headTiles describes [rows, heads, d] of bf16 to the copy engine, in boxes of 64
// values of some rows of one head.
func (c *compiler) headTiles(p driver.Ptr, rows, heads, d, box int) *driver.TensorMap {
	return c.tensorMap(p, driver.ElementBF16, []int{d, heads, rows}, []int{2 * d, 2 * d * heads}, []int{64, 1, box}, driver.Swizzle128)
}

// launchHopper appends a kernel whose blocks draw up to `most` pieces of work.
func (c *compiler) launchHopper(name string, most, shared int, args ...any) {
	c.launch(c.kernel(name), [3]int{min(c.d.context.Device.Multiprocessors, most), 1, 1}, [3]int{384, 1, 1}, shared, args...)
}

func (c *compiler) attendHopper(h heads, p *attentionPlan, a attended) {
	c.launchHopper(h.name("attention_forward_hopper"), p.bound*h.q, 5*tileRows*h.d*2+128, a.o, a.lse,
		c.headTiles(a.q, a.rows, h.q, h.d, 64), c.headTiles(a.k, a.keys, h.kv, h.d, 128), c.headTiles(a.v, a.keys, h.kv, h.d, 128),
		p.list, p.ticket(), a.pages, a.length, p.bound, h.q, h.kv, a.scale, a.window)
}

func (c *compiler) attentionBackwardHopper(h heads, p *attentionPlan, o *kernels.AttentionBackward, lse, delta driver.Ptr, stats int) {
	f := o.Forward
	rows := f.Q.Rows()
	q, do := c.headTiles(c.ptr(f.Q), rows, h.q, h.d, 64), c.headTiles(c.ptr(o.DO), rows, h.q, h.d, 64)
	keys := func(box int) (k, v *driver.TensorMap) {
		return c.headTiles(c.ptr(f.K), rows, h.kv, h.d, box), c.headTiles(c.ptr(f.V), rows, h.kv, h.d, box)
	}
	if o.DQ != nil {
		k, v := keys(128)
		c.launchHopper(h.name("attention_backward_q_hopper"), p.bound*h.q, 6*tileRows*h.d*2+128, c.ptr(o.DQ), lse, delta, q, do, k, v,
			p.list, p.ticket(), p.bound, h.q, h.kv, f.Scale, f.Window, stats)
	}
	if o.DK != nil || o.DV != nil {
		const stages = 3 // of 64 queries
		k, v := keys(64)
		c.launchHopper(h.name("attention_backward_kv_hopper"), p.bound*h.kv, (4+2*stages)*64*h.d*2+stages*512+256, c.ptr(o.DK), c.ptr(o.DV), lse, delta, q, do, k, v,
			p.list, p.ticket(), p.bound, h.q, h.kv, f.Scale, f.Window, stats)
	}
}
