package kernels

// Rope rotates the heads of X in place by their positions, halves split
// (x1, x2) → (x1·cos − x2·sin, x2·cos + x1·sin): arXiv:2104.09864 in the layout
// of Hugging Face. Inverse rotates back, which is also the backward.
type Rope struct {
	Rows      *Tensor // i32 [1]
	X         *Tensor // f32 [T, heads·HeadDim], updated
	Positions *Tensor // i32 [T]
	Cos, Sin  *Tensor // f32 [positions, HeadDim/2]
	HeadDim   int
	Inverse   bool
}

func (o *Rope) Kind() string { return "rope" }
func (o *Rope) Reads() []*Tensor {
	return tensors(o.Rows, o.X, o.Positions, o.Cos, o.Sin)
}
func (o *Rope) Writes() []*Tensor { return tensors(o.X) }

// Backward rotates the gradient back, in place.
func (o *Rope) Backward(g *Grads) {
	back := *o
	back.X, back.Inverse = g.Of(o.X), !o.Inverse
	g.Program.Add(&back)
}

// Attention is causal attention within each packed sequence:
// O = softmax(Q·Kᵀ·Scale)·V, query head h reading KV head h/(Heads/KVHeads).
// Tokens CuSeqlens[s]…CuSeqlens[s+1] are sequence s.
//
// With a Window w > 0 a token sees itself and the w−1 tokens before it (sliding
// window, arXiv:2310.06825), which holds for the backward as well; 0: all.
type Attention struct {
	Seqs                    *Tensor // i32 [1], sequences in use
	CuSeqlens               *Tensor // i32 [maxSeqs+1]
	Q                       *Tensor // f32 [T, Heads·HeadDim]
	K, V                    *Tensor // f32 [T, KVHeads·HeadDim]
	O                       *Tensor // f32 [T, Heads·HeadDim]
	LSE                     *Tensor // f32 [T, Heads], log Σ exp of the scaled scores
	Heads, KVHeads, HeadDim int
	Scale                   float32
	Window                  int // tokens that a token sees, itself included; 0: all
}

func (o *Attention) Kind() string { return "attention" }
func (o *Attention) Reads() []*Tensor {
	return tensors(o.Seqs, o.CuSeqlens, o.Q, o.K, o.V)
}
func (o *Attention) Writes() []*Tensor { return tensors(o.O, o.LSE) }

// AttentionBackward recomputes the probabilities P from LSE:
// dV = Pᵀ·dO, dS = P·(dO·Vᵀ − rowsum(dO·O)), dQ = dS·K·Scale, dK = dSᵀ·Q·Scale.
type AttentionBackward struct {
	Forward    *Attention
	DO         *Tensor
	DQ, DK, DV *Tensor // written, not added to
}

// Backward appends the gradients of Q, K and V. Each is read by this attention
// alone, so that nothing was there before.
func (o *Attention) Backward(g *Grads) {
	b := &AttentionBackward{Forward: o, DO: g.Of(o.O)}
	b.DQ, _ = g.Into(o.Q)
	b.DK, _ = g.Into(o.K)
	b.DV, _ = g.Into(o.V)
	g.Program.Add(b)
}

func (o *AttentionBackward) Kind() string { return "attention.backward" }
func (o *AttentionBackward) Reads() []*Tensor {
	f := o.Forward
	return tensors(f.Seqs, f.CuSeqlens, f.Q, f.K, f.V, f.O, f.LSE, o.DO)
}
func (o *AttentionBackward) Writes() []*Tensor { return tensors(o.DQ, o.DK, o.DV) }

// CachedAttention appends the step's keys and values to the cache and lets every
// new token attend to its sequence's cache up to itself. New tokens of sequence
// s are rows CuSeqlens[s]…CuSeqlens[s+1], and Starts[s] tokens are in its cache
// already. Token t of it is in page Pages[s][t / length], where length is that of
// a page; pages behind the last token are not looked at. Window is that of
// Attention; what lies before the window stays in the cache, unread.
//
// How tokens lie in a page is the device's own business; nothing else reads
// them. Where sequences can have more than one page, a page has a multiple of
// PageTokens tokens. After vLLM's PagedAttention, arXiv:2309.06180.
type CachedAttention struct {
	Seqs                    *Tensor // i32 [1]
	CuSeqlens               *Tensor // i32 [maxSeqs+1]
	Pages                   *Tensor // i32 [maxSeqs, most]: of each sequence, in order
	Starts                  *Tensor // i32 [maxSeqs]
	Q                       *Tensor // f32 [T, Heads·HeadDim]
	K, V                    *Tensor // f32 [T, KVHeads·HeadDim]
	KCache, VCache          *Tensor // f32 [pages, length, KVHeads·HeadDim], updated
	O                       *Tensor // f32 [T, Heads·HeadDim]
	Heads, KVHeads, HeadDim int
	Scale                   float32
	Window                  int // tokens that a token sees, itself included; 0: all
}

// PageTokens divides the length of pages: no tile of keys of any device lies in
// two of them.
const PageTokens = 128

func (o *CachedAttention) Kind() string { return "attention.cached" }
func (o *CachedAttention) Reads() []*Tensor {
	return tensors(o.Seqs, o.CuSeqlens, o.Pages, o.Starts, o.Q, o.K, o.V, o.KCache, o.VCache)
}
func (o *CachedAttention) Writes() []*Tensor { return tensors(o.O, o.KCache, o.VCache) }
