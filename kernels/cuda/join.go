package cuda

import "cogumi/kernels"

// part is a tensor that the device keeps as columns of a wider one.
type part struct {
	whole  *kernels.Tensor
	column int
}

// joined tells which tensors of a program are columns of one: the U's of a
// Linear, which one product writes, and its input before them where that comes
// from a norm: [X | U₁ | U₂ …]. There the adapters' up-projections ride in the
// base products, [X | U]·[W | Scale·B]ᵀ.
func joined(p *kernels.Program, ride bool) map[*kernels.Tensor]part {
	all := map[*kernels.Tensor]part{}
	rides := map[*kernels.Tensor]*kernels.Linear{}
	if ride {
		rides = riding(p)
	}
	for _, op := range p.Ops {
		l, ok := op.(*kernels.Linear)
		if !ok {
			continue
		}
		us, rank := adapted(l)
		if us == nil {
			continue
		}
		width, column := rank, 0
		if rides[l.X] == l {
			width, column = l.X.Cols()+rank, l.X.Cols()
		}
		whole := kernels.NewActivation(us[0].Name, kernels.BF16, l.X.Rows(), width)
		if column > 0 {
			all[l.X] = part{whole, 0}
		}
		for _, j := range l.Projs {
			if j.LoRA != nil {
				all[j.U] = part{whole, column}
				column += j.LoRA.A.Shape[0]
			}
		}
	}
	return all
}

// adapted are the U's of a Linear and the sum of their ranks.
func adapted(l *kernels.Linear) (us []*kernels.Tensor, rank int) {
	for _, p := range l.Projs {
		if p.LoRA != nil {
			us, rank = append(us, p.U), rank+p.LoRA.A.Shape[0]
		}
	}
	return us, rank
}

// riding maps inputs to the Linear whose adapters ride beside them: a norm's
// result that one Linear reads, of quantised weights that stay dequantised.
func riding(p *kernels.Program) map[*kernels.Tensor]*kernels.Linear {
	out := map[*kernels.Tensor]*kernels.Linear{}
	readers, norms := map[*kernels.Tensor]int{}, map[*kernels.Tensor]bool{}
	inputs := map[*kernels.Tensor]map[*kernels.Tensor]bool{} // by U: with which inputs it is read or written
	for _, op := range p.Ops {
		l, forward := op.(*kernels.Linear)
		switch o := op.(type) {
		case *kernels.AddNorm:
			norms[o.Y] = o.Y.Cols()%8 == 0 && o.Y.Role == kernels.Activation
		case *kernels.LinearBackward:
			l = o.Forward
		case *kernels.NonFinite:
			continue
		}
		for _, t := range op.Reads() {
			if l == nil || t != l.X {
				readers[t] += 2
			}
		}
		if l == nil {
			continue
		}
		if forward {
			readers[l.X]++
		}
		us, _ := adapted(l)
		for _, u := range us {
			if inputs[u] == nil {
				inputs[u] = map[*kernels.Tensor]bool{}
			}
			inputs[u][l.X] = true
		}
	}
	for _, op := range p.Ops {
		l, ok := op.(*kernels.Linear)
		if !ok || !norms[l.X] || readers[l.X] != 1 || !rideable(l) {
			continue
		}
		us, _ := adapted(l)
		together := us != nil
		for _, u := range us {
			together = together && len(inputs[u]) == 1 // computed again with the input, or not at all
		}
		if together {
			out[l.X] = l
		}
	}
	return out
}

// rideable wants weights that can have columns beside them, and ranks that keep
// rows on 16 bytes.
func rideable(l *kernels.Linear) bool {
	if l.Drop != nil || l.FP8 {
		return false // dropout reads X row behind row; adapters are no 8-bit floats
	}
	for _, p := range l.Projs {
		if p.W.NF4 == nil || p.Y.DType != kernels.BF16 || p.LoRA != nil && p.LoRA.A.Shape[0]%8 != 0 {
			return false
		}
	}
	return true
}

// planned is an operation as the memory plan sees it: with joined tensors, with
// its scratch memory, and with results that may take the place of inputs.
type planned struct {
	kernels.Op
	joined  map[*kernels.Tensor]part
	scratch *kernels.Tensor // nil: none
}

func (p planned) Reads() []*kernels.Tensor {
	ts := p.swap(p.Op.Reads())
	if p.scratch != nil {
		ts = append(ts, p.scratch)
	}
	return ts
}

func (p planned) Writes() []*kernels.Tensor { return p.swap(p.Op.Writes()) }

func (p planned) swap(ts []*kernels.Tensor) []*kernels.Tensor {
	out := make([]*kernels.Tensor, len(ts))
	for i, t := range ts {
		out[i] = t
		if j, ok := p.joined[t]; ok {
			out[i] = j.whole
		}
	}
	return out
}

// Overwrites are results that are written element by element behind their
// inputs, and gradients that are written when nothing reads the input any more.
func (p planned) Overwrites() (pairs [][2]*kernels.Tensor) {
	may := func(to, from *kernels.Tensor) {
		_, part := p.joined[from]
		if to != nil && !part {
			pairs = append(pairs, [2]*kernels.Tensor{to, from})
		}
	}
	switch o := p.Op.(type) {
	case *kernels.SwiGLU:
		may(o.H, o.G)
	case *kernels.SwiGLUBackward:
		may(o.DG, o.Forward.G)
		may(o.DU, o.Forward.U)
	case *kernels.LinearBackward:
		if !o.Add {
			may(o.DX, o.Forward.X) // gradients of A read X, and come first
		}
	}
	return pairs
}

// plan places a program's activations and, where it is known, the scratch memory
// of its operations.
func plan(p *kernels.Program, joined map[*kernels.Tensor]part, scratch []*kernels.Tensor) *kernels.Plan {
	seen := &kernels.Program{Name: p.Name}
	for i, op := range p.Ops {
		o := planned{Op: op, joined: joined}
		if scratch != nil {
			o.scratch = scratch[i]
		}
		seen.Add(o)
	}
	return kernels.NewPlan(seen, true)
}

// Plan is about the plan that Compile will make, before anything is there.
func (d *Device) Plan(p *kernels.Program) *kernels.Plan {
	scratch := make([]*kernels.Tensor, len(p.Ops))
	for i, op := range p.Ops {
		if n := workspace(op); n > 0 {
			scratch[i] = kernels.NewActivation(op.Kind()+" scratch", kernels.U8, int(n))
		}
	}
	return plan(p, joined(p, false), scratch)
}

// view is where a [rows, cols] tensor is and how far its rows are apart.
func (c *compiler) view(t *kernels.Tensor) matrix {
	if j, ok := c.e.joined[t]; ok {
		m := half(c.ptr(j.whole), j.whole.Rows(), j.whole.Cols())
		return m.columns(j.column, t.Cols())
	}
	m := half(c.ptr(t), t.Rows(), t.Cols())
	m.f32 = t.DType == kernels.F32
	return m
}
