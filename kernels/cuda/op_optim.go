package cuda

import (
	"encoding/binary"
	"math"

	"cogumi/kernels"
	"cogumi/kernels/cuda/driver"
)

const (
	chunkBytes  = 64 << 10 // of what one block clears or sums
	partElems   = 8192     // of what one block updates; PART in optim.cu
	adamwBlocks = 2        // a multiprocessor
)

func bindOptim(c *compiler, op kernels.Op) bool {
	switch o := op.(type) {
	case *kernels.Zero:
		list, n := c.chunks(o.Tensors)
		c.launch(c.kernel("optim_zero"), [3]int{n, 1, 1}, [3]int{256, 1, 1}, 0, c.constant("chunks", list))
	case *kernels.GradNorm:
		list, n := c.chunks(o.Grads)
		sums := c.scratch(8 * int64(n))
		c.launch(c.kernel("optim_norm"), [3]int{n, 1, 1}, [3]int{256, 1, 1}, 0, sums, c.constant("chunks", list))
		c.launch(c.kernel("optim_norm_sum"), [3]int{1, 1, 1}, [3]int{256, 1, 1}, 0, c.ptr(o.Norm), sums, n)
	case *kernels.AdamW:
		c.adamW(o)
	default:
		return false
	}
	return true
}

// chunks lists parts of tensors, as struct Chunk of optim.cu.
func (c *compiler) chunks(ts []*kernels.Tensor) (list []byte, n int) {
	for _, t := range ts {
		p := c.ptr(t)
		for at := int64(0); at < t.Bytes(); at += chunkBytes {
			list = binary.LittleEndian.AppendUint64(list, uint64(p)+uint64(at))
			list = binary.LittleEndian.AppendUint64(list, uint64(min(chunkBytes, t.Bytes()-at)))
			n++
		}
	}
	return list, n
}

// adamW is one launch over all parameters. Matrices have their bf16 copies
// written with them; a copy is made here where there is none yet, so that none
// can appear later that this update does not know.
func (c *compiler) adamW(o *kernels.AdamW) {
	var slots, parts []byte
	n := 0
	for i, s := range o.Slots {
		slots = append(slots, c.slot(s)...)
		for k := range (s.P.Len() + partElems - 1) / partElems {
			parts = binary.LittleEndian.AppendUint32(parts, uint32(i))
			parts = binary.LittleEndian.AppendUint32(parts, uint32(k))
			n++
		}
	}
	double := math.Float64bits
	grid := min(n, adamwBlocks*c.d.context.Device.Multiprocessors)
	c.launch(c.kernel("optim_adamw"), [3]int{grid, 1, 1}, [3]int{256, 1, 1}, 0,
		c.constant("parameters", slots), c.constant("parts", parts), n, c.constant("8-bit maps", optimMaps()),
		c.ptr(o.Norm), o.MaxNorm, c.ptr(o.LR), c.ptr(o.Step),
		double(o.Beta1), double(o.Beta2), double(o.Eps), double(o.WeightDecay))
}

// slot is one parameter as struct Slot of optim.cu.
func (c *compiler) slot(s kernels.AdamSlot) []byte {
	ptrs := []driver.Ptr{c.ptr(s.P), c.ptr(s.G), c.ptr(s.M), c.ptr(s.V), 0, 0, 0}
	if e := s.Eight; e != nil {
		ptrs = []driver.Ptr{c.ptr(s.P), c.ptr(s.G), c.ptr(e.M), c.ptr(e.V), c.ptr(e.MAbsmax), c.ptr(e.VAbsmax), 0}
	}
	if len(s.P.Shape) == 2 {
		ptrs[6] = c.half(s.P)
	}
	var b []byte
	for _, p := range ptrs {
		b = binary.LittleEndian.AppendUint64(b, uint64(p))
	}
	return binary.LittleEndian.AppendUint64(b, uint64(s.P.Len()))
}
