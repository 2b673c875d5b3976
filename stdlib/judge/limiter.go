package judge

import (
	"context"
	"sync"
	"time"
)

// limiter decides how many calls are under way: one more for each round of good
// answers, half after the endpoint said that it was too many, none until it said
// that one may come again.
type limiter struct {
	mu      sync.Mutex
	most    int
	now     float64 // allowed at once
	busy    int
	halved  time.Time
	resume  time.Time // nothing begins before
	changed chan struct{}
}

func newLimiter(most int) *limiter {
	return &limiter{most: most, now: float64(min(8, most)), changed: make(chan struct{})}
}

func (l *limiter) acquire(ctx context.Context) error {
	for {
		l.mu.Lock()
		pause := time.Until(l.resume)
		if pause <= 0 && l.busy < int(l.now) {
			l.busy++
			l.mu.Unlock()
			return nil
		}
		wake := l.changed
		l.mu.Unlock()
		if pause <= 0 {
			select {
			case <-wake:
				continue
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// release ends a call that began at that time. crowded: the endpoint could not
// take it; after says from when on it will, zero if it did not say.
func (l *limiter) release(began time.Time, crowded bool, after time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy--
	switch {
	case !crowded:
		l.now = min(float64(l.most), l.now+1/l.now)
	case began.After(l.halved): // later news than the last time
		l.now, l.halved = max(1, l.now/2), time.Now()
	}
	if until := time.Now().Add(after); after > 0 && until.After(l.resume) {
		l.resume = until
	}
	close(l.changed)
	l.changed = make(chan struct{})
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
