package cuda

import (
	"fmt"

	"cogumi/kernels"
	"cogumi/kernels/cuda/driver"
)

func bindLinear(c *compiler, op kernels.Op) bool {
	switch o := op.(type) {
	case *kernels.Linear:
		c.linear(o)
	case *kernels.LinearBackward:
		c.linearBackward(o)
	case *kernels.AdapterBackward:
		if ad := c.adapters(o.Forward); ad != nil {
			c.inputAdapters(o.Forward, ad, c.view(o.G), o.DA)
		}
	default:
		return false
	}
	return true
}

// adapters are the LoRA pairs of a Linear, side by side: U and G are
// [T, Σr], A is [Σr, In].
type adapters struct {
	projs   []int // that have one
	columns []int // where each begins
	rank    int   // Σr
	a       []matrix
	stacked bool // the A's lie one behind the other: a[0] is all of them
	u       matrix
}

func (c *compiler) adapters(o *kernels.Linear) *adapters {
	x := &adapters{}
	var as []*kernels.Tensor
	for i, p := range o.Projs {
		if p.LoRA == nil {
			continue
		}
		x.projs, x.columns = append(x.projs, i), append(x.columns, x.rank)
		x.rank += p.LoRA.A.Shape[0]
		as = append(as, p.LoRA.A)
	}
	if x.rank == 0 {
		return nil
	}
	ptrs, err := c.d.memory.half(as...)
	if err != nil {
		c.fail(err)
		return nil
	}
	x.stacked = true
	for i, t := range as {
		x.a = append(x.a, half(ptrs[i], t.Shape[0], t.Shape[1]))
		x.stacked = x.stacked && (i == 0 || ptrs[i] == ptrs[i-1]+driver.Ptr(2*as[i-1].Len()))
	}
	x.u = c.view(o.Projs[x.projs[0]].U)
	x.u.cols = x.rank
	return x
}

// blocks of the stacked products: all adapters at once where their A's are
// stacked, one by one otherwise.
func (x *adapters) blocks() (as []matrix, columns, ranks []int) {
	if x.stacked {
		all := x.a[0]
		all.rows = x.rank
		return []matrix{all}, []int{0}, []int{x.rank}
	}
	for i, a := range x.a {
		as, columns, ranks = append(as, a), append(columns, x.columns[i]), append(ranks, a.rows)
	}
	return as, columns, ranks
}

// linear is U = drop(X)·Aᵀ for all projections together, then for each
// Y = Scale·U·Bᵀ, Y += X·Wᵀ, so that the large product adds to the thin one; or,
// where there is room for the U's beside X, Y = [X | U]·[W | Scale·B]ᵀ.
func (c *compiler) linear(o *kernels.Linear) {
	x := c.view(o.X)
	ad := c.adapters(o)
	if ad != nil {
		dropped := c.dropped(o, x)
		as, columns, ranks := ad.blocks()
		for i, a := range as {
			c.product(ad.u.columns(columns[i], ranks[i]), dropped, a, false, true, 1, 0)
		}
	}
	if c.d.few(o) {
		c.upProjections(o, ad)
		c.fewProduct(o, x)
		c.biases(o)
		return
	}
	rides := c.e.joined[o.X].whole != nil
	if rides {
		c.launch(c.kernel("linear_beside"), blocks(x.rows*ad.rank, 256*8), [3]int{256, 1, 1}, 0,
			x.columns(x.cols, 0).p, ad.u.p, x.rows, ad.rank, x.ld)
	}
	base := c.frozen(o, x)
	for i, p := range o.Projs {
		y := c.view(p.Y)
		mark := c.used
		switch {
		case p.LoRA == nil:
			base(y, p.W, 0)
		case rides:
			c.ride(p, ad.column(i), x, y)
		default:
			c.upProjection(p, ad, i, y)
			base(y, p.W, 1)
		}
		c.used = mark // the next weight may be dequantised into the same place
	}
	c.biases(o)
}

// upProjection is Y = Scale·U·Bᵀ.
func (c *compiler) upProjection(p kernels.Projection, ad *adapters, i int, y matrix) {
	r := p.LoRA.A.Shape[0]
	c.product(y, ad.u.columns(ad.column(i), r), half(c.half(p.LoRA.B), p.W.Out, r), false, true, p.LoRA.Scale, 0)
}

func (c *compiler) upProjections(o *kernels.Linear, ad *adapters) {
	for i, p := range o.Projs {
		if p.LoRA != nil {
			c.upProjection(p, ad, i, c.view(p.Y))
		}
	}
}

func (c *compiler) biases(o *kernels.Linear) {
	t := o.X.Rows()
	for _, p := range o.Projs {
		if p.W.Bias == nil {
			continue
		}
		y, name := c.view(p.Y), "linear_bias"
		if y.f32 {
			name = "linear_bias_f32"
		}
		c.launch(c.kernel(name), blocks(t*p.W.Out, 256), [3]int{256, 1, 1}, 0, y.p, c.ptr(p.W.Bias), c.ptr(o.Rows), t, p.W.Out)
	}
}

