package kernels

// SwiGLU is H = silu(G)·U (arXiv:2002.05202).
type SwiGLU struct {
	Rows *Tensor // i32 [1]
	G, U *Tensor // f32 [T, I]
	H    *Tensor // f32 [T, I]
}

func (o *SwiGLU) Kind() string      { return "swiglu" }
func (o *SwiGLU) Reads() []*Tensor  { return tensors(o.Rows, o.G, o.U) }
func (o *SwiGLU) Writes() []*Tensor { return tensors(o.H) }

// SwiGLUBackward: with s = sigmoid(G), dU = dH·G·s, dG = dH·U·s·(1 + G·(1−s)).
type SwiGLUBackward struct {
	Forward *SwiGLU
	DH      *Tensor
	DG, DU  *Tensor // written
	H       *Tensor // the forward's result, written again; nil: not wanted; may lie where DH does
}

// Backward appends the gradients of G and U, which nothing else reads.
func (o *SwiGLU) Backward(g *Grads) {
	b := &SwiGLUBackward{Forward: o, DH: g.Of(o.H)}
	b.DG, _ = g.Into(o.G)
	b.DU, _ = g.Into(o.U)
	g.Program.Add(b)
}

func (o *SwiGLUBackward) Kind() string { return "swiglu.backward" }
func (o *SwiGLUBackward) Reads() []*Tensor {
	return tensors(o.Forward.Rows, o.Forward.G, o.Forward.U, o.DH)
}
func (o *SwiGLUBackward) Writes() []*Tensor { return tensors(o.DG, o.DU, o.H) }

// Overwrites is an Overwriter's: H is written when nothing needs DH any more.
func (o *SwiGLUBackward) Overwrites() [][2]*Tensor { return [][2]*Tensor{{o.H, o.DH}} }

// Embed is Y[i] = Table[IDs[i]]. The table is frozen: it has no backward.
type Embed struct {
	Rows  *Tensor // i32 [1]
	IDs   *Tensor // i32 [T], in 0…vocabulary−1
	Table *Tensor // f32 or bf16 [vocabulary, H]
	Y     *Tensor // f32 [T, H]
}

func (o *Embed) Kind() string      { return "embed" }
func (o *Embed) Reads() []*Tensor  { return tensors(o.Rows, o.IDs, o.Table) }
func (o *Embed) Writes() []*Tensor { return tensors(o.Y) }

// Gather picks rows: Y[i] = X[Index[i]] for i < Count. Indices are distinct.
type Gather struct {
	Count *Tensor // i32 [1], rows picked
	Rows  *Tensor // i32 [1], rows of X in use
	Index *Tensor // i32 [R]
	X     *Tensor // f32 [T, H]
	Y     *Tensor // f32 [R, H]
}

func (o *Gather) Kind() string      { return "gather" }
func (o *Gather) Reads() []*Tensor  { return tensors(o.Count, o.Rows, o.Index, o.X) }
func (o *Gather) Writes() []*Tensor { return tensors(o.Y) }

// Scatter is the backward of Gather: DX is zero but for DX[Index[i]] = DY[i].
type Scatter struct {
	Forward *Gather
	DY, DX  *Tensor
}

// Backward appends the Scatter; X must be read by the Gather alone.
func (o *Gather) Backward(g *Grads) {
	if d, _ := g.Into(o.X); d != nil {
		g.Program.Add(&Scatter{Forward: o, DY: g.Of(o.Y), DX: d})
	}
}

func (o *Scatter) Kind() string { return "scatter" }
func (o *Scatter) Reads() []*Tensor {
	return tensors(o.Forward.Count, o.Forward.Rows, o.Forward.Index, o.DY)
}
func (o *Scatter) Writes() []*Tensor { return tensors(o.DX) }
