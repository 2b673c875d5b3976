package cells

import (
	"context"

	"cogumi/runtime/script/mono"
)

// ending is the name by which a piece of ours calls what pieces do not see.
const ending = "ending" + mono.Dot

// later keeps what a piece defers: pieces are main's body, and main is not over.
func (s *Session) later(f func()) { s.deferred = append(s.deferred, f) }

func (s *Session) leave() { s.left = true }

// last takes what was deferred last.
func (s *Session) last() func() {
	n := len(s.deferred) - 1
	f := s.deferred[n]
	s.deferred = s.deferred[:n]
	return f
}

// Finish does what pieces deferred, the last one first, as main's end would. A
// panic in one does not keep the others from running; failures are what went
// wrong.
func (s *Session) Finish(ctx context.Context) (failures []Outcome) {
	for len(s.deferred) > 0 && ctx.Err() == nil {
		if out := s.Eval(ctx, "", ending+".Deferred()()", nil); out.Failed() {
			failures = append(failures, out)
		}
	}
	return failures
}
