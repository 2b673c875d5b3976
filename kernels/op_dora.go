package kernels

// Magnitudes are what DoRA (arXiv:2402.09353) adds to a LoRA adapter of one
// projection: row i of the weight becomes M[i]·V[i]/‖V[i]‖ with
// V = W + Scale·B·A.
type Magnitudes struct {
	M    *Tensor // f32 [Out], trained
	Norm *Tensor // f32 [Out], ‖V[i]‖
	Gain *Tensor // f32 [Out], M/Norm
}

// DoRANorm brings Norm and Gain up to date with A, B and M. The paper takes the
// norm for a constant in the backward, and so does this: it is run after every
// change of the adapter, not inside a step.
type DoRANorm struct {
	W    *Matrix
	LoRA *LoRA
	To   *Magnitudes
}

func (o *DoRANorm) Kind() string { return "dora.norm" }

func (o *DoRANorm) Reads() []*Tensor {
	return append(o.W.Tensors(), o.LoRA.A, o.LoRA.B, o.To.M)
}

func (o *DoRANorm) Writes() []*Tensor { return tensors(o.To.Norm, o.To.Gain) }

// DoRA turns a projection with LoRA into one with DoRA:
// Y = (X − bias)·Gain + bias, column by column. X is what Linear wrote.
type DoRA struct {
	Rows *Tensor // i32 [1]
	X    *Tensor // f32 [T, Out]
	Bias *Tensor // f32 [Out]; nil without
	By   *Magnitudes
	Y    *Tensor // f32 [T, Out]
}

func (o *DoRA) Kind() string { return "dora" }

// Reads names M, through which the gradient flows, beside the Gain made of it.
func (o *DoRA) Reads() []*Tensor {
	return tensors(o.Rows, o.X, o.Bias, o.By.M, o.By.Norm, o.By.Gain)
}

func (o *DoRA) Writes() []*Tensor { return tensors(o.Y) }

// DoRABackward is dX (+)= dY·Gain, dM += Σ over rows of dY·(X − bias)/Norm.
type DoRABackward struct {
	Forward *DoRA
	DY      *Tensor
	DX      *Tensor // nil where X needs no gradient
	Add     bool    // add to DX
	DM      *Tensor // added to
}

// Backward appends the gradients of X and M.
func (o *DoRA) Backward(g *Grads) {
	b := &DoRABackward{Forward: o, DY: g.Of(o.Y)}
	b.DX, b.Add = g.Into(o.X)
	b.DM, _ = g.Into(o.By.M)
	g.Program.Add(b)
}

func (o *DoRABackward) Kind() string { return "dora.backward" }

func (o *DoRABackward) Reads() []*Tensor {
	f := o.Forward
	ts := tensors(f.Rows, f.X, f.Bias, f.By.Norm, f.By.Gain, o.DY, o.DM)
	if o.Add {
		ts = append(ts, o.DX)
	}
	return ts
}

func (o *DoRABackward) Writes() []*Tensor { return tensors(o.DX, o.DM) }
