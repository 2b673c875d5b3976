package kernels

// AddNorm adds a layer's result to the residual stream and normalises the sum:
// Sum = X + Delta, Y = Sum·rsqrt(mean(Sum²)+Eps)·W (RMSNorm, arXiv:1910.07467).
type AddNorm struct {
	Rows  *Tensor // i32 [1]
	X     *Tensor // f32 [T, H]
	Delta *Tensor // f32 [T, H]; nil: Sum is X itself and must be nil as well
	Sum   *Tensor // f32 [T, H]; nil without Delta
	W     *Tensor // f32 [H]
	Y     *Tensor // f32 [T, H]
	RStd  *Tensor // f32 [T], rsqrt(mean(Sum²)+Eps), for the backward
	Eps   float32
}

func (o *AddNorm) Kind() string      { return "addnorm" }
func (o *AddNorm) Reads() []*Tensor  { return tensors(o.Rows, o.X, o.Delta, o.W) }
func (o *AddNorm) Writes() []*Tensor { return tensors(o.Sum, o.Y, o.RStd) }

// AddNormBackward: with x̂ = Sum·RStd and g = dY·W,
// dSum (+)= RStd·(g − x̂·mean(g·x̂)).
type AddNormBackward struct {
	Forward *AddNorm
	DY      *Tensor
	DSum    *Tensor
	Add     bool    // add to DSum
	Y       *Tensor // the forward's result, written again; nil: not wanted; may lie where DY does
}

// Backward gives X and Delta the same gradient, that of their sum.
func (o *AddNorm) Backward(g *Grads) {
	sum := o.Sum
	if sum == nil {
		sum = o.X
	}
	d, add := g.Into(sum)
	if d == nil {
		return
	}
	g.Program.Add(&AddNormBackward{Forward: o, DY: g.Of(o.Y), DSum: d, Add: add})
	if o.Delta != nil {
		if g.Needs(o.X) {
			g.Share(o.X, d)
		}
		if g.Needs(o.Delta) {
			g.Share(o.Delta, d)
		}
	}
}

func (o *AddNormBackward) Kind() string { return "addnorm.backward" }

func (o *AddNormBackward) Reads() []*Tensor {
	f := o.Forward
	sum := f.Sum
	if sum == nil {
		sum = f.X
	}
	ts := tensors(f.Rows, sum, f.W, f.RStd, o.DY)
	if o.Add {
		ts = append(ts, o.DSum)
	}
	return ts
}

func (o *AddNormBackward) Writes() []*Tensor { return tensors(o.DSum, o.Y) }

// Overwrites is an Overwriter's: Y is written when nothing needs DY any more.
func (o *AddNormBackward) Overwrites() [][2]*Tensor { return [][2]*Tensor{{o.Y, o.DY}} }

// HeadNorm normalises every head of a row by itself, with one weight for all
// heads: the RMSNorm of queries and keys in Qwen 3, between projection and RoPE.
// Of each of the heads h, Y[h] = X[h]·rsqrt(mean(X[h]²)+Eps)·W.
type HeadNorm struct {
	Rows *Tensor // i32 [1]
	X    *Tensor // f32 [T, heads·HeadDim]
	W    *Tensor // f32 [HeadDim]
	Y    *Tensor // f32 [T, heads·HeadDim]
	RStd *Tensor // f32 [T, heads], rsqrt(mean(X[h]²)+Eps), for the backward
	Eps  float32
}

func (o *HeadNorm) Kind() string      { return "headnorm" }
func (o *HeadNorm) Reads() []*Tensor  { return tensors(o.Rows, o.X, o.W) }
func (o *HeadNorm) Writes() []*Tensor { return tensors(o.Y, o.RStd) }

// HeadNormBackward: of each head, with x̂ = X·RStd and g = dY·W,
// dX = RStd·(g − x̂·mean(g·x̂)).
type HeadNormBackward struct {
	Forward *HeadNorm
	DY      *Tensor
	DX      *Tensor // written, not added to
}

// Backward appends the gradient of X, which nothing else reads.
func (o *HeadNorm) Backward(g *Grads) {
	if d, _ := g.Into(o.X); d != nil {
		g.Program.Add(&HeadNormBackward{Forward: o, DY: g.Of(o.Y), DX: d})
	}
}

func (o *HeadNormBackward) Kind() string { return "headnorm.backward" }
func (o *HeadNormBackward) Reads() []*Tensor {
	return tensors(o.Forward.Rows, o.Forward.X, o.Forward.W, o.Forward.RStd, o.DY)
}
func (o *HeadNormBackward) Writes() []*Tensor { return tensors(o.DX) }
