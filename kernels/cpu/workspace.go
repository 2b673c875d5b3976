package cpu

import "cogumi/kernels"

// workspace is what operations need beside their tensors. Operations run one
// after the other, so that all of them, of every program, share it.
type workspace struct {
	scaledB  buffer // scale·B of an adapter
	gradient buffer // scale·dY·B, [T, r]
	scaledU  buffer // scale·U, [T, r]
	dropped  buffer // an adapter's input after dropout, [T, In]
	added    buffer // the input gradient of adapters before dropout, [T, In]
	logits   buffer // a chunk of the loss
}

type buffer struct{ data []float32 }

// need makes room for n values and returns the buffer.
func (b *buffer) need(n int) *buffer {
	if n > len(b.data) {
		b.data = make([]float32, n)
	}
	return b
}

func (w *workspace) buffers() []*buffer {
	return []*buffer{&w.scaledB, &w.gradient, &w.scaledU, &w.dropped, &w.added, &w.logits}
}

// sizes are how many values op needs of each buffer, in the order of buffers.
func sizes(op kernels.Op) []int {
	switch o := op.(type) {
	case *kernels.Linear:
		return linearSizes(o)
	case *kernels.LinearBackward:
		return linearSizes(o.Forward)
	case *kernels.AdapterBackward:
		return linearSizes(o.Forward)
	case *kernels.CrossEntropy:
		return []int{0, 0, 0, 0, 0, lossChunk(o) * o.W.Out}
	}
	return make([]int, 6)
}

func linearSizes(o *kernels.Linear) []int {
	n := make([]int, 6)
	for _, p := range o.Projs {
		if p.LoRA == nil {
			continue
		}
		r := p.LoRA.A.Shape[0]
		n[0], n[1], n[2] = max(n[0], p.LoRA.B.Len()), max(n[1], o.X.Rows()*r), max(n[2], o.X.Rows()*r)
	}
	if o.Drop != nil {
		n[3], n[4] = o.X.Len(), o.X.Len()
	}
	return n
}

// reserve makes the workspace large enough for op.
func (w *workspace) reserve(op kernels.Op) {
	n := sizes(op)
	for i, b := range w.buffers() {
		b.need(n[i])
	}
}

// Footprint is the bytes that running p takes beside its tensors: weights in the
// layout that products read, as far as they are kept, and the workspace, as far
// as neither is there already.
func (o *operands) footprint(p *kernels.Program) int64 {
	largest := make([]int, 6)
	made, seen, shared := int64(0), map[operandKey]bool{}, int64(0)
	for _, op := range p.Ops {
		for i, n := range sizes(op) {
			largest[i] = max(largest[i], n)
		}
		for _, u := range uses(op) {
			key, bytes := keyOf(u.m, u.transposed), operandBytes(u.m, u.transposed)
			switch {
			case seen[key] || o.has(key):
			case made+bytes <= o.left:
				made += bytes
			default:
				shared = max(shared, 4*int64(u.m.Out)*int64(u.m.In))
			}
			seen[key] = true
		}
	}
	total := made + max(0, shared-o.shared.Bytes())
	for i, b := range o.work.buffers() {
		total += 4 * int64(max(0, largest[i]-len(b.data)))
	}
	return total
}

func (o *operands) has(key operandKey) bool { _, ok := o.kept[key]; return ok }

type use struct {
	m          *kernels.Matrix
	transposed bool
}

// uses are the weights that op multiplies with, in its direction.
func uses(op kernels.Op) (all []use) {
	switch o := op.(type) {
	case *kernels.Linear:
		for _, p := range o.Projs {
			all = append(all, use{p.W, true})
		}
	case *kernels.LinearBackward:
		for _, p := range o.Forward.Projs {
			if o.DX != nil {
				all = append(all, use{p.W, false})
			}
		}
	case *kernels.CrossEntropy:
		all = append(all, use{o.W, true})
		if o.DX != nil {
			all = append(all, use{o.W, false})
		}
	}
	return all
}
