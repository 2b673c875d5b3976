package cuda

import (
	"cogumi/kernels"
	"cogumi/kernels/cuda/driver"
)

// reserve is what stays free of the GPU's memory when dequantised weights are
// kept: other programs (evaluation, generation) come later.
const reserve = 6 << 30

// keepDense decides whether a program's 4-bit weights are dequantised once and
// stay, beside its activations. The values are the same either way.
func (d *Device) keepDense(p *kernels.Program, arena int64) bool {
	var wanted int64
	seen := map[*kernels.Tensor]bool{}
	for _, op := range p.Ops {
		for _, m := range matrices(op) {
			if m.NF4 == nil || seen[m.NF4.Codes] {
				continue
			}
			seen[m.NF4.Codes] = true
			if _, there := d.memory.dense[m.NF4.Codes]; !there {
				wanted += 2 * int64(m.Out) * int64(m.In)
			}
		}
	}
	free, _, err := d.context.MemoryInfo()
	if limit := d.options.Memory; limit > 0 {
		return err == nil && d.memory.taken+arena+wanted+reserve/4 <= limit
	}
	return err == nil && arena+wanted+reserve <= free
}

// matrices lists the frozen weights that an operation multiplies with.
func matrices(op kernels.Op) []*kernels.Matrix {
	switch o := op.(type) {
	case *kernels.Linear:
		var ms []*kernels.Matrix
		for _, p := range o.Projs {
			ms = append(ms, p.W)
		}
		return ms
	case *kernels.LinearBackward:
		return matrices(o.Forward)
	case *kernels.CrossEntropy:
		return []*kernels.Matrix{o.W}
	}
	return nil
}

// weight is a frozen matrix in bf16: where it is stored or kept so, or in
// scratch memory, dequantised by a launch that is appended here.
func (c *compiler) weight(m *kernels.Matrix) matrix {
	switch {
	case m.Dense != nil && m.Dense.DType == kernels.BF16:
		return half(c.ptr(m.Dense), m.Out, m.In)
	case m.Dense != nil:
		return half(c.half(m.Dense), m.Out, m.In)
	}
	if p, ok := c.d.memory.dense[m.NF4.Codes]; ok {
		return half(p.ptr, m.Out, m.In)
	}
	bytes := 2 * int64(m.Out) * int64(m.In)
	if !c.keep {
		p := c.scratch(bytes)
		c.dequantize(m, p)
		return half(p, m.Out, m.In)
	}
	places, err := c.d.memory.take("dequantised weights", bytes)
	if err != nil {
		c.fail(err)
		return matrix{}
	}
	c.d.memory.dense[m.NF4.Codes] = places[0]
	now := &compiler{d: c.d, e: c.e, op: c.op, current: &step{kind: "dequantise"}}
	now.dequantize(m, places[0].ptr)
	c.fail(now.err)
	c.fail(now.current.run(c.d.stream))
	return half(places[0].ptr, m.Out, m.In)
}

func (c *compiler) dequantize(m *kernels.Matrix, to driver.Ptr) {
	q, n := m.NF4, m.Out*m.In
	grid := blocks(n, 256*8*4)
	grid[0] = min(grid[0], 32*c.d.context.Device.Multiprocessors)
	if q.AbsmaxMap == nil {
		c.launch(c.kernel("nf4_dequantize_flat"), grid, [3]int{256, 1, 1}, 0,
			to, c.ptr(q.Codes), c.ptr(q.Absmax), int64(n), m.In, m.In)
		return
	}
	c.launch(c.kernel("nf4_dequantize"), grid, [3]int{256, 1, 1}, 0, to, c.ptr(q.Codes), c.ptr(q.Absmax),
		c.ptr(q.AbsmaxMap), c.ptr(q.NestedAbsmax), c.ptr(q.Offset), int64(n), m.In, m.In)
}
