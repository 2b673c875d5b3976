package experiment

import "context"

// life is what the run's work looks at to know that it is to stop.
type life struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
}

func (r *Run) live() {
	l := &life{}
	l.ctx, l.cancel = context.WithCancelCause(context.Background())
	r.life.Store(l)
}

// Interrupt ends what the run is doing now, for hosts that go on with the run
// afterwards: a person at a prompt gave something up. Resume comes next.
func (r *Run) Interrupt() { r.life.Load().cancel(ErrInterrupted) }

// Resume lets the run go on after something in it was interrupted or failed.
func (r *Run) Resume() {
	r.mu.Lock()
	r.failure, r.failed = nil, nil
	r.mu.Unlock()
	if r.Context().Err() != nil {
		r.live()
	}
}
