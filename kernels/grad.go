package kernels

import "fmt"

// Grads derives the backward half of a program from its forward half.
//
// A tensor needs a gradient when a trainable tensor flows into it; for the
// others (the embedding's output, layer 0's input) no gradient is computed.
type Grads struct {
	Program *Program
	needs   map[*Tensor]bool
	grads   map[*Tensor]*Tensor
}

// Differentiate appends to p the backward of the operations it holds so far.
// trainable maps each trainable tensor to its persistent gradient, which the
// backward adds to (accumulation over micro-batches); seeds are gradients that
// the forward already computed (a fused loss).
func Differentiate(p *Program, trainable, seeds map[*Tensor]*Tensor) error {
	g := &Grads{Program: p, needs: map[*Tensor]bool{}, grads: map[*Tensor]*Tensor{}}
	for t, d := range trainable {
		g.needs[t], g.grads[t] = true, d
	}
	for t, d := range seeds {
		g.grads[t] = d
	}
	forward := p.Ops[:len(p.Ops):len(p.Ops)]
	for _, op := range forward {
		g.mark(op)
	}
	for i := len(forward) - 1; i >= 0; i-- {
		op := forward[i]
		if !g.reaches(op) {
			continue
		}
		d, ok := op.(Differentiable)
		if !ok {
			return fmt.Errorf("differentiate %s: %s has no backward", p.Name, op.Kind())
		}
		d.Backward(g)
	}
	return nil
}

func (g *Grads) mark(op Op) {
	for _, r := range op.Reads() {
		if g.needs[r] {
			for _, w := range op.Writes() {
				g.needs[w] = true
			}
			return
		}
	}
}

// reaches reports whether op read something that needs a gradient and wrote
// something that has one.
func (g *Grads) reaches(op Op) bool {
	need, have := false, false
	for _, r := range op.Reads() {
		need = need || g.needs[r]
	}
	for _, w := range op.Writes() {
		have = have || g.grads[w] != nil
	}
	return need && have
}

// Needs reports whether t needs a gradient.
func (g *Grads) Needs(t *Tensor) bool { return t != nil && g.needs[t] }

// Of is the gradient of t as far as it is known; nil if nothing flows into it.
func (g *Grads) Of(t *Tensor) *Tensor { return g.grads[t] }

// Into is where the gradient of t goes; add says whether there is one already,
// to add to. It is nil where t needs none.
func (g *Grads) Into(t *Tensor) (d *Tensor, add bool) {
	if !g.Needs(t) {
		return nil, false
	}
	if d = g.grads[t]; d != nil {
		return d, true
	}
	d = NewActivation("d."+t.Name, t.DType, t.Shape...)
	g.grads[t] = d
	return d, false
}

// Share says that d is the gradient of t as well. Later additions to d must
// come after its last use as t's gradient, which the order of the backward
// grants where t was produced after everything else that shares d.
func (g *Grads) Share(t, d *Tensor) { g.grads[t] = d }
