package cuda

import (
	"fmt"

	"cogumi/kernels"
	"cogumi/kernels/cuda/driver"
)

// lossRows is how many rows have their logits in memory at once. Chunks whose
// rows are all unused do not run.
const lossRows = 1024

func bindLoss(c *compiler, op kernels.Op) bool {
	o, ok := op.(*kernels.CrossEntropy)
	if ok {
		c.crossEntropy(o)
	}
	return ok
}

// crossEntropy computes logits in bf16, chunk by chunk; the gradient takes
// their place and goes through the output layer at once.
func (c *compiler) crossEntropy(o *kernels.CrossEntropy) {
	rows, h, vocabulary := o.X.Rows(), o.X.Cols(), o.W.Out
	if o.W.Bias != nil {
		c.fail(fmt.Errorf("an output layer with a bias: %w", kernels.ErrUnsupported))
		return
	}
	ld := (vocabulary + 7) &^ 7
	chunk := min(rows, lossRows)
	logits := matrix{p: c.scratch(2 * int64(chunk) * int64(ld)), rows: chunk, cols: vocabulary, ld: ld}
	w := c.weight(o.W)
	cached, gradient := 0, 0
	if o.DX != nil {
		// Two blocks on a multiprocessor, beside 1 KiB each that is not theirs.
		cached, gradient = min(vocabulary/8, (c.d.context.Device.SharedMemory/2-2048)/16), 1
	}
	for from := 0; from < rows; from += chunk {
		if from > 0 {
			c.when(o.Rows, from)
		}
		n := min(chunk, rows-from)
		logits.rows = n
		at := driver.Ptr(2 * from * h)
		c.product(logits, half(c.ptr(o.X)+at, n, h), w, false, true, 1, 0)
		c.launch(c.kernel("loss_chunk"), [3]int{n, 1, 1}, [3]int{1024, 1, 1}, 16*cached, logits.p, c.ptr(o.NLL),
			c.ptr(o.Targets), c.ptr(o.Scale), c.ptr(o.Rows), from, vocabulary, ld, cached, gradient)
		if o.DX != nil {
			c.product(half(c.ptr(o.DX)+at, n, h), logits, w, false, false, 1, 0)
		}
	}
	if rows > chunk {
		c.when(nil, 0)
	}
	c.launch(c.kernel("loss_sum"), [3]int{1, 1, 1}, [3]int{1024, 1, 1}, 0, c.ptr(o.Loss), c.ptr(o.NLL), c.ptr(o.Rows))
}
