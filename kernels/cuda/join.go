package cuda

import "cogumi/kernels"

// part is a tensor that the device keeps as columns of a wider one.
type part struct {
	whole  *kernels.Tensor
	column int
}

// joined tells which tensors of a program are columns of a wider one: the U's of a
// Linear, which one product writes, and inputs with room for U's beside them.
func joined(p *kernels.Program) map[*kernels.Tensor]part {
	all := map[*kernels.Tensor]part{}
	for x, l := range riding(p) {
		_, rank := adapted(l)
		all[x] = part{kernels.NewActivation(x.Name, kernels.BF16, x.Rows(), x.Cols()+rank), 0}
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
		whole, column := kernels.NewActivation(us[0].Name, kernels.BF16, l.X.Rows(), rank), 0
		for _, j := range l.Projs {
			if j.LoRA != nil {
				all[j.U] = part{whole, column}
				column += j.LoRA.A.Shape[0]
			}
		}
	}
	return all
}

// beside is how many columns adapters take beside the weights that they ride in,
// by the weights' codes.
func beside(p *kernels.Program) map[*kernels.Tensor]int {
	all := map[*kernels.Tensor]int{}
	for _, l := range riding(p) {
		column := 0
		for _, j := range l.Projs {
			all[j.W.NF4.Codes] = 0
			if j.LoRA != nil {
				column += j.LoRA.A.Shape[0]
				all[j.W.NF4.Codes] = column
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

// rideRows is from how many rows on riding saves more than its launches take.
const rideRows = 256

// riding maps inputs to the Linear whose up-projections ride in its base products,
// Y = [X | U₁ | U₂ …]·[W | Scale·B]ᵀ: a norm's result that only this Linear
// multiplies, now or when it runs again, with quantised weights.
func riding(p *kernels.Program) map[*kernels.Tensor]*kernels.Linear {
	out := map[*kernels.Tensor]*kernels.Linear{}
	norms, other := map[*kernels.Tensor]bool{}, map[*kernels.Tensor]bool{}
	for _, op := range p.Ops {
		var input *kernels.Tensor // the operation knows how far its rows are apart
		switch o := op.(type) {
		case *kernels.AddNorm:
			norms[o.Y] = o.Y.Cols()%8 == 0 && o.Y.Role == kernels.Activation
		case *kernels.LinearBackward:
			input = o.Forward.X
		case *kernels.AdapterBackward:
			input = o.Forward.X
		case *kernels.Linear:
			input = o.X
			if first := out[o.X]; first == nil {
				out[o.X] = o
			} else if first.Projs[0].W != o.Projs[0].W {
				other[o.X] = true
			}
		case *kernels.NonFinite:
			continue
		}
		for _, t := range op.Reads() {
			other[t] = other[t] || t != input
		}
	}
	for x, l := range out {
		if us, _ := adapted(l); us == nil || !norms[x] || other[x] || !rideable(l) {
			delete(out, x)
		}
	}
	return out
}

// rideable wants weights that can have columns beside them, and ranks that keep
// rows on 16 bytes.
func rideable(l *kernels.Linear) bool {
	if l.Drop != nil || l.FP8 || l.X.Rows() < rideRows {
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
		may(o.H, o.DH)
	case *kernels.AddNormBackward:
		may(o.Y, o.DY)
	case *kernels.LinearBackward:
		if !o.Add && o.G == nil {
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
	scratch, beside := make([]*kernels.Tensor, len(p.Ops)), beside(p)
	for i, op := range p.Ops {
		if n := workspace(op, beside); n > 0 {
			scratch[i] = kernels.NewActivation(op.Kind()+" scratch", kernels.U8, int(n))
		}
	}
	return plan(p, joined(p), scratch)
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
