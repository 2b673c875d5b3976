package kernels

import (
	"cmp"
	"slices"
)

// Plan is a program's memory: the arena with the place of every activation, and
// what must be there beside it. It is known before the first step.
type Plan struct {
	Arena      int64             // bytes
	Offsets    map[*Tensor]int64 // of activations, 64-byte aligned
	Persistent int64             // bytes of the persistent tensors that the program touches
	Sum        int64             // what the arena would take without re-use
}

type span struct {
	t           *Tensor
	first, last int
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
	slices.SortStableFunc(spans, func(a, b *span) int { return cmp.Compare(b.t.Bytes(), a.t.Bytes()) })
	var placed []*span
	for _, s := range spans {
		at := plan.lowest(placed, s)
		plan.Offsets[s.t] = at
		plan.Arena = max(plan.Arena, at+align(s.t.Bytes()))
		placed = append(placed, s)
	}
	return plan
}

func align(n int64) int64 { return (n + 63) &^ 63 }

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
		s := &span{t, i, i}
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

// lowest finds the lowest offset for s beside the placed spans that are alive
// with it.
func (plan *Plan) lowest(placed []*span, s *span) int64 {
	type room struct{ from, to int64 }
	var taken []room
	for _, o := range placed {
		if o.first <= s.last && s.first <= o.last {
			at := plan.Offsets[o.t]
			taken = append(taken, room{at, at + align(o.t.Bytes())})
		}
	}
	slices.SortFunc(taken, func(a, b room) int { return cmp.Compare(a.from, b.from) })
	var at int64
	for _, r := range taken {
		if at+align(s.t.Bytes()) <= r.from {
			break
		}
		at = max(at, r.to)
	}
	return at
}
