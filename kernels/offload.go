package kernels

import (
	"reflect"
	"slices"
)

// How many operations that calculate for long lie beside a copy: so much later a
// Store is waited for, so much earlier a Fetch begins. Fewer would leave the
// device waiting for the bus, more would hold memory for longer.
const (
	storeBeside = 2
	fetchBeside = 3
)

// Offload returns p with activations of its forward half, the first ops before
// boundary, stored in the host's memory until the backward half needs them.
// away names them, each at a place of its own there; what is not needed again
// stays as it is. The values are the same bits. It comes after Recompute: what
// is computed again is not kept, and cannot be stored.
func Offload(p *Program, boundary int, away map[*Tensor]bool) *Program {
	if len(away) == 0 {
		return p
	}
	o := &offload{p: p, boundary: boundary, before: map[int][]Op{}, back: map[*Tensor]*Tensor{}}
	var order []*Tensor // as they are written
	lives := map[*Tensor]*life{}
	for i, op := range p.Ops {
		for _, t := range op.Writes() {
			if l := lives[t]; l != nil && i < boundary {
				l.written, l.read = i, i
			} else if i < boundary && away[t] && t.Role == Activation {
				lives[t] = &life{written: i, read: i, needed: -1}
				order = append(order, t)
			}
		}
		for _, t := range op.Reads() {
			switch l := lives[t]; {
			case l == nil || l.needed >= 0:
			case i < boundary:
				l.read = i
			default:
				l.needed = i
			}
		}
	}
	var fetches []fetching
	for _, t := range order {
		if l := lives[t]; l.needed >= 0 {
			fetches = append(fetches, o.store(t, l))
		}
	}
	// The bus serves one after the other: what is needed first comes first.
	slices.SortStableFunc(fetches, func(a, b fetching) int { return a.needed - b.needed })
	for _, f := range fetches {
		o.fetch(f)
	}
	return o.program()
}

type offload struct {
	p        *Program
	boundary int
	before   map[int][]Op // what is inserted in front of an operation
	back     map[*Tensor]*Tensor
}

// life is where the forward half writes and reads a tensor last, and where the
// backward half reads it first; -1: nowhere.
type life struct{ written, read, needed int }

// fetching is a stored tensor and the operation that needs it back.
type fetching struct {
	t, to  *Tensor
	needed int
}

// store inserts the way out.
func (o *offload) store(t *Tensor, l *life) fetching {
	f := fetching{t, NewActivation(t.Name+" away", t.DType, t.Shape...), l.needed}
	f.to.Role = Away
	s := &Store{X: t, To: f.to}
	o.insert(l.written+1, s)
	o.insert(min(max(o.later(l.written+1, storeBeside), l.read+1), o.boundary), &Await{s})
	return f
}

func (o *offload) fetch(f fetching) {
	y := NewActivation(f.t.Name+" back", f.t.DType, f.t.Shape...)
	o.back[f.t] = y
	g := &Fetch{From: f.to, Y: y}
	o.insert(max(o.earlier(f.needed, fetchBeside), o.boundary), g)
	o.insert(f.needed, &Await{g})
}

func (o *offload) insert(at int, op Op) { o.before[at] = append(o.before[at], op) }

// later is the place behind n long operations from i on.
func (o *offload) later(i, n int) int {
	for ; i < o.boundary && n > 0; i++ {
		if long(o.p.Ops[i]) {
			n--
		}
	}
	return i
}

// earlier is the place in front of n long operations before i.
func (o *offload) earlier(i, n int) int {
	for ; i > o.boundary && n > 0; i-- {
		if long(o.p.Ops[i-1]) {
			n--
		}
	}
	return i
}

// long tells operations that calculate for longer than they move memory.
func long(op Op) bool {
	switch op.(type) {
	case *Linear, *LinearBackward, *AttentionBackward:
		return true
	}
	return false
}

func (o *offload) program() *Program {
	out := &Program{Name: o.p.Name}
	swap := func(t *Tensor) *Tensor {
		if y := o.back[t]; y != nil {
			return y
		}
		return t
	}
	for i, op := range o.p.Ops {
		out.Add(o.before[i]...)
		if i >= o.boundary && touches(op, o.back) {
			op = substitute(reflect.ValueOf(op), swap).Interface().(Op)
		}
		out.Add(op)
	}
	return out
}

func touches(op Op, set map[*Tensor]*Tensor) bool {
	for _, t := range append(op.Reads(), op.Writes()...) {
		if set[t] != nil {
			return true
		}
	}
	return false
}
