package experiment

import (
	"sync"
	"time"

	"cogumi/reports/run"
)

// Progress is a long operation that counts what it has done. It is safe for
// concurrent use, and cheap enough for every row.
type Progress struct {
	r     *Run
	name  string
	unit  string
	total int

	mu      sync.Mutex
	done    int
	skipped int // done before this process began: no part of the rate
	note    string
	began   time.Time
	window  []mark // a few seconds of the past, for the rate
	logged  time.Time
	over    bool
	step    string
	line    plainState
}

// mark is how far the operation was at a time.
type mark struct {
	at   time.Time
	done int
}

const (
	rateWindow = 15 * time.Second
	markEvery  = 250 * time.Millisecond
	logEvery   = 500 * time.Millisecond
)

// Progress begins a long operation of total units ("rows", "steps", "tokens");
// total 0 means that nobody knows. Call Done at its end.
func (r *Run) Progress(name, unit string, total int) *Progress {
	now := time.Now()
	p := &Progress{r: r, name: name, unit: unit, total: max(total, 0), began: now, step: r.stepName()}
	p.window = []mark{{now, 0}}
	r.con.progressBegins(p)
	return p
}

// Add counts n more units.
func (p *Progress) Add(n int) { p.add(n, 0) }

// Skip counts n units that an earlier attempt did: they are done, but say
// nothing about the speed.
func (p *Progress) Skip(n int) { p.add(0, n) }

func (p *Progress) add(n, skip int) {
	now := time.Now()
	p.mu.Lock()
	p.done += n
	p.skipped += skip
	if now.Sub(p.window[len(p.window)-1].at) >= markEvery {
		p.window = append(p.window, mark{now, p.done})
		for len(p.window) > 2 && now.Sub(p.window[1].at) > rateWindow {
			p.window = p.window[1:]
		}
	}
	e, log := p.event(now)
	p.mu.Unlock()
	if log {
		p.r.event(e)
	}
}

// event is the state for the log, at most twice a second.
func (p *Progress) event(now time.Time) (run.Event, bool) {
	if p.over || p.r.w == nil || now.Sub(p.logged) < logEvery {
		return run.Event{}, false
	}
	p.logged = now
	return p.eventNow(now), true
}

func (p *Progress) eventNow(now time.Time) run.Event {
	return run.Event{Kind: "progress", Step: p.step, Progress: &run.Progress{
		Name: p.name, Unit: p.unit, Done: p.done + p.skipped, Total: p.total, Rate: p.rate(now), Note: p.note,
	}}
}

// Note shows a few words behind the bar: "loss 0.43".
func (p *Progress) Note(text string) {
	p.mu.Lock()
	p.note = text
	p.mu.Unlock()
}

// Done ends the operation. Calling it twice is fine.
func (p *Progress) Done() {
	now := time.Now()
	p.mu.Lock()
	if p.over {
		p.mu.Unlock()
		return
	}
	p.over = true
	e := p.eventNow(now)
	if took := now.Sub(p.began).Seconds(); took > 0 {
		e.Progress.Rate = float64(p.done) / took // at the end the mean is the figure
	}
	p.mu.Unlock()
	p.r.con.progressEnds(p, e.Progress, now.Sub(p.began))
	p.r.event(e)
}

// rate is units per second over the last seconds; 0 when too little is known.
func (p *Progress) rate(now time.Time) float64 {
	from := p.window[0]
	took := now.Sub(from.at).Seconds()
	if took < 0.2 || p.done == from.done {
		return 0
	}
	return float64(p.done-from.done) / took
}

// state is a copy for drawing.
func (p *Progress) state(now time.Time) barState {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := barState{name: p.name, unit: p.unit, done: p.done + p.skipped, total: p.total, rate: p.rate(now), note: p.note, elapsed: now.Sub(p.began)}
	if left := s.total - s.done; s.rate > 0 && left > 0 {
		s.eta = time.Duration(float64(left) / s.rate * float64(time.Second))
	}
	return s
}
