package cuda

import (
	"fmt"

	"cogumi/kernels"
	"cogumi/kernels/cuda/blas"
	"cogumi/kernels/cuda/driver"
)

// Frozen products in 8-bit floats: activations are rounded row by row before each
// product, weights once, by output for the forward and by input, transposed and
// side by side, for the backward. Together that is as large as one bf16 copy.

// fp8Key names weights in 8-bit floats by the values of their first matrix.
type fp8Key struct {
	values   *kernels.Tensor
	backward bool
}

func newFP8Key(w *kernels.Matrix, backward bool) fp8Key {
	if w.NF4 != nil {
		return fp8Key{w.NF4.Codes, backward}
	}
	return fp8Key{w.Dense, backward}
}

// eight is a matrix of 8-bit floats, rows without gaps, and a scale for each.
type eight struct {
	p, scales  driver.Ptr
	rows, cols int
}

func newEight(p driver.Ptr, rows, cols int) eight {
	return eight{p, p + driver.Ptr(aligned(int64(rows)*int64(cols))), rows, cols}
}

// eightBytes is what such a matrix takes.
func eightBytes(rows, cols int) int64 {
	return aligned(int64(rows)*int64(cols)) + aligned(4*int64(rows))
}

// fp8Rows are the numbers of 8·256 values that the kernels of fp8.cu take a row.
var fp8Rows = []int{2, 4, 7, 14, 24}

// FP8 says why this device has no products of 8-bit floats; nil where it has.
func (d *Device) FP8() error {
	switch c := d.context.Device.Capability(); {
	case c != 90:
		return fmt.Errorf("8-bit floats with a scale a row need a GPU of compute capability 9.0 (H100, H200, GH200), this one has %d.%d: %w",
			c/10, c%10, kernels.ErrUnsupported)
	case d.blas == nil:
		return fmt.Errorf("8-bit floats need cuBLASLt, which was not found: %w", kernels.ErrUnsupported)
	case !d.blas.RowScales():
		return fmt.Errorf("8-bit floats with a scale a row need cuBLASLt 12.9 or later, this is %s: %w", d.blas, kernels.ErrUnsupported)
	}
	return nil
}

// fp8 tells whether an operation's frozen products are computed in 8-bit floats;
// where that is asked for and cannot be, binding fails.
func (c *compiler) fp8(o *kernels.Linear) bool {
	if !o.FP8 {
		return false
	}
	if err := c.d.FP8(); err != nil {
		c.fail(err)
		return false
	}
	out, even := 0, o.X.Rows()%16 == 0 && o.X.Cols()%16 == 0
	for _, p := range o.Projs {
		out += p.W.Out
		even = even && p.Y.DType == kernels.BF16 && p.W.Out%16 == 0
	}
	if most := 8 * 256 * fp8Rows[len(fp8Rows)-1]; !even || len(o.Projs) > 3 || max(out, o.X.Cols()) > most {
		c.fail(fmt.Errorf("8-bit floats: [%d, %d] to %d: they take multiples of 16 and rows of at most %d: %w",
			o.X.Rows(), o.X.Cols(), out, most, kernels.ErrUnsupported))
		return false
	}
	return true
}

// frozen appends y = x·Wᵀ + beta·y for the projections of a Linear.
func (c *compiler) frozen(o *kernels.Linear, x matrix) func(y matrix, w *kernels.Matrix, beta float32) {
	if !c.fp8(o) {
		return func(y matrix, w *kernels.Matrix, beta float32) { c.product(y, x, c.weight(w), false, true, 1, beta) }
	}
	rows := c.round8(x)
	return func(y matrix, w *kernels.Matrix, beta float32) { c.product8(y, rows, c.forward8(w), beta) }
}

// frozenGradient appends dx = Σ dY·W + beta·dx.
func (c *compiler) frozenGradient(o *kernels.Linear, dx matrix, dy func(int) matrix, beta float32) {
	if c.fp8(o) {
		var all []matrix
		for i := range o.Projs {
			all = append(all, dy(i))
		}
		c.product8(dx, c.round8(all...), c.backward8(o), beta)
		return
	}
	for i, p := range o.Projs {
		mark := c.used
		c.product(dx, dy(i), c.weight(p.W), false, false, 1, beta)
		c.used, beta = mark, 1
	}
}

// round8 appends the rounding of up to three matrices side by side.
func (c *compiler) round8(xs ...matrix) eight {
	cols := 0
	for _, x := range xs {
		cols += x.cols
	}
	out := newEight(c.scratch(eightBytes(xs[0].rows, cols)), xs[0].rows, cols)
	c.launchRows8(out, xs)
	return out
}

func (c *compiler) launchRows8(out eight, xs []matrix) {
	each := 0
	for _, n := range fp8Rows {
		if each = n; 8*256*n >= out.cols {
			break
		}
	}
	args := []any{out.p, out.scales}
	for i := range 3 {
		if i < len(xs) {
			args = append(args, xs[i].p, xs[i].cols, xs[i].ld)
		} else {
			args = append(args, driver.Ptr(0), 0, 0)
		}
	}
	c.launch(c.kernel(fmt.Sprintf("fp8_rows_%d", each)), [3]int{out.rows, 1, 1}, [3]int{256, 1, 1}, 0, args...)
}

