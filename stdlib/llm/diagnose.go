package llm

import (
	"context"
	"fmt"

	"cogumi/kernels"
)

// notFinite says where a loss or gradient stopped being a number: the rows whose
// own loss or gradient is not finite, and the first tensor of the step that
// holds such a value.
func (t *Trainer) notFinite(ctx context.Context, result StepResult, examples []Example) error {
	var rows []int
	suspects := examples
	for _, e := range examples {
		if bad, err := t.badAlone(ctx, e); err == nil && bad {
			if rows == nil {
				suspects = []Example{e}
			}
			rows = append(rows, e.Row)
		}
	}
	where := "no single row causes it"
	if rows != nil {
		where = fmt.Sprintf("rows %v cause it", rows)
	}
	if first := t.firstNonFinite(ctx, suspects, result); first != "" {
		where += ", it begins in " + first
	}
	return fmt.Errorf("step %d: loss %g, gradient norm %g: %w (%s); the adapter is as before the step",
		result.Step, result.Loss, result.GradNorm, ErrNotFinite, where)
}

// badAlone trains on one row without an update and looks at its loss and at the
// norm of its gradient.
func (t *Trainer) badAlone(ctx context.Context, e Example) (bool, error) {
	if e.Targets() == 0 {
		return false, nil
	}
	r, err := t.Gradients(ctx, []Example{e})
	if err != nil {
		return false, err
	}
	if bad(r.Loss) {
		return true, nil
	}
	norm, err := t.normOnly(ctx)
	return bad(norm), err
}

// normOnly is the norm of the gradients as they stand.
func (t *Trainer) normOnly(ctx context.Context) (float64, error) {
	p := &kernels.Program{Name: "norm"}
	p.Add(&kernels.GradNorm{Grads: t.grads, Norm: t.norm})
	run, err := t.model.device.Compile(p)
	if err != nil {
		return 0, err
	}
	defer run.Close()
	if err := run.Run(ctx); err != nil {
		return 0, err
	}
	return t.readFloat(t.norm)
}

// firstNonFinite runs the step once more with a look at everything that it
// computes. It is "" where the device or its memory does not allow that, or
// where everything is finite.
func (t *Trainer) firstNonFinite(ctx context.Context, examples []Example, result StepResult) string {
	program, err := t.record()
	if err != nil {
		return ""
	}
	probed, probes := kernels.Probe(program)
	var counts []*kernels.Tensor
	for _, p := range probes {
		counts = append(counts, p.Count)
	}
	if t.model.device.Alloc(counts...) != nil {
		return ""
	}
	defer t.model.device.Free(counts...)
	run, err := t.model.device.Compile(probed)
	if err != nil {
		return ""
	}
	defer run.Close()
	batches, err := pack(examples, t.config.Budget, maxSequences(t.config.Budget))
	if err != nil {
		return ""
	}
	for k, b := range batches {
		if t.feed(b, result, k) != nil || run.Run(ctx) != nil {
			return ""
		}
		for _, p := range probes {
			var n [1]int32
			if t.model.device.Read(p.Count, 0, intBytes(n[:])) == nil && n[0] > 0 {
				return fmt.Sprintf("%s (%d of %d values)", p.X.Name, n[0], p.X.Len())
			}
		}
	}
	return ""
}
