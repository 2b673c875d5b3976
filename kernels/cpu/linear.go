package cpu

import (
	"cogumi/kernels"
	"cogumi/kernels/cpu/gemm"
	"cogumi/kernels/cpu/par"
	"cogumi/kernels/cpu/vec"
	"cogumi/kernels/host"
)

func count(v *host.View, t *kernels.Tensor) int { return int(v.I32(t)[0]) }

// head is the first n rows of a tensor as a matrix.
func head(v *host.View, t *kernels.Tensor, n int) gemm.Matrix {
	return gemm.Dense(v.F32(t)[:n*t.Cols()], n, t.Cols())
}

func (o *operands) linear(v *host.View, op *kernels.Linear) func() {
	weights := make([]func() product, len(op.Projs))
	adapters := make([]*adapter, len(op.Projs))
	for i, p := range op.Projs {
		weights[i] = o.operand(v, p.W, true)
		adapters[i] = newAdapter(v, p, &o.work)
	}
	drop := newDropped(v, op, &o.work)
	return func() {
		n := count(v, op.Rows)
		x := head(v, op.X, n)
		dropped := drop.input(x)
		for i, p := range op.Projs {
			y := head(v, p.Y, n)
			weights[i]()(y, x, false)
			if p.W.Bias != nil {
				addBias(y, v.F32(p.W.Bias))
			}
			if a := adapters[i]; a != nil {
				u := head(v, p.U, n)
				gemm.MulMatrix(u, dropped, a.a.T(), false)
				gemm.MulMatrix(y, u, a.scaledB().T(), true)
			}
		}
	}
}

func addBias(y gemm.Matrix, bias []float32) {
	par.For(y.Rows, 16, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			vec.Add(y.Data[i*y.Cols:(i+1)*y.Cols], bias)
		}
	})
}

// adapter is a projection's LoRA with room for what its products need.
type adapter struct {
	a, b  gemm.Matrix // [r, in], [out, r]
	scale float32
	work  *workspace
}

func newAdapter(v *host.View, p kernels.Projection, w *workspace) *adapter {
	if p.LoRA == nil {
		return nil
	}
	r, in, out := p.LoRA.A.Shape[0], p.LoRA.A.Shape[1], p.LoRA.B.Shape[0]
	return &adapter{a: gemm.Dense(v.F32(p.LoRA.A), r, in), b: gemm.Dense(v.F32(p.LoRA.B), out, r), scale: p.LoRA.Scale, work: w}
}

func (a *adapter) scaledB() gemm.Matrix {
	bs := a.work.scaledB.data[:len(a.b.Data)]
	copy(bs, a.b.Data)
	vec.Scale(a.scale, bs)
	return gemm.Dense(bs, a.b.Rows, a.b.Cols)
}

func (o *operands) linearBackward(v *host.View, op *kernels.LinearBackward) func() {
	f := op.Forward
	weights := make([]func() product, len(f.Projs))
	adapters := make([]*adapter, len(f.Projs))
	for i, p := range f.Projs {
		weights[i] = o.operand(v, p.W, false)
		adapters[i] = newAdapter(v, p, &o.work)
	}
	drop := newDropped(v, f, &o.work)
	return func() {
		n := count(v, f.Rows)
		var dropped gemm.Matrix
		if op.G == nil {
			dropped = drop.input(head(v, f.X, n))
		}
		add, column := op.Add, 0
		for i, p := range f.Projs {
			dy := head(v, op.DY[i], n)
			if op.DX != nil {
				weights[i]()(head(v, op.DX, n), dy, add)
				add = true
			}
			a := adapters[i]
			if a == nil {
				continue
			}
			r := a.a.Rows
			g, us := gemm.Dense(a.work.gradient.data[:n*r], n, r), gemm.Dense(a.work.scaledU.data[:n*r], n, r)
			copy(us.Data, v.F32(p.U))
			vec.Scale(a.scale, us.Data)
			gemm.MulMatrix(g, dy, a.scaledB(), false)
			if op.G == nil {
				gemm.MulMatrix(gemm.Dense(v.F32(op.DA[i]), r, a.a.Cols), g.T(), dropped, true)
			} else {
				moveColumns(head(v, op.G, n), g, column, true)
				column += r
			}
			gemm.MulMatrix(gemm.Dense(v.F32(op.DB[i]), a.b.Rows, r), dy.T(), us, true)
			if op.DX != nil {
				drop.addInputGradient(head(v, op.DX, n), g, a.a)
			}
		}
	}
}

// adapterBackward is the part of linearBackward that was left for later.
func (o *operands) adapterBackward(v *host.View, op *kernels.AdapterBackward) func() {
	f := op.Forward
	drop := newDropped(v, f, &o.work)
	return func() {
		n, column := count(v, f.Rows), 0
		dropped := drop.input(head(v, f.X, n))
		for i, p := range f.Projs {
			a := newAdapter(v, p, &o.work)
			if a == nil {
				continue
			}
			r := a.a.Rows
			g := gemm.Dense(a.work.gradient.data[:n*r], n, r)
			moveColumns(head(v, op.G, n), g, column, false)
			gemm.MulMatrix(gemm.Dense(v.F32(op.DA[i]), r, a.a.Cols), g.T(), dropped, true)
			column += r
		}
	}
}

// moveColumns copies part to the columns of all from column on, or from there.
func moveColumns(all, part gemm.Matrix, column int, into bool) {
	for i := range part.Rows {
		a, b := all.Data[i*all.Cols+column:][:part.Cols], part.Data[i*part.Cols:(i+1)*part.Cols]
		if into {
			copy(a, b)
		} else {
			copy(b, a)
		}
	}
}

// dropped applies a Linear's dropout to its adapters' input; without dropout it
// passes everything through.
type dropped struct {
	v    *host.View
	drop *kernels.Dropout
	work *workspace
}

func newDropped(v *host.View, op *kernels.Linear, w *workspace) *dropped {
	return &dropped{v: v, drop: op.Drop, work: w}
}

func (d *dropped) input(x gemm.Matrix) gemm.Matrix {
	if d.drop == nil {
		return x
	}
	out := gemm.Dense(d.work.dropped.data[:len(x.Data)], x.Rows, x.Cols)
	d.mask(out.Data, x.Data)
	return out
}

// mask writes the kept elements of x, scaled, to out, which may be x.
func (d *dropped) mask(out, x []float32) {
	seed, keep := d.v.Seed(d.drop.Seed), 1-d.drop.Rate
	par.For(len(x), 4096, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			if d.drop.Keep(seed, i) {
				out[i] = x[i] / keep
			} else {
				out[i] = 0
			}
		}
	})
}

// addInputGradient is dx += drop'(g·a).
func (d *dropped) addInputGradient(dx, g, a gemm.Matrix) {
	if d.drop == nil {
		gemm.MulMatrix(dx, g, a, true)
		return
	}
	add := gemm.Dense(d.work.added.data[:len(dx.Data)], dx.Rows, dx.Cols)
	gemm.MulMatrix(add, g, a, false)
	d.mask(add.Data, add.Data)
	par.For(len(add.Data), 4096, func(lo, hi int) { vec.Add(dx.Data[lo:hi], add.Data[lo:hi]) })
}
