package llm

import (
	"context"

	"cogumi/kernels"
)

// newMagnitudes are the tensors that DoRA adds to one projection.
func newMagnitudes(w *kernels.Matrix) *kernels.Magnitudes {
	tensor := func(what string) *kernels.Tensor { return kernels.NewTensor(w.Name+what, kernels.F32, w.Out) }
	return &kernels.Magnitudes{M: tensor(".lora_magnitude_vector"), Norm: tensor(".dora.norm"), Gain: tensor(".dora.gain")}
}

// magnitudes records what DoRA does to a projection's result, which ys holds.
func (r *recorder) magnitudes(op *kernels.Linear, ys []*kernels.Tensor) {
	for i, p := range op.Projs {
		d := r.adapter.dora[p.W.Name]
		if d == nil {
			continue
		}
		ys[i] = r.tensor(p.W.Name+".dora", p.W.Out)
		r.Add(&kernels.DoRA{Rows: r.in.rows, X: p.Y, Bias: p.W.Bias, By: d, Y: ys[i]})
	}
}

// norms are the operations that bring DoRA's norms up to date; none without.
func (a *Adapter) norms() []kernels.Op {
	var ops []kernels.Op
	for i := range a.model.layers {
		for _, w := range a.model.layers[i].projections() {
			if d := a.dora[w.Name]; d != nil {
				ops = append(ops, &kernels.DoRANorm{W: w, LoRA: a.pairs[w.Name], To: d})
			}
		}
	}
	return ops
}

// refresh brings the norms up to date after the adapter was written.
func (a *Adapter) refresh() error {
	p := &kernels.Program{Name: "dora", Ops: a.norms()}
	if len(p.Ops) == 0 {
		return nil
	}
	run, err := a.model.device.Compile(p)
	if err != nil {
		return err
	}
	defer run.Close()
	return run.Run(context.Background())
}

// startMagnitudes sets the magnitudes to the norms of the weight's rows: with B
// zero the adapter changes nothing.
func (a *Adapter) startMagnitudes() error {
	if err := a.refresh(); err != nil {
		return err
	}
	for _, name := range a.names {
		d := a.dora[name]
		if d == nil {
			continue
		}
		norm := make([]float32, d.Norm.Len())
		if err := first(a.model.device.Read(d.Norm, 0, floatBytes(norm)), a.model.device.Write(d.M, 0, floatBytes(norm))); err != nil {
			return err
		}
	}
	return a.refresh()
}
