package cuda

import (
	"cogumi/kernels"
)

// keepDense decides whether a program's 4-bit weights are dequantised once and
// stay, beside its activations. They outlive the program, so a part of the memory
// stays free for what comes after it. The values are the same either way.
func (d *Device) keepDense(p *kernels.Program, arena int64) bool {
	wanted := d.Unpacked(p)
	memory := d.context.Device.Memory
	if limit := d.options.Memory; limit > 0 {
		memory = min(memory, limit)
	}
	return wanted > 0 && arena+wanted+memory/kernels.KeptFree <= d.free()
}

// Unpacked is what the dequantised weights of p take that are not there yet, in
// bf16 or, where 8-bit floats are asked for, in those.
func (d *Device) Unpacked(p *kernels.Program) int64 {
	var wanted int64
	seen := map[*kernels.Tensor]bool{}
	in8, more := map[fp8Key]int64{}, beside(p)
	for _, op := range p.Ops {
		if l, ok := op.(*kernels.Linear); wants8(op, in8) || ok && d.few(l) {
			continue
		}
		for _, m := range matrices(op) {
			if m.NF4 == nil || seen[m.NF4.Codes] {
				continue
			}
			seen[m.NF4.Codes] = true
			width := m.In + more[m.NF4.Codes]
			if _, there := d.memory.dense[m.NF4.Codes]; there {
				width = max(0, width-d.memory.widths[m.NF4.Codes])
			}
			wanted += 2 * int64(m.Out) * int64(width)
		}
	}
	for key, bytes := range in8 {
		if _, there := d.memory.fp8[key]; !there {
			wanted += bytes
		}
	}
	return wanted
}

// driverOwn is what the driver takes beside what it is asked for: modules,
// graphs, pages that are not full.
const driverOwn = 128 << 20

// free is what may still be allocated.
func (d *Device) free() int64 {
	free, _, err := d.context.MemoryInfo()
	if err != nil {
		return 0
	}
	free -= driverOwn
	if limit := d.options.Memory; limit > 0 {
		free = min(free, limit-d.memory.taken)
	}
	return max(free, 0)
}

// Footprint is what compiling p takes beside its plan, as far as it is not
// there: copies of adapters. Weights that are unpacked come on top, Unpacked.
func (d *Device) Footprint(p *kernels.Program) int64 {
	var copies int64
	seen := map[*kernels.Tensor]bool{}
	for _, op := range p.Ops {
		l, ok := op.(*kernels.Linear)
		if !ok {
			continue
		}
		for _, j := range l.Projs {
			if j.LoRA == nil || seen[j.LoRA.A] {
				continue
			}
			seen[j.LoRA.A] = true
			for _, t := range []*kernels.Tensor{j.LoRA.A, j.LoRA.B} {
				if _, there := d.memory.halves[t]; !there {
					copies += aligned(2 * int64(t.Len()))
				}
			}
		}
	}
	return copies
}

// workspace is about what an operation asks for with compiler.scratch; beside are
// the columns beside its weights.
func workspace(op kernels.Op, beside map[*kernels.Tensor]int) (n int64) {
	l, _ := op.(*kernels.Linear)
	if b, ok := op.(*kernels.LinearBackward); ok {
		l = b.Forward
	}
	if l == nil || !l.FP8 { // 8-bit floats are unpacked once
		for _, m := range matrices(op) {
			if m.NF4 != nil {
				n = max(n, 2*int64(m.Out)*int64(m.In+beside[m.NF4.Codes]))
			}
		}
	}
	if l != nil && l.Drop != nil {
		n += 2 * int64(l.X.Len())
	}
	switch o := op.(type) {
	case *kernels.Linear:
		if o.FP8 {
			n += eightBytes(o.X.Rows(), o.X.Cols())
		}
	case *kernels.LinearBackward:
		out := 0
		for _, p := range l.Projs {
			out += p.W.Out
			if p.LoRA != nil {
				n += int64(p.LoRA.A.Shape[0]) * int64(2*l.X.Rows()+4*l.X.Cols())
			}
		}
		if l.FP8 {
			n += eightBytes(l.X.Rows(), out)
		}
	case *kernels.AdapterBackward:
		n += 4 * int64(o.G.Cols()) * int64(o.Forward.X.Cols())
		if o.Forward.Drop != nil {
			n += 2 * int64(o.Forward.X.Len())
		}
	case *kernels.CrossEntropy:
		n += 2 * int64(min(o.X.Rows(), lossRows)) * int64(o.W.Out+8)
	case *kernels.AttentionBackward:
		n += 16 * int64(o.Forward.Q.Rows()) * int64(o.Forward.Heads)
	}
	return n
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
// scratch memory, dequantised by a launch that is appended here. Where adapters ride
// in it there is room beside it, always the same, kept or not: the library's
// products, and so the results' last bits, depend on how far rows are apart.
func (c *compiler) weight(m *kernels.Matrix) matrix {
	switch {
	case m.Dense != nil && m.Dense.DType == kernels.BF16:
		return half(c.ptr(m.Dense), m.Out, m.In)
	case m.Dense != nil:
		return half(c.half(m.Dense), m.Out, m.In)
	}
	codes := m.NF4.Codes
	more, rides := c.e.beside[codes]
	kept, there := c.d.memory.dense[codes]
	ld := c.d.memory.widths[codes]
	if there && (ld == m.In+more || !rides) {
		return matrix{p: kept.ptr, rows: m.Out, cols: m.In, ld: ld}
	}
	keep := c.keep
	if there { // for programs without these adapters
		keep = (keep || ld > m.In+more) && c.dry && c.d.memory.used[codes] == 0
		if keep {
			c.d.memory.release(kept)
			delete(c.d.memory.dense, codes)
		}
	}
	to := matrix{rows: m.Out, cols: m.In, ld: m.In + more}
	if !keep {
		to.p = c.scratch(2 * int64(m.Out) * int64(to.ld))
		c.dequantize(m, to)
		return to
	}
	places, err := c.d.memory.take("dequantised weights", 2*int64(m.Out)*int64(to.ld))
	if err != nil {
		c.fail(err)
		return matrix{}
	}
	to.p = places[0].ptr
	c.d.memory.dense[codes], c.d.memory.widths[codes] = places[0], to.ld
	now := &compiler{d: c.d, e: c.e, op: c.op, current: &step{kind: "dequantise"}}
	now.dequantize(m, to)
	c.fail(now.err)
	c.fail(now.current.run(c.d.stream))
	return to
}

func (c *compiler) dequantize(m *kernels.Matrix, to matrix) {
	q, n := m.NF4, m.Out*m.In
	grid := blocks(n, 256*8*4)
	grid[0] = min(grid[0], 32*c.d.context.Device.Multiprocessors)
	if q.AbsmaxMap == nil {
		c.launch(c.kernel("nf4_dequantize_flat"), grid, [3]int{256, 1, 1}, 0,
			to.p, c.ptr(q.Codes), c.ptr(q.Absmax), int64(n), m.In, to.ld)
		return
	}
	c.launch(c.kernel("nf4_dequantize"), grid, [3]int{256, 1, 1}, 0, to.p, c.ptr(q.Codes), c.ptr(q.Absmax),
		c.ptr(q.AbsmaxMap), c.ptr(q.NestedAbsmax), c.ptr(q.Offset), int64(n), m.In, to.ld)
}
