package kernels

import (
	"cmp"
	"slices"
)

// Plan is a program's memory: the arena with the place of every activation, and
// what must be there beside it. It is known before the first step.
type Plan struct {
	Arena      int64             // bytes
	Away       int64             // bytes of a second one, in the host's memory
	Offsets    map[*Tensor]int64 // of activations and of what is away, 256-byte aligned
	Persistent int64             // bytes of the persistent tensors that the program touches
	Sum        int64             // what the arena would take without re-use
}

// Overwriter is an operation, as a device sees it, that may write a result where
// one of its inputs lies: pairs of what is written and what is read. The plan
// does so where the input is not needed any more.
type Overwriter interface {
	Op
	Overwrites() [][2]*Tensor
}

// span is the life of a tensor, and of those that later take its place.
type span struct {
	t           *Tensor
	heirs       []*Tensor
	first, last int
	at          int64
}

// NewPlan places activations by lifetime: largest first, each at the lowest
// offset where it overlaps no tensor that is alive at the same time.
// Without reuse every activation has a place of its own (twin checks look at
// all of them afterwards).
func NewPlan(p *Program, reuse bool) *Plan {
	plan := &Plan{Offsets: map[*Tensor]int64{}}
	spans := lifetimes(p, plan)
	for _, s := range spans {
		plan.Sum += align(s.t.Bytes())
		if !reuse {
			s.first, s.last = 0, len(p.Ops)
		}
	}
	if reuse {
		spans = inherit(p, spans)
	}
	slices.SortStableFunc(spans, func(a, b *span) int { return cmp.Compare(b.t.Bytes(), a.t.Bytes()) })
	var arena, away []*span // placed, by offset
	for _, s := range spans {
		placed, end := &arena, &plan.Arena
		if s.t.Role == Away {
			placed, end = &away, &plan.Away
		}
		s.at = lowest(*placed, s)
		for _, t := range append(s.heirs, s.t) {
			plan.Offsets[t] = s.at
		}
		*end = max(*end, s.at+align(s.t.Bytes()))
		i, _ := slices.BinarySearchFunc(*placed, s, func(a, b *span) int { return cmp.Compare(a.at, b.at) })
		*placed = slices.Insert(*placed, i, s)
	}
	return plan
}

// align is to what tile copies want, so that no algorithm depends on a place.
func align(n int64) int64 { return (n + 255) &^ 255 }

// inherit lets results take the place of inputs that end with their operation.
func inherit(p *Program, spans []*span) []*span {
	of := map[*Tensor]*span{}
	for _, s := range spans {
		of[s.t] = s
	}
	gone := map[*span]bool{}
	for i, op := range p.Ops {
		o, ok := op.(Overwriter)
		if !ok {
			continue
		}
		for _, pair := range o.Overwrites() {
			to, from := of[pair[0]], of[pair[1]]
			if to == nil || from == nil || to == from || to.first != i || from.last != i || to.t.Bytes() != from.t.Bytes() {
				continue
			}
			from.last, from.heirs = to.last, append(append(from.heirs, to.t), to.heirs...)
			of[pair[0]], gone[to] = from, true
		}
	}
	return slices.DeleteFunc(spans, func(s *span) bool { return gone[s] })
}

// lifetimes returns the activations in order of first use, and counts the
// persistent tensors.
func lifetimes(p *Program, plan *Plan) []*span {
	var spans []*span
	seen := map[*Tensor]*span{}
	counted := map[*Tensor]bool{}
	touch := func(t *Tensor, i int) {
		if t.Role == Persistent {
			if !counted[t] {
				counted[t] = true
				plan.Persistent += t.Bytes()
			}
			return
		}
		if s := seen[t]; s != nil {
			s.last = i
			return
		}
		s := &span{t: t, first: i, last: i}
		seen[t] = s
		spans = append(spans, s)
	}
	for i, op := range p.Ops {
		for _, t := range op.Reads() {
			touch(t, i)
		}
		for _, t := range op.Writes() {
			touch(t, i)
		}
	}
	return spans
}

// lowest finds the lowest offset for s beside the spans that are alive with it;
// placed are in order of their offsets.
func lowest(placed []*span, s *span) (at int64) {
	size := align(s.t.Bytes())
	for _, o := range placed {
		if o.first > s.last || s.first > o.last {
			continue
		}
		if at+size <= o.at {
			break
		}
		at = max(at, o.at+align(o.t.Bytes()))
	}
	return at
}
