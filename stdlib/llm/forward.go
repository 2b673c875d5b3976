package llm

import (
	"fmt"
	"math"

	"cogumi/kernels"
)

// recorder appends a forward pass to a program.
type recorder struct {
	*kernels.Program
	m       *Model
	adapter *Adapter // nil: the base alone
	train   bool     // keep what a backward needs, apply dropout
	fp8     bool     // frozen products in 8-bit floats
	tokens  int      // budget
	in      *inputs
	seed    *kernels.Tensor // i32 [2], of dropout
	attend  func(i int, q, k, v, o *kernels.Tensor)
	layers  []droppable         // what a training may compute again
	stored  [][]*kernels.Tensor // what it may store in the host's memory, by layer
}

// inputs describe the packed tokens of one run.
type inputs struct {
	rows, seqs     *kernels.Tensor // i32 [1]
	ids, positions *kernels.Tensor // i32 [tokens]
	cuSeqlens      *kernels.Tensor // i32 [sequences+1]
}

func newInputs(tokens, sequences int) *inputs {
	return &inputs{
		rows: kernels.NewTensor("rows", kernels.I32, 1), seqs: kernels.NewTensor("seqs", kernels.I32, 1),
		ids: kernels.NewTensor("ids", kernels.I32, tokens), positions: kernels.NewTensor("positions", kernels.I32, tokens),
		cuSeqlens: kernels.NewTensor("cu_seqlens", kernels.I32, sequences+1),
	}
}

func (in *inputs) all() []*kernels.Tensor {
	return []*kernels.Tensor{in.rows, in.seqs, in.ids, in.positions, in.cuSeqlens}
}

// hidden records embedding and layers; it returns the normalised result,
// [tokens, hidden].
func (r *recorder) hidden() *kernels.Tensor {
	x := r.tensor("embed", r.m.Config.Hidden)
	r.Add(&kernels.Embed{Rows: r.in.rows, IDs: r.in.ids, Table: r.m.embed, Y: x})
	var delta *kernels.Tensor
	for i := range r.m.layers {
		x, delta = r.layer(i, x, delta)
	}
	_, y := r.norm("norm", x, delta, r.m.norm)
	return y
}

func (r *recorder) tensor(name string, cols int) *kernels.Tensor {
	return kernels.NewActivation(name, r.m.compute, r.tokens, cols)
}

// layer takes the residual stream and what is still to be added to it.
func (r *recorder) layer(i int, x, delta *kernels.Tensor) (sum, next *kernels.Tensor) {
	l, c := &r.m.layers[i], r.m.Config
	at := fmt.Sprintf("%d.", i)
	var drop droppable
	x, y := r.norm(at+"input_norm", x, delta, l.inputNorm)
	drop[0] = append(drop[0], y)
	qkv := r.linear(at+"qkv", y, l.q, l.k, l.v)
	drop[3] = append(drop[3], r.written()...)
	stored := append([]*kernels.Tensor{x}, qkv...)
	if c.QKNorm {
		qkv[0] = r.headNorm(at+"q_norm", qkv[0], l.qNorm)
		qkv[1] = r.headNorm(at+"k_norm", qkv[1], l.kNorm)
		drop[3] = append(drop[3], qkv[:2]...)
		stored = append(stored, qkv[:2]...)
	}
	for _, t := range qkv[:2] {
		r.Add(&kernels.Rope{Rows: r.in.rows, X: t, Positions: r.in.positions, Cos: r.m.cos, Sin: r.m.sin, HeadDim: c.HeadDim})
	}
	o := r.tensor(at+"attention", c.Heads*c.HeadDim)
	r.attend(i, qkv[0], qkv[1], qkv[2], o)
	drop[4] = r.written()
	stored = append(stored, drop[4]...)
	delta = r.linear(at+"o", o, l.o)[0]
	drop[4] = append(drop[4], r.written()...)
	x, y = r.norm(at+"post_norm", x, delta, l.postNorm)
	drop[0], drop[4] = append(drop[0], y), append(drop[4], x)
	r.stored = append(r.stored, append(stored, x))
	gu := r.linear(at+"gateup", y, l.gate, l.up)
	drop[2] = r.written()
	h := r.tensor(at+"swiglu", c.Intermediate)
	r.Add(&kernels.SwiGLU{Rows: r.in.rows, G: gu[0], U: gu[1], H: h})
	drop[1] = r.written()
	r.layers = append(r.layers, drop)
	return x, r.linear(at+"down", h, l.down)[0]
}

// written is what the last operation writes.
func (r *recorder) written() []*kernels.Tensor { return r.Ops[len(r.Ops)-1].Writes() }

func (r *recorder) norm(name string, x, delta, w *kernels.Tensor) (sum, y *kernels.Tensor) {
	op := &kernels.AddNorm{Rows: r.in.rows, X: x, Delta: delta, W: w, Y: r.tensor(name, x.Cols()),
		RStd: kernels.NewActivation(name+".rstd", kernels.F32, r.tokens), Eps: float32(r.m.Config.RMSEps)}
	sum = x
	if delta != nil {
		op.Sum = r.tensor(name+".sum", x.Cols())
		sum = op.Sum
	}
	r.Add(op)
	return sum, op.Y
}

// headNorm normalises each head of x by itself.
func (r *recorder) headNorm(name string, x, w *kernels.Tensor) *kernels.Tensor {
	y := r.tensor(name, x.Cols())
	r.Add(&kernels.HeadNorm{Rows: r.in.rows, X: x, W: w, Y: y,
		RStd: kernels.NewActivation(name+".rstd", kernels.F32, r.tokens, x.Cols()/w.Len()), Eps: float32(r.m.Config.RMSEps)})
	return y
}

// linear projects x with matrices that share it.
func (r *recorder) linear(name string, x *kernels.Tensor, ws ...*kernels.Matrix) []*kernels.Tensor {
	op := &kernels.Linear{Rows: r.in.rows, X: x, FP8: r.fp8 && gains8(ws)}
	var ys []*kernels.Tensor
	for _, w := range ws {
		p := kernels.Projection{W: w, Y: r.tensor(w.Name, w.Out)}
		if r.adapter != nil && r.adapter.pairs[w.Name] != nil {
			p.LoRA = r.adapter.pairs[w.Name]
			p.U = r.tensor(w.Name+".u", p.LoRA.A.Shape[0])
			if rate := r.adapter.Config.Dropout; r.train && rate > 0 {
				op.Drop = &kernels.Dropout{Rate: float32(rate), Seed: r.seed, Salt: uint64(len(r.Ops))}
			}
		}
		op.Projs, ys = append(op.Projs, p), append(ys, p.Y)
	}
	r.Add(op)
	if r.adapter != nil {
		r.magnitudes(op, ys)
	}
	return ys
}

// packedAttention is attention within the packed sequences of one run.
func (r *recorder) packedAttention(i int, q, k, v, o *kernels.Tensor) {
	c := r.m.Config
	r.Add(&kernels.Attention{Seqs: r.in.seqs, CuSeqlens: r.in.cuSeqlens, Q: q, K: k, V: v, O: o,
		LSE:   kernels.NewActivation(fmt.Sprintf("%d.lse", i), kernels.F32, r.tokens, c.Heads),
		Heads: c.Heads, KVHeads: c.KVHeads, HeadDim: c.HeadDim, Scale: attentionScale(c.HeadDim), Window: c.Window(i)})
}

func attentionScale(headDim int) float32 { return float32(1 / math.Sqrt(float64(headDim))) }
