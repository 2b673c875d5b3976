package kernels

// CrossEntropy is the output layer and the loss in one pass, in chunks, so that
// the logits of all rows never exist at once: with L = X·Wᵀ and
// nll[i] = logsumexp(L[i]) − L[i][Targets[i]],
// Loss += Σ nll, NLL[i] = nll[i], and DX = Scale·(softmax(L) − onehot)·W.
// Scale is 1 / (targets of the whole optimiser step), so that accumulating
// over micro-batches gives the gradient of the mean.
type CrossEntropy struct {
	Rows    *Tensor // i32 [1]
	X       *Tensor // f32 [R, H]
	W       *Matrix // [vocabulary, H]
	Targets *Tensor // i32 [R]
	Scale   *Tensor // f32 [1]
	Loss    *Tensor // f32 [1], added to
	NLL     *Tensor // f32 [R]
	DX      *Tensor // f32 [R, H]; nil: no gradient wanted
}

func (o *CrossEntropy) Kind() string { return "crossentropy" }
func (o *CrossEntropy) Reads() []*Tensor {
	return append(tensors(o.Rows, o.X, o.Targets, o.Scale, o.Loss), o.W.Tensors()...)
}
func (o *CrossEntropy) Writes() []*Tensor { return tensors(o.Loss, o.NLL, o.DX) }

// Backward has nothing to add: DX was computed on the way.
func (o *CrossEntropy) Backward(g *Grads) {}

// Argmax is IDs[i] = the index of the largest logit of row i, the first of
// equal ones, and Margin[i] = its distance to the second largest.
type Argmax struct {
	Rows   *Tensor // i32 [1]
	Logits *Tensor // f32 [R, vocabulary]
	IDs    *Tensor // i32 [R]
	Margin *Tensor // f32 [R]; may be nil
}

func (o *Argmax) Kind() string      { return "argmax" }
func (o *Argmax) Reads() []*Tensor  { return tensors(o.Rows, o.Logits) }
func (o *Argmax) Writes() []*Tensor { return tensors(o.IDs, o.Margin) }

// Sample draws IDs[i] from softmax(Logits[i]/Temperature) restricted to the
// TopK largest and, of these, to the smallest set of mass ≥ TopP
// (arXiv:1904.09751), with the uniform number Uniform[i] in [0, 1).
// Temperature 0 is Argmax. The settings are per row.
type Sample struct {
	Rows        *Tensor // i32 [1]
	Logits      *Tensor // f32 [R, vocabulary]
	Temperature *Tensor // f32 [R]
	TopP        *Tensor // f32 [R], 1: all
	TopK        *Tensor // i32 [R], 0: all
	Uniform     *Tensor // f32 [R]
	IDs         *Tensor // i32 [R]
}

func (o *Sample) Kind() string { return "sample" }
func (o *Sample) Reads() []*Tensor {
	return tensors(o.Rows, o.Logits, o.Temperature, o.TopP, o.TopK, o.Uniform)
}
func (o *Sample) Writes() []*Tensor { return tensors(o.IDs) }
