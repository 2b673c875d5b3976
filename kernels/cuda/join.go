package cuda

import "cogumi/kernels"

// joined tells which tensors of a program the device keeps as one: the U's of a
// Linear are columns of one [T, Σr], which one product writes.
func joined(p *kernels.Program) map[*kernels.Tensor]*kernels.Tensor {
	all := map[*kernels.Tensor]*kernels.Tensor{}
	for _, op := range p.Ops {
		l, ok := op.(*kernels.Linear)
		if !ok {
			continue
		}
		rank := 0
		var us []*kernels.Tensor
		for _, p := range l.Projs {
			if p.LoRA != nil {
				rank += p.LoRA.A.Shape[0]
				us = append(us, p.U)
			}
		}
		if us == nil {
			continue
		}
		whole := kernels.NewActivation(us[0].Name, kernels.BF16, l.X.Rows(), rank)
		for _, u := range us {
			all[u] = whole
		}
	}
	return all
}

// planned is an operation as the memory plan sees it: with joined tensors.
type planned struct {
	kernels.Op
	joined map[*kernels.Tensor]*kernels.Tensor
}

func (p planned) Reads() []*kernels.Tensor  { return p.swap(p.Op.Reads()) }
func (p planned) Writes() []*kernels.Tensor { return p.swap(p.Op.Writes()) }

func (p planned) swap(ts []*kernels.Tensor) []*kernels.Tensor {
	out := make([]*kernels.Tensor, len(ts))
	for i, t := range ts {
		out[i] = t
		if whole := p.joined[t]; whole != nil {
			out[i] = whole
		}
	}
	return out
}

// plan places a program's activations.
func plan(p *kernels.Program, joined map[*kernels.Tensor]*kernels.Tensor) *kernels.Plan {
	seen := &kernels.Program{Name: p.Name}
	for _, op := range p.Ops {
		seen.Add(planned{op, joined})
	}
	return kernels.NewPlan(seen, true)
}