// product8 appends y = x·wᵀ + beta·y.
func (c *compiler) product8(y matrix, x, w eight, beta float32) {
	if c.err != nil {
		return
	}
	s := blas.Shape{M: y.rows, N: y.cols, K: x.cols, LdA: x.cols, LdB: w.cols, LdC: y.ld, TransB: true, FP8: true, Align: 16}
	p, err := c.d.blas.Plan(s)
	if err != nil {
		c.fail(err)
		return
	}
	c.do(func(stream *driver.Stream) error {
		return p.RunScaled(stream, x.p, w.p, y.p, x.scales, w.scales, 1, beta)
	})
}

// forward8 is a weight with a scale for each output. It is made once and stays.
func (c *compiler) forward8(w *kernels.Matrix) eight {
	return c.kept8(newFP8Key(w, false), w.Out, w.In, []*kernels.Matrix{w}, func(now *compiler, to eight, _ int, dense matrix) {
		now.launchRows8(to, []matrix{dense})
	})
}

// backward8 are the weights of a Linear transposed, side by side, with a scale
// for each input.
func (c *compiler) backward8(o *kernels.Linear) eight {
	var ws []*kernels.Matrix
	out, in := 0, o.X.Cols()
	for _, p := range o.Projs {
		ws, out = append(ws, p.W), out+p.W.Out
	}
	threads, column := [3]int{256, 1, 1}, 0
	return c.kept8(newFP8Key(ws[0], true), in, out, ws, func(now *compiler, to eight, pass int, dense matrix) {
		tiles := (dense.rows + 63) / 64
		switch pass {
		case 0:
			now.launch(now.kernel("fp8_column_top"), [3]int{(in/8 + 255) / 256, tiles, 1}, threads, 0, to.scales, dense.p, dense.rows, in)
		case 1:
			if column == 0 {
				now.launch(now.kernel("fp8_column_scale"), blocks(in, 256), threads, 0, to.scales, in)
			}
			now.launch(now.kernel("fp8_transpose"), [3]int{(in + 63) / 64, tiles, 1}, threads, 0,
				to.p, dense.p, to.scales, dense.rows, in, to.cols, column)
			column += dense.rows
		}
	})
}

// kept8 finds weights in 8-bit floats or makes them now, in passes over the
// unpacked matrices: one for the forward, two for the backward.
func (c *compiler) kept8(key fp8Key, rows, cols int, ws []*kernels.Matrix, make8 func(now *compiler, to eight, pass int, dense matrix)) eight {
	if p, ok := c.d.memory.fp8[key]; ok || c.err != nil {
		return newEight(p.ptr, rows, cols)
	}
	if !c.keep {
		c.fail(fmt.Errorf("8-bit floats: their copies of the weights have no room beside the rest; more memory, shorter rows or bf16 help"))
		return eight{}
	}
	places, err := c.d.memory.take("dequantised weights in 8 bits", eightBytes(rows, cols))
	if err != nil {
		c.fail(err)
		return eight{}
	}
	c.d.memory.fp8[key] = places[0]
	to := newEight(places[0].ptr, rows, cols)
	passes := 1
	if key.backward {
		passes = 2
	}
	for pass := range passes {
		for _, w := range ws {
			c.fail(c.unpackedOnce(w, func(now *compiler, dense matrix) { make8(now, to, pass, dense) }))
		}
	}
	return to
}

// unpackedOnce runs work on a matrix, now, that is unpacked for it where it is
// packed.
func (c *compiler) unpackedOnce(w *kernels.Matrix, work func(now *compiler, dense matrix)) error {
	if w.NF4 == nil {
		return c.now(func(now *compiler) { work(now, now.weight(w)) })
	}
	places, err := c.d.memory.take("dequantised weights for a moment", 2*int64(w.Out)*int64(w.In))
	if err != nil {
		return err
	}
	defer c.d.memory.release(places[0])
	dense := half(places[0].ptr, w.Out, w.In)
	return c.now(func(now *compiler) {
		now.dequantize(w, dense)
		work(now, dense)
	})
}

// now runs what work appends, and waits for it.
func (c *compiler) now(work func(now *compiler)) error {
	now := &compiler{d: c.d, e: c.e, op: c.op, current: &step{kind: "dequantise"}}
	work(now)
	if now.err != nil {
		return now.err
	}
	if err := now.current.run(c.d.stream); err != nil {
		return err
	}
	return c.d.stream.Synchronize()
}

// wants8 notes what an operation with 8-bit floats keeps of its weights.
func wants8(op kernels.Op, bytes map[fp8Key]int64) bool {
	switch o := op.(type) {
	case *kernels.Linear:
		for _, p := range o.Projs {
			if o.FP8 {
				bytes[newFP8Key(p.W, false)] = eightBytes(p.W.Out, p.W.In)
			}
		}
		return o.FP8
	case *kernels.LinearBackward:
		f, out := o.Forward, 0
		for _, p := range f.Projs {
			out += p.W.Out
		}
		if f.FP8 && o.DX != nil {
			bytes[newFP8Key(f.Projs[0].W, true)] = eightBytes(f.X.Cols(), out)
		}
		return f.FP8
	}
	return false
}
