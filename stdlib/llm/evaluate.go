package llm

import (
	"context"

	"cogumi/kernels"
)

// Scorer measures losses without gradients.
type Scorer struct {
	model  *Model
	budget int
	in     *inputs
	loss   *lossInputs
	run    kernels.Executable
}

// NewScorer records the forward pass with its loss. adapter may be nil.
func NewScorer(m *Model, adapter *Adapter, budget int) (*Scorer, error) {
	s := shapeScorer(m, budget)
	program := s.record(adapter)
	err := m.makeRoom(program, s.made())
	if err == nil {
		err = m.device.Alloc(s.made()...)
	}
	if err == nil {
		s.run, err = m.device.Compile(program)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// shapeScorer is a scorer without memory.
func shapeScorer(m *Model, budget int) *Scorer {
	return &Scorer{model: m, budget: budget, in: newInputs(budget, maxSequences(budget)), loss: newLossInputs(budget)}
}

func (s *Scorer) made() []*kernels.Tensor { return append(s.in.all(), s.loss.all()...) }

func (s *Scorer) record(adapter *Adapter) *kernels.Program {
	r := &recorder{Program: &kernels.Program{Name: "score"}, m: s.model, adapter: adapter, tokens: s.budget, in: s.in}
	r.attend = r.packedAttention
	r.loss(r.hidden(), s.loss)
	return r.Program
}

// Score returns, for every example, the sum of its negative log-likelihoods.
func (s *Scorer) Score(ctx context.Context, examples []Example) ([]float64, error) {
	batches, err := pack(examples, s.budget, maxSequences(s.budget))
	if err != nil {
		return nil, err
	}
	var out []float64
	nll := make([]float32, s.budget)
	for _, b := range batches {
		w := &writer{device: s.model.device}
		w.batch(s.in, s.loss, b)
		if w.err != nil {
			return nil, w.err
		}
		if err := s.run.Run(ctx); err != nil {
			return nil, err
		}
		if err := s.model.device.Read(s.loss.nll, 0, floatBytes(nll)); err != nil {
			return nil, err
		}
		at := 0
		for _, e := range b.examples {
			var sum float64
			n := e.Targets()
			for _, x := range nll[at : at+n] {
				sum += float64(x)
			}
			at += n
			out = append(out, sum)
		}
	}
	return out, nil
}

// Loss is the mean over all targets of the examples.
func (s *Scorer) Loss(ctx context.Context, examples []Example) (float64, error) {
	sums, err := s.Score(ctx, examples)
	var sum float64
	targets := 0
	for i, x := range sums {
		sum += x
		targets += examples[i].Targets()
	}
	return sum / float64(max(targets, 1)), err
}

// Close frees the program and its inputs.
func (s *Scorer) Close() {
	if s.run != nil {
		s.run.Close()
	}
	s.model.device.Free(s.made()...)
}

// Logits returns [len(ids), vocabulary] for one sequence. adapter may be nil.
func (m *Model) Logits(ctx context.Context, adapter *Adapter, ids []int32) ([]float32, error) {
	n := len(ids)
	in := newInputs(n, 1)
	out := kernels.NewTensor("logits", kernels.F32, n, m.Config.VocabSize)
	made := append(in.all(), out)
	if err := m.device.Alloc(made...); err != nil {
		return nil, err
	}
	defer m.device.Free(made...)
	r := &recorder{Program: &kernels.Program{Name: "logits"}, m: m, adapter: adapter, tokens: n, in: in}
	r.attend = r.packedAttention
	r.Add(&kernels.Linear{Rows: in.rows, X: r.hidden(), Projs: []kernels.Projection{{W: m.head, Y: out}}})
	run, err := m.device.Compile(r.Program)
	if err != nil {
		return nil, err
	}
	defer run.Close()
	w := &writer{device: m.device}
	w.ints(in.rows, int32(n))
	w.ints(in.seqs, 1)
	w.ints(in.ids, ids...)
	w.ints(in.cuSeqlens, 0, int32(n))
	positions := make([]int32, n)
	for i := range positions {
		positions[i] = int32(i)
	}
	w.ints(in.positions, positions...)
	if w.err != nil {
		return nil, w.err
	}
	if err := run.Run(ctx); err != nil {
		return nil, err
	}
	logits := make([]float32, out.Len())
	return logits, m.device.Read(out, 0, floatBytes(logits))
}
