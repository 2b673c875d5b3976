package par

import (
	"runtime"
	"sync/atomic"
)

// spins is how often a goroutine looks again before it sleeps. Loops come in
// quick succession: waking a sleeper costs more than a short look-out.
const spins = 4000

// helper is one worker besides the caller. It takes the job from its slot; a
// slot that it was too slow to empty is taken back by the caller.
type helper struct {
	slot   atomic.Pointer[job]
	asleep atomic.Bool
	wake   chan struct{}
}

// offer puts the job into the slots of n helpers and wakes those that sleep.
func offer(j *job, n int) {
	for len(pool) < n {
		h := &helper{wake: make(chan struct{}, 1)}
		pool = append(pool, h)
		go h.work()
	}
	for _, h := range pool[:n] {
		h.slot.Store(j)
		if h.asleep.CompareAndSwap(true, false) {
			h.wake <- struct{}{}
		}
	}
}

// revoke empties the slots that are still full and says how many.
func revoke(j *job, n int) (revoked int) {
	for _, h := range pool[:n] {
		if h.slot.CompareAndSwap(j, nil) {
			revoked++
		}
	}
	return revoked
}

func (h *helper) work() {
	for {
		j := h.wait()
		j.run()
		if j.left.Add(-1) == 0 {
			j.done <- struct{}{}
		}
	}
}

// wait looks out for a job, then sleeps until one is offered.
func (h *helper) wait() *job {
	for {
		for i := range spins {
			if h.slot.Load() != nil {
				if j := h.slot.Swap(nil); j != nil {
					return j
				}
			}
			if i%64 == 63 {
				runtime.Gosched()
			}
		}
		h.asleep.Store(true)
		if h.slot.Load() != nil && h.asleep.CompareAndSwap(true, false) {
			continue // offered before it fell asleep
		}
		<-h.wake
	}
}
