package kernels

import "slices"

// Remake lets a backward make what is not kept on its way. An adapter's gradient
// needs the input of its Linear, all else in a Linear's backward does not; and the
// backward of the norm or of the SwiGLU that made this input reads everything that
// it was made of. So the input is written there, for one more write instead of an
// operation of its own, and the adapter's gradient comes after it.
//
// p is forward and backward, the first ops before boundary the forward half; drop
// are tensors that are not kept. Where a Linear runs again itself (drop holds what
// it writes), its input comes with it, and stays as it is. The values are the same
// bits. It comes before Recompute, which then finds nothing that needs the input.
func Remake(p *Program, boundary int, drop map[*Tensor]bool) *Program {
	r := &remake{after: map[Op]*AdapterBackward{}, instead: map[Op]Op{}}
	back := p.Ops[boundary:]
	for _, op := range back {
		if b, ok := op.(*LinearBackward); ok && drop[b.Forward.X] {
			r.try(b, back, drop)
		}
	}
	out := &Program{Name: p.Name, Ops: slices.Clone(p.Ops[:boundary])}
	for _, op := range back {
		later := r.after[op]
		if n := r.instead[op]; n != nil {
			op = n
		}
		out.Add(op)
		if later != nil {
			out.Add(later)
		}
	}
	return out
}

type remake struct {
	after   map[Op]*AdapterBackward // by the backward that writes the input
	instead map[Op]Op
}

// try splits b where the maker of its input has a backward behind it.
func (r *remake) try(b *LinearBackward, back []Op, drop map[*Tensor]bool) {
	f := b.Forward
	if b.DX == nil || slices.ContainsFunc(f.Writes(), func(t *Tensor) bool { return drop[t] }) {
		return
	}
	ranks := 0
	for _, p := range f.Projs {
		if p.LoRA != nil {
			ranks += p.LoRA.A.Shape[0]
		}
	}
	if ranks == 0 {
		return
	}
	x := NewActivation(f.X.Name+" again", f.X.DType, f.X.Shape...)
	var maker, made Op
	for _, op := range back {
		switch m := op.(type) {
		case *AddNormBackward:
			if m.Forward.Y == f.X && m.Y == nil {
				n := *m
				n.Y = x
				maker, made = op, &n
			}
		case *SwiGLUBackward:
			if m.Forward.H == f.X && m.H == nil {
				n := *m
				n.H = x
				maker, made = op, &n
			}
		}
		if op != Op(b) && slices.Contains(op.Reads(), f.X) {
			return // something else needs it
		}
	}
	if maker == nil {
		return
	}
	first, later := *b, &AdapterBackward{DA: b.DA}
	first.G = NewActivation(f.X.Name+".g", f.X.DType, f.X.Rows(), ranks)
	first.DA = make([]*Tensor, len(b.DA))
	again := *f
	again.X = x
	later.Forward, later.G = &again, first.G
	r.instead[b], r.instead[maker], r.after[maker] = &first, made, later
}
