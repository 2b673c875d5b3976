package kernels

import "slices"

// Linear applies one or several projections to the same input:
// Y = X·Wᵀ (+ bias) + Scale·(drop(X)·Aᵀ)·Bᵀ, each with its own W, A, B.
// Projections that share an input are one operation, so that a device may read
// X once and stack the down-projections.
type Linear struct {
	Rows  *Tensor // i32 [1], rows of X in use
	X     *Tensor // f32 [T, In]
	Projs []Projection
	Drop  *Dropout // of the adapter's input; nil without
	// FP8 asks for the products with frozen weights, here and in the backward, in
	// 8-bit floats (E4M3, a scale for each row of X, of W and of dY). A device that
	// has none computes as without it, or refuses to compile.
	FP8 bool
}

// Projection is one output of a Linear.
type Projection struct {
	W    *Matrix
	Y    *Tensor // f32 [T, Out]
	LoRA *LoRA   // nil without an adapter
	U    *Tensor // f32 [T, r], drop(X)·Aᵀ, kept for the backward; nil without LoRA
}

// LoRA is a low-rank adapter of one projection (arXiv:2106.09685).
type LoRA struct {
	A     *Tensor // f32 [r, In]
	B     *Tensor // f32 [Out, r]
	Scale float32 // alpha/r, or alpha/√r for rsLoRA
}

// Dropout zeroes elements of the adapter's input with probability Rate and
// scales the others by 1/(1−Rate). Masks are not stored: element i of the input
// is kept where Keep(seed, Salt, i).
type Dropout struct {
	Rate float32
	Seed *Tensor // i32 [2], changes with every micro-batch
	Salt uint64  // differs between operations
}

// Keep decides about one element: a 64-bit mix (splitmix64) of seed, salt and
// index, compared with the rate.
func (d *Dropout) Keep(seed uint64, i int) bool {
	z := seed ^ d.Salt*0x9e3779b97f4a7c15 + uint64(i)*0xd1342543de82ef95
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	z ^= z >> 31
	return float32(z>>40)*(1.0/(1<<24)) >= d.Rate
}

func (o *Linear) Kind() string { return "linear" }

func (o *Linear) Reads() []*Tensor {
	ts := tensors(o.Rows, o.X)
	if o.Drop != nil {
		ts = append(ts, o.Drop.Seed)
	}
	for _, p := range o.Projs {
		ts = append(ts, p.W.Tensors()...)
		if p.LoRA != nil {
			ts = append(ts, p.LoRA.A, p.LoRA.B)
		}
	}
	return ts
}

func (o *Linear) Writes() []*Tensor {
	var ts []*Tensor
	for _, p := range o.Projs {
		ts = append(ts, tensors(p.Y, p.U)...)
	}
	return ts
}

// LinearBackward is the backward of Linear. With G = Scale·dY·B:
// dX = Σ dY·W + drop'(G·A), dA += Gᵀ·drop(X), dB += Scale·dYᵀ·U.
type LinearBackward struct {
	Forward *Linear
	DY      []*Tensor // one per projection
	DX      *Tensor   // nil where the input needs no gradient
	Add     bool      // add to DX
	DA, DB  []*Tensor // added to; nil entries without LoRA
	// G [T, Σr], where it is not nil, is written: the G's side by side, for an
	// AdapterBackward that comes later. DA is left to that, and X is not read.
	G *Tensor
}

// Backward appends the gradients of the input and of the adapters.
func (o *Linear) Backward(g *Grads) {
	b := &LinearBackward{Forward: o}
	b.DX, b.Add = g.Into(o.X)
	for _, p := range o.Projs {
		b.DY = append(b.DY, g.Of(p.Y))
		var da, db *Tensor
		if p.LoRA != nil {
			da, _ = g.Into(p.LoRA.A)
			db, _ = g.Into(p.LoRA.B)
		}
		b.DA, b.DB = append(b.DA, da), append(b.DB, db)
	}
	g.Program.Add(b)
}

func (o *LinearBackward) Kind() string { return "linear.backward" }

func (o *LinearBackward) Reads() []*Tensor {
	ts := o.Forward.Reads()
	if o.G != nil {
		ts = slices.DeleteFunc(ts, func(t *Tensor) bool { return t == o.Forward.X })
	}
	for i, p := range o.Forward.Projs {
		ts = append(ts, tensors(p.U, o.DY[i])...)
	}
	if o.Add {
		ts = append(ts, o.DX)
	}
	for i := range o.DA {
		ts = append(ts, tensors(o.DA[i], o.DB[i])...)
	}
	return ts
}

func (o *LinearBackward) Writes() []*Tensor {
	ts := tensors(o.DX, o.G)
	for i := range o.DA {
		ts = append(ts, tensors(o.DA[i], o.DB[i])...)
	}
	return ts
}

// AdapterBackward is what a LinearBackward with G leaves: dA += Gᵀ·drop(X).
type AdapterBackward struct {
	Forward *Linear
	G       *Tensor   // [T, Σr]
	DA      []*Tensor // one per projection, added to; nil entries without LoRA
}

func (o *AdapterBackward) Kind() string { return "linear.backward" }

func (o *AdapterBackward) Reads() []*Tensor {
	ts := tensors(o.Forward.Rows, o.Forward.X, o.G)
	if d := o.Forward.Drop; d != nil {
		ts = append(ts, d.Seed)
	}
	return append(ts, tensors(o.DA...)...)
}

func (o *AdapterBackward) Writes() []*Tensor { return tensors(o.DA...) }
