package llm

import (
	"bytes"
	"fmt"

	"cogumi/kernels"
)

// Ignore is the label of a token that the loss does not count.
const Ignore = -100

// Example is one tokenised training row. Labels[i] is IDs[i] where the model
// must learn to write it, Ignore elsewhere.
type Example struct {
	IDs    []int32
	Labels []int32
	Row    int // where it comes from, for messages
}

// Targets counts the tokens that the loss counts. The first token of a row has
// nothing before it to be predicted from.
func (e *Example) Targets() int {
	n := 0
	for _, l := range e.Labels[1:] {
		if l != Ignore {
			n++
		}
	}
	return n
}

// batch is examples packed into one run of a program.
type batch struct {
	examples       []Example
	ids, positions []int32
	cuSeqlens      []int32
	index, targets []int32 // hidden rows that predict a target, and the targets
	tokens         int
}

// pack puts examples into as few runs as their order allows: tokens ≤ budget,
// sequences ≤ most.
func pack(examples []Example, budget, most int) ([]*batch, error) {
	var out []*batch
	b := &batch{cuSeqlens: []int32{0}}
	for _, e := range examples {
		n := len(e.IDs)
		switch {
		case n < 2 || len(e.Labels) != n:
			return nil, fmt.Errorf("row %d: %d ids and %d labels cannot be trained on", e.Row, n, len(e.Labels))
		case n > budget:
			return nil, fmt.Errorf("row %d has %d tokens, the budget of one run is %d", e.Row, n, budget)
		}
		if b.tokens+n > budget || len(b.examples) == most {
			out = append(out, b)
			b = &batch{cuSeqlens: []int32{0}}
		}
		b.add(e)
	}
	if len(b.examples) > 0 {
		out = append(out, b)
	}
	return out, nil
}

func (b *batch) add(e Example) {
	for i, id := range e.IDs {
		if i+1 < len(e.IDs) && e.Labels[i+1] != Ignore {
			b.index = append(b.index, int32(b.tokens+i))
			b.targets = append(b.targets, e.Labels[i+1])
		}
		b.ids, b.positions = append(b.ids, id), append(b.positions, int32(i))
	}
	b.tokens += len(e.IDs)
	b.cuSeqlens = append(b.cuSeqlens, int32(b.tokens))
	b.examples = append(b.examples, e)
}

// lossInputs are what the loss reads and writes.
type lossInputs struct {
	count, index, targets *kernels.Tensor // i32 [1], [tokens], [tokens]
	scale, loss           *kernels.Tensor // f32 [1]
	nll                   *kernels.Tensor // f32 [tokens]
}

func newLossInputs(tokens int) *lossInputs {
	return &lossInputs{
		count: kernels.NewTensor("targets.count", kernels.I32, 1), index: kernels.NewTensor("targets.index", kernels.I32, tokens),
		targets: kernels.NewTensor("targets", kernels.I32, tokens), scale: kernels.NewTensor("loss.scale", kernels.F32, 1),
		loss: kernels.NewTensor("loss", kernels.F32, 1), nll: kernels.NewTensor("nll", kernels.F32, tokens),
	}
}

func (l *lossInputs) all() []*kernels.Tensor {
	return []*kernels.Tensor{l.count, l.index, l.targets, l.scale, l.loss, l.nll}
}

// loss records the compaction to the rows that predict a target, and the loss.
// It returns the compacted rows with their gradient (nil unless r.train).
func (r *recorder) loss(y *kernels.Tensor, l *lossInputs) (x, dx *kernels.Tensor) {
	x = r.tensor("targets.x", r.m.Config.Hidden)
	r.Add(&kernels.Gather{Count: l.count, Rows: r.in.rows, Index: l.index, X: y, Y: x})
	if r.train {
		dx = r.tensor("d.targets.x", r.m.Config.Hidden)
	}
	r.Add(&kernels.CrossEntropy{Rows: l.count, X: x, W: r.m.head, Targets: l.targets, Scale: l.scale, Loss: l.loss, NLL: l.nll, DX: dx})
	return x, dx
}

// writer writes small host values to the device and keeps the first error.
type writer struct {
	device kernels.Device
	sent   map[*kernels.Tensor][]byte // if not nil: what is there already, and is not written again
	err    error
}

func (w *writer) bytes(t *kernels.Tensor, b []byte) {
	if old, ok := w.sent[t]; w.err != nil || ok && bytes.Equal(old, b) {
		return
	}
	w.err = w.device.Write(t, 0, b)
	if w.sent != nil {
		w.sent[t] = bytes.Clone(b)
	}
}

func (w *writer) ints(t *kernels.Tensor, x ...int32) {
	w.bytes(t, intBytes(x))
}

func (w *writer) floats(t *kernels.Tensor, x ...float32) {
	w.bytes(t, floatBytes(x))
}

func (w *writer) batch(in *inputs, l *lossInputs, b *batch) {
	w.ints(in.rows, int32(b.tokens))
	w.ints(in.seqs, int32(len(b.examples)))
	w.ints(in.ids, b.ids...)
	w.ints(in.positions, b.positions...)
	w.ints(in.cuSeqlens, b.cuSeqlens...)
	w.ints(l.count, int32(len(b.targets)))
	w.ints(l.index, b.index...)
	w.ints(l.targets, b.targets...)
}
