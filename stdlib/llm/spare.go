package llm

import (
	"slices"

	"cogumi/kernels"
)

// classes are what a training step may compute again in its backward half
// instead of keeping it, by layer, cheapest first for the memory that it frees:
// normalised inputs; the SwiGLU's result; gate and up; queries, keys and values;
// attention with the sum after it. What is left of a layer then is its input.
const classes = 5

// droppable lists a layer's tensors by class.
type droppable [classes][]*kernels.Tensor

// spare says what is computed again: all classes below class in all layers, and
// class in the first layers.
type spare struct{ class, layers int }

// next is one layer more; false when there is nothing left to drop.
func (s spare) next(layers int) (spare, bool) {
	if s.layers < layers {
		s.layers++
		return s, s.class < classes
	}
	return spare{s.class + 1, 1}, s.class+1 < classes
}

// drop is the set of tensors that are not kept.
func (s spare) drop(all []droppable) map[*kernels.Tensor]bool {
	set := map[*kernels.Tensor]bool{}
	for i, l := range all {
		for c, ts := range l {
			if c < s.class || c == s.class && i < s.layers {
				for _, t := range ts {
					set[t] = true
				}
			}
		}
	}
	return set
}

// Unpacker is a device that keeps weights in another form beside the stored one
// where there is room; Unpacked is what that takes for a program.
type Unpacker interface {
	Unpacked(p *kernels.Program) int64
}

// unpackClasses may be computed again to keep unpacked weights: beyond them,
// unpacking each time is cheaper.
const unpackClasses = 2

// fit decides what the step computes again: nothing where there is memory for
// all of it, else as little as fits. Results do not depend on it. other is what else will be allocated before the step runs.
func (t *Trainer) fit(other int64) {
	free := t.model.device.Describe().Free
	if free == 0 {
		return
	}
	room := free - free/50 - bytesOf(t.made) - other
	layers := len(t.model.layers)
	var all []spare
	for s, ok := (spare{}), true; ok; s, ok = s.next(layers) {
		all = append(all, s)
	}
	score := shapeScorer(t.model, t.config.Budget).record(t.adapter)
	room -= kernels.NewPlan(score, true).Arena
	need := func(s spare, unpacked bool) int64 {
		t.spare = s
		p, err := t.record()
		if err != nil {
			return 1 << 62
		}
		n := kernels.NewPlan(p, true).Arena + footprint(t.model.device, p)
		t.unpacked = 0
		if u, ok := t.model.device.(Unpacker); ok && unpacked {
			t.unpacked = u.Unpacked(p)
			n += free / 16 // that the device keeps free beside them
		}
		return n + t.unpacked
	}
	// The need falls along the list.
	search := func(list []spare, unpacked bool) bool {
		i, _ := slices.BinarySearchFunc(list, 0, func(s spare, _ int) int {
			if need(s, unpacked) > room {
				return -1
			}
			return 1
		})
		if i == len(list) {
			return false
		}
		need(list[i], unpacked)
		return true
	}
	if need(spare{}, true) <= room {
		return
	}
	if _, ok := t.model.device.(Unpacker); ok && search(all[:1+unpackClasses*layers], true) {
		return
	}
	if !search(all, false) {
		need(all[len(all)-1], false) // the smallest; allocation says what is missing
	}
}

func footprint(d kernels.Device, p *kernels.Program) int64 {
	if f, ok := d.(kernels.Footprint); ok {
		return f.Footprint(p)
	}
	return 0
}
