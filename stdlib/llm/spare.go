package llm

import (
	"fmt"
	"slices"

	"cogumi/kernels"
	"cogumi/stdlib/experiment/machine"
)

// classes are what a training step may compute again in its backward half
// instead of keeping it, by layer, cheapest first for the memory that it frees:
// normalised inputs; the SwiGLU's result; gate and up; queries, keys and values;
// attention with the sum after it. What is left of a layer then is its input.
const classes = 5

// droppable lists a layer's tensors by class.
type droppable [classes][]*kernels.Tensor

// spare says what a step does to need less memory.
type spare struct {
	// Computed again are all classes below class in all layers, and class in the
	// first layers.
	class, layers int
	// embed: the embedding is in the host's memory, of which a step reads the rows
	// of its tokens.
	embed bool
	// away: what else the first layers keep waits in the host's memory.
	away int
	// state: so many of as many parts as there are layers of the adapter in 32 bits
	// and of its moments are in the host's memory, where the optimiser reads and
	// writes them once a step.
	state int
}

// again is one layer more to compute again; false when there is nothing left.
func (s spare) again(layers int) (spare, bool) {
	if s.layers < layers {
		s.layers++
		return s, s.class < classes
	}
	s.class, s.layers = s.class+1, 1
	return s, s.class < classes
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

// store is the set of tensors that wait in the host's memory.
func (s spare) store(all [][]*kernels.Tensor, dropped map[*kernels.Tensor]bool) map[*kernels.Tensor]bool {
	set := map[*kernels.Tensor]bool{}
	for _, ts := range all[:s.away] {
		for _, t := range ts {
			set[t] = !dropped[t]
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

// What a gibibyte costs, in milliseconds of a step on an NVIDIA H200 (figures of
// BenchmarkMeasuresOnGPU and of the kernels in docs/performance.md). Elsewhere all
// of it takes longer; what counts is which is less.
const (
	costAway   = 0.5 // stored and fetched beside the products
	costUnpack = 0.85
	costState  = 21
)

var costClass = [classes]float64{0.25, 0.26, 7, 7, 8}

// heldUp is how many times the forward half's own time the bus may take for what
// is stored, before computing attention again is cheaper.
const heldUp = 1.2

// ladder lists what a step can do to need less memory, each entry more than the
// one before, in the order of what a byte costs. Up to unpacked, weights that are
// unpacked once may be worth their memory.
func (t *Trainer) ladder() (list []spare, unpacked int) {
	n := len(t.model.layers)
	device, evicts := t.model.device.(kernels.Evicter)
	s := spare{embed: t.model.hosted}
	list = append(list, s)
	again := func(until int) {
		for {
			next, ok := s.again(n)
			if !ok || next.class >= until {
				return
			}
			s = next
			list = append(list, s)
		}
	}
	store := func(layer int64) {
		for room := hostRoom(); s.away < n && int64(s.away+1)*layer <= room; {
			s.away++
			list = append(list, s)
		}
	}
	var fast bool
	var whole, input int64
	again(unpackClasses) // made again on the way: cheaper than the bus
	if evicts {
		var work float64
		work, whole, input = t.stored()
		if fast = device.Balance() <= heldUp*work/float64(whole); fast {
			store(whole)
		}
		if t.model.movable() {
			s.embed = true
			list = append(list, s)
		}
	}
	unpacked = len(list)
	if !evicts {
		again(classes)
		return list, unpacked
	}
	if fast {
		again(unpackClasses + 1)
	}
	if s.away < n { // the bus is too slow or the host too small: little is left to store
		again(classes)
		store(input)
	}
	if slices.ContainsFunc(t.adapter.trainable(), func(x *kernels.Tensor) bool { return !device.Evictable(x) }) {
		return list, unpacked
	}
	for s.state < n {
		s.state++
		list = append(list, s)
	}
	return list, unpacked
}

// cost is about what a step's measures cost, in milliseconds where costAway and
// its like hold.
func (t *Trainer) cost(unpacked bool) (ms float64) {
	const gib = 1 << 30
	r := t.recorder()
	r.hidden()
	drop := t.spare.drop(r.layers)
	for i, l := range r.layers {
		for c, ts := range l {
			for _, x := range ts {
				if drop[x] {
					ms += costClass[c] * float64(x.Bytes()) / gib
				}
			}
		}
		if i < t.spare.away {
			for _, x := range r.stored[i] {
				if !drop[x] {
					ms += costAway * float64(x.Bytes()) / gib
				}
			}
		}
	}
	adapter, moments := t.moving()
	ms += costState * float64(bytesOf(adapter)+bytesOf(moments)) / gib
	if u, ok := t.model.device.(Unpacker); ok && !unpacked {
		ms += costUnpack * float64(u.Unpacked(r.Program)) / gib
	}
	return ms
}

// hostRoom is how much of the host's memory activations may take: most of what is
// free, where that is known.
var hostRoom = func() int64 {
	if free := machine.Available(); free > 0 {
		return free / 4 * 3
	}
	return 1 << 62
}

// stored is what the forward half of a layer does, in operations of products, and
// the bytes that it could store: all, or its input alone.
func (t *Trainer) stored() (work float64, whole, input int64) {
	r := t.recorder()
	r.hidden()
	for _, op := range r.Ops {
		if l, ok := op.(*kernels.Linear); ok {
			for _, p := range l.Projs {
				work += 2 * float64(t.config.Budget) * float64(p.W.Out) * float64(p.W.In)
			}
		}
	}
	first := r.stored[0]
	return work / float64(len(r.stored)), bytesOf(first), first[0].Bytes()
}

// fit decides what the step does to need less memory: nothing where there is
// room for all of it, else what costs least. Results do not depend on it. other is
// what else will be allocated before the step runs.
func (t *Trainer) fit(other int64) {
	device := t.model.device.Describe()
	free := device.Free
	if free == 0 {
		return
	}
	free -= other
	room := free - free/100 - bytesOf(t.made) // the same before and after other is there
	score := t.scoring(t.config.Budget)
	need := func(s spare, unpacked bool) int64 {
		t.spare = s
		p, err := t.record()
		if err != nil {
			return 1 << 62
		}
		n := together(t.model.device, planOf(t.model.device, p).Arena, score) + footprint(t.model.device, p) - t.freed()
		t.unpacked = 0
		if u, ok := t.model.device.(Unpacker); ok && unpacked {
			t.unpacked = u.Unpacked(p)
			n += device.Memory / kernels.KeptFree
		}
		return n + t.unpacked
	}
	// The need falls along a list. What fits first costs least of it.
	search := func(list []spare, unpacked bool) (first spare, ok bool) {
		i, _ := slices.BinarySearchFunc(list, 0, func(s spare, _ int) int {
			if need(s, unpacked) > room {
				return -1
			}
			return 1
		})
		if i == len(list) {
			return list[len(list)-1], false
		}
		return list[i], true
	}
	if need(spare{embed: t.model.hosted}, true) <= room {
		return
	}
	list, unpacks := t.ladder()
	packed, fits := search(list, false)
	if _, ok := t.model.device.(Unpacker); ok {
		if kept, ok := search(list[:unpacks], true); ok {
			t.spare = packed
			most := t.cost(false)
			if need(kept, true); !fits || t.cost(true) <= most {
				return
			}
		}
	}
	need(packed, false) // where nothing fits, the smallest: allocation says what is missing
}

// together is what the activations of a step and of an evaluation take.
func together(d kernels.Device, step, score int64) int64 {
	if _, shares := d.(kernels.Planner); shares {
		return max(step, score)
	}
	return step + score
}

// scoring is what the activations of an evaluation of so many tokens take; 0:
// there is none.
func (t *Trainer) scoring(tokens int) int64 {
	if tokens == 0 {
		return 0
	}
	return planOf(t.model.device, shapeScorer(t.model, tokens).record(t.adapter)).Arena
}

// freed is what moves from the device to the host's memory.
func (t *Trainer) freed() int64 {
	adapter, moments := t.moving()
	n := bytesOf(moments)
	for _, x := range adapter {
		if !t.adapter.hosted[x] {
			n += x.Bytes()
		}
	}
	if t.spare.embed && !t.model.hosted {
		n += t.model.embed.Bytes()
	}
	return n
}

// moving is what of the adapter and of its moments goes to the host's memory.
func (t *Trainer) moving() (adapter, moment []*kernels.Tensor) {
	n := len(t.model.layers)
	for i := range t.spare.state {
		slots := part(t.slots, i, n)
		adapter, moment = append(adapter, masters(slots)...), append(moment, moments(slots)...)
	}
	return adapter, moment
}

// movable tells whether the embedding can go to the host's memory: the device
// has its own, and nothing but looking up rows needs it.
func (m *Model) movable() bool {
	device, ok := m.device.(kernels.Evicter)
	return ok && m.embed != nil && !m.hosted && m.head.Dense != m.embed && device.Evictable(m.embed)
}

// host moves the embedding to the host's memory.
func (m *Model) host() error {
	if m.hosted {
		return nil
	}
	if err := m.device.(kernels.Evicter).Evict(m.embed); err != nil {
		return err
	}
	m.hosted = true
	m.Bytes -= m.embed.Bytes()
	return nil
}

// makeRoom moves the embedding to the host's memory where a program with what it
// keeps would find no room otherwise.
func (m *Model) makeRoom(p *kernels.Program, keeps []*kernels.Tensor) error {
	free := m.device.Describe().Free
	if !m.movable() || bytesOf(keeps)+planOf(m.device, p).Arena+footprint(m.device, p) <= free {
		return nil
	}
	return m.host()
}

// describe says what is done, for people.
func (s spare) describe(layers int, unpacked bool) []string {
	var text []string
	if s.embed {
		text = append(text, "the embedding is read from the host's memory")
	}
	names := [classes]string{"normalised inputs", "SwiGLU", "gate and up", "queries, keys and values", "attention"}
	for c := range min(s.class+1, classes) {
		n := layers
		if c == s.class {
			n = s.layers
		}
		if n > 0 {
			text = append(text, fmt.Sprintf("%s of %d layers computed again", names[c], n))
		}
	}
	if !unpacked {
		text = append(text, "weights unpacked for each product")
	}
	if s.away > 0 {
		text = append(text, fmt.Sprintf("what %d layers keep waits in the host's memory", s.away))
	}
	if s.state > 0 {
		text = append(text, fmt.Sprintf("the optimiser works in the host's memory for %d layers", s.state))
	}
	return text
}

// planOf is the plan that a device will make of p.
func planOf(d kernels.Device, p *kernels.Program) *kernels.Plan {
	if l, ok := d.(kernels.Planner); ok {
		return l.Plan(p)
	}
	return kernels.NewPlan(p, true)
}

func footprint(d kernels.Device, p *kernels.Program) int64 {
	if f, ok := d.(kernels.Footprint); ok {
		return f.Footprint(p)
	}
	return 0
}
