package kernels

import "fmt"

// NonFinite counts the values of X that are infinite or no numbers.
type NonFinite struct {
	X     *Tensor // f32 or bf16
	Count *Tensor // i32 [1]
}

func (o *NonFinite) Kind() string      { return "nonfinite" }
func (o *NonFinite) Reads() []*Tensor  { return tensors(o.X) }
func (o *NonFinite) Writes() []*Tensor { return tensors(o.Count) }

// Probe copies p with a NonFinite behind every operation for each activation
// that it writes, in the order of computation: the first count above zero is
// where a value went wrong. Counts are persistent tensors that the caller
// allocates.
func Probe(p *Program) (probed *Program, probes []*NonFinite) {
	probed = &Program{Name: p.Name + " with probes"}
	for _, op := range p.Ops {
		probed.Add(op)
		if _, begun := op.(*Fetch); begun {
			continue // the values come with its Await
		}
		for _, t := range op.Writes() {
			if t.Role != Activation || t.DType != F32 && t.DType != BF16 {
				continue
			}
			o := &NonFinite{X: t, Count: NewTensor(fmt.Sprintf("nonfinite.%d", len(probes)), I32, 1)}
			probes = append(probes, o)
			probed.Add(o)
		}
	}
	return probed, probes
}
