package cuda

import (
	"fmt"

	"cogumi/kernels"
	"cogumi/kernels/cuda/driver"
)

// compiler turns operations into launches. Its methods keep the first error, so
// that bindings read as lists of what is launched.
//
// Every program is bound twice: dry, to see how much scratch memory its
// operations want, then with all addresses known.
type compiler struct {
	d       *Device
	e       *executable
	dry     bool
	keep    bool       // dequantised weights stay
	base    driver.Ptr // of the scratch memory of the operation being bound
	used    int64      // of it
	most    int64      // of it at any time
	op      kernels.Op
	current *step
	plans   map[planKey]*attentionPlan
	turns   map[kernels.Op]*kernels.Rope // rotations that append as well, with their attention
	err     error
}

// fake is where the arena is in a dry binding.
const fake driver.Ptr = 1 << 40

func (c *compiler) fail(err error) {
	if c.err == nil && err != nil {
		c.err = err
	}
}

// ptr is the address of a tensor; 0 for nil.
func (c *compiler) ptr(t *kernels.Tensor) driver.Ptr {
	if t == nil {
		return 0
	}
	if t.Role == kernels.Persistent {
		p, ok := c.d.memory.tensors[t]
		if !ok {
			c.fail(fmt.Errorf("%s is not allocated", t))
		}
		return p.ptr
	}
	if j, ok := c.e.joined[t]; ok {
		return c.ptr(j.whole) + driver.Ptr(2*j.column)
	}
	at, ok := c.e.plan.Offsets[t]
	if !ok {
		c.fail(fmt.Errorf("%s is not part of the program", t))
	}
	switch {
	case c.dry:
		return fake + driver.Ptr(at)
	case t.Role == kernels.Away:
		return c.e.away.ptr + driver.Ptr(at)
	}
	return c.e.arena.ptr + driver.Ptr(at)
}

// half is the address of a bf16 copy of an f32 tensor. The device keeps it
// true: Write refreshes it, and whoever updates the tensor on the GPU (the
// optimiser) writes it as well.
func (c *compiler) half(t *kernels.Tensor) driver.Ptr {
	p, err := c.d.memory.half(t)
	if err != nil {
		c.fail(err)
		return 0
	}
	return p[0]
}

// scratch is memory that belongs to the operation being bound, while it runs.
// It holds anything at the start; rows that products read beyond those in use
// may be finite garbage, so whoever lets products read it writes all of it.
func (c *compiler) scratch(bytes int64) driver.Ptr {
	p := c.base + driver.Ptr(c.used)
	c.used += aligned(bytes)
	c.most = max(c.most, c.used)
	return p
}

// kernel finds a kernel by its C name, which begins with its family's.
func (c *compiler) kernel(name string) *kernel {
	k, err := c.d.modules.kernel(name)
	c.fail(err)
	return k
}

// launch appends a launch. Arguments are driver.Ptr, int (C's int), int32,
// uint32, int64, uint64, float32 and *driver.TensorMap, in the order of the
// kernel's parameters. Dynamic shared memory above 48 KiB is asked for here.
func (c *compiler) launch(k *kernel, grid, block [3]int, shared int, args ...any) {
	if c.err != nil || k == nil {
		return
	}
	if err := k.allow(shared); err != nil {
		c.fail(err)
		return
	}
	l, err := k.NewLaunch(grid, block, shared, args...)
	if err != nil {
		c.fail(err)
		return
	}
	c.do(l.Run)
}

// clear appends the zeroing of memory.
func (c *compiler) clear(p driver.Ptr, bytes int64) {
	c.do(func(s *driver.Stream) error { return s.Clear(p, bytes) })
}

// do appends work that puts itself into a stream and does nothing else.
func (c *compiler) do(work func(*driver.Stream) error) {
	if !c.dry {
		c.current.work = append(c.current.work, work)
	}
}

// tensorMap describes tiles for the tensor memory accelerator.
func (c *compiler) tensorMap(p driver.Ptr, e driver.ElementType, sizes, strides, box []int, s driver.Swizzle) *driver.TensorMap {
	m, err := c.d.context.NewTensorMap(p, e, sizes, strides, box, s)
	c.fail(err)
	return m
}

// when lets what is bound from here on, of this operation, run only while the
// last value that the host wrote to the i32 [1] tensor t is above least.
func (c *compiler) when(t *kernels.Tensor, least int) {
	if c.dry {
		return
	}
	c.current = &step{kind: c.op.Kind(), count: t, least: least}
	c.e.steps = append(c.e.steps, c.current)
}

// bind appends the launches of one operation.
func (c *compiler) bind(op kernels.Op) error {
	c.op, c.used, c.most, c.err = op, 0, 0, nil
	c.current = &step{kind: op.Kind()}
	if !c.dry {
		c.e.steps = append(c.e.steps, c.current)
	}
	for _, group := range []func(*compiler, kernels.Op) bool{
		bindLinear, bindLoss, bindNorm, bindRope, bindAttention, bindSwiGLU, bindEmbed, bindOptim, bindSample, bindCheck, bindAway,
	} {
		if group(c, op) {
			if c.err != nil {
				return fmt.Errorf("%s: %w", op.Kind(), c.err)
			}
			return nil
		}
	}
	return fmt.Errorf("%s (%T) on a GPU: %w", op.Kind(), op, kernels.ErrUnsupported)
}