// ride computes a projection with its adapter in one product. pad columns between
// belong to the adapters of other projections and meet zeros.
func (c *compiler) ride(p kernels.Projection, pad int, x, y matrix) {
	w, r := c.weight(p.W), p.LoRA.A.Shape[0]
	c.launch(c.kernel("linear_ride"), blocks(w.rows*(pad+r), 256), [3]int{256, 1, 1}, 0,
		w.columns(w.cols, 0).p, c.ptr(p.LoRA.B), p.LoRA.Scale, w.rows, pad, r, w.ld)
	x.cols += pad + r
	w.cols += pad + r
	c.product(y, x, w, false, true, 1, 0)
}

func (x *adapters) column(proj int) int {
	for i, p := range x.projs {
		if p == proj {
			return x.columns[i]
		}
	}
	return 0
}

// dropped is the adapters' input: X, or X with dropout in scratch memory.
func (c *compiler) dropped(o *kernels.Linear, x matrix) matrix {
	if o.Drop == nil {
		return x
	}
	if x.cols%8 != 0 {
		c.fail(fmt.Errorf("dropout of %d columns, not a multiple of 8: %w", x.cols, kernels.ErrUnsupported))
		return x
	}
	out := half(c.scratch(2*int64(x.rows)*int64(x.cols)), x.rows, x.cols)
	c.launch(c.kernel("linear_drop"), blocks(x.rows*x.cols, 256*8), [3]int{256, 1, 1}, 0, out.p, x.p, c.ptr(o.Drop.Seed),
		o.Drop.Salt, o.Drop.Rate, c.ptr(o.Rows), x.rows, x.cols)
	return out
}

// linearBackward is, with G = Scale·dY·B for all projections side by side,
// dX = G·A (dropped) + Σ dY·W, dA += Gᵀ·drop(X), dB += Scale·dYᵀ·U. Rows beyond
// those in use count as well: dY is zero there.
func (c *compiler) linearBackward(o *kernels.LinearBackward) {
	f := o.Forward
	t, in := f.X.Rows(), f.X.Cols()
	ad := c.adapters(f)
	var dx matrix
	var beta float32
	if o.DX != nil {
		dx = half(c.ptr(o.DX), t, in)
		if o.Add {
			beta = 1
		}
	}
	dy := func(i int) matrix { return half(c.ptr(o.DY[i]), t, f.Projs[i].W.Out) }
	var g matrix
	if ad != nil {
		if o.G != nil {
			g = c.view(o.G)
		} else {
			g = half(c.scratch(2*int64(t)*int64(ad.rank)), t, ad.rank)
		}
		c.throughRank(o, ad, g, dy)
		if o.G == nil {
			c.inputAdapters(f, ad, g, o.DA)
		}
		if o.DX != nil && f.Drop == nil {
			as, columns, ranks := ad.blocks()
			for i, a := range as {
				c.product(dx, g.columns(columns[i], ranks[i]), a, false, false, 1, beta)
				beta = 1
			}
		}
	}
	if o.DX == nil {
		return
	}
	c.frozenGradient(f, dx, dy, beta)
	if ad != nil && f.Drop != nil {
		c.droppedGradient(f, ad, g, dx)
	}
}

// throughRank is G and dB.
func (c *compiler) throughRank(o *kernels.LinearBackward, ad *adapters, g matrix, dy func(int) matrix) {
	for k, i := range ad.projs {
		l := o.Forward.Projs[i].LoRA
		r, out := l.A.Shape[0], l.B.Shape[0]
		c.product(g.columns(ad.columns[k], r), dy(i), half(c.half(l.B), out, r), false, false, l.Scale, 0)
		c.product(full(c.ptr(o.DB[i]), out, r), dy(i), ad.u.columns(ad.columns[k], r), true, false, l.Scale, 1)
	}
}

// inputAdapters is dA.
func (c *compiler) inputAdapters(f *kernels.Linear, ad *adapters, g matrix, da []*kernels.Tensor) {
	in, mark := f.X.Cols(), c.used
	x := c.dropped(f, c.view(f.X))
	if len(ad.projs) == 1 {
		c.product(full(c.ptr(da[ad.projs[0]]), ad.rank, in), g, x, true, false, 1, 1)
	} else {
		sum := full(c.scratch(4*int64(ad.rank)*int64(in)), ad.rank, in)
		c.product(sum, g, x, true, false, 1, 0)
		for k, i := range ad.projs {
			n := da[i].Len()
			c.launch(c.kernel("linear_accumulate"), blocks(n, 256), [3]int{256, 1, 1}, 0,
				c.ptr(da[i]), sum.p+driver.Ptr(4*ad.columns[k]*in), n)
		}
	}
	c.used = mark
}

// droppedGradient is dX += drop'(G·A).
func (c *compiler) droppedGradient(f *kernels.Linear, ad *adapters, g, dx matrix) {
	add := half(c.scratch(2*int64(dx.rows)*int64(dx.cols)), dx.rows, dx.cols)
	as, columns, ranks := ad.blocks()
	for i, a := range as {
		var beta float32
		if i > 0 {
			beta = 1
		}
		c.product(add, g.columns(columns[i], ranks[i]), a, false, false, 1, beta)
	}
	c.launch(c.kernel("linear_drop_add"), blocks(dx.rows*dx.cols, 256*8), [3]int{256, 1, 1}, 0, dx.p, add.p, c.ptr(f.Drop.Seed),
		f.Drop.Salt, f.Drop.Rate, c.ptr(f.Rows), dx.rows, dx.cols)
}
