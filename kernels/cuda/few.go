package cuda

import (
	"cogumi/kernels"
	"cogumi/kernels/cuda/driver"
)

// Products of a few rows read NF4 weights as they are: what is written token by
// token is bound by reading them, and they are a quarter of their bf16 copies.

// fewRows is the most rows of few.cu; fewShared what it takes of shared memory
// beside X.
const (
	fewRows   = 8
	fewShared = 32768 + 4*(3*256+8*16*8+8+8*8) + 3*64
)

// fewProjections is how many weights one launch takes.
const fewProjections = 3

// few tells whether a Linear's frozen products are those of few.cu. Results of a
// row do not depend on how many rows there are, from one to eight.
func (d *Device) few(o *kernels.Linear) bool {
	rows, cols := o.X.Rows(), o.X.Cols()
	if rows > fewRows || cols%128 != 0 || len(o.Projs) > fewProjections || o.FP8 || fewSharedBytes(rows, cols) > d.context.Device.SharedMemory {
		return false
	}
	for _, p := range o.Projs {
		if p.W.NF4 == nil || p.W.Out%16 != 0 || p.Y.DType != kernels.BF16 {
			return false
		}
	}
	return true
}

func fewSharedBytes(rows, cols int) int { return fewShared + 2*rows*(cols+8) }

// fewProduct appends the frozen products of a Linear, each beside what is in Y
// already where its projection has an adapter.
func (c *compiler) fewProduct(o *kernels.Linear, x matrix) {
	args := []any{x.p, x.rows, x.cols, x.ld}
	tiles := 0
	for i := range fewProjections {
		if i >= len(o.Projs) {
			args = append(args, driver.Ptr(0), driver.Ptr(0), driver.Ptr(0), driver.Ptr(0), driver.Ptr(0), driver.Ptr(0), 0, 0, 0)
			continue
		}
		p := o.Projs[i]
		q, y, add := p.W.NF4, c.view(p.Y), 0
		if p.LoRA != nil {
			add = 1
		}
		codes, nested := c.ptr(q.Absmax), c.ptr(q.NestedAbsmax)
		if q.AbsmaxMap == nil { // absmax in f32
			codes, nested = 0, codes
		}
		args = append(args, c.ptr(q.Codes), codes, c.ptr(q.AbsmaxMap), nested, c.ptr(q.Offset), y.p, p.W.Out, y.ld, add)
		tiles += p.W.Out / 16
	}
	name, bound := "few_product_4", 3 // blocks on a multiprocessor that registers leave room for
	if x.rows > 4 {
		name, bound = "few_product_8", 2
	}
	shared := fewSharedBytes(x.rows, x.cols)
	g := c.d.context.Device
	atOnce := min(bound, (g.SharedMemory+1024)/(shared+1024))
	c.launch(c.kernel(name), [3]int{min(tiles, atOnce*g.Multiprocessors), 1, 1}, [3]int{256, 1, 1}, shared, args...)
}
