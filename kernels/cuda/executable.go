package cuda

import (
	"context"
	"fmt"
	"time"

	"cogumi/kernels"
	"cogumi/kernels/cuda/driver"
)

// step is the launches of one operation, or of a part of it that runs only
// while a count is high enough.
type step struct {
	kind  string
	count *kernels.Tensor
	least int
	work  []func(*driver.Stream) error
}

// executable is a compiled program.
type executable struct {
	d      *Device
	name   string
	plan   *kernels.Plan
	joined map[*kernels.Tensor]part
	beside map[*kernels.Tensor]int
	arena  place
	away   place // in the host's memory
	// open are copies to and from there that are under way while a run is
	// recorded or launched.
	open  map[kernels.Op]*moving
	marks []*driver.Event
	// persistent tensors whose places the launches know.
	touched []*kernels.Tensor
	// constants are tables that kernels read.
	constants []place
	steps     []*step
	segments  []*segment
	times     timing
}

// segment is steps in a row that run under the same condition, as one graph.
type segment struct {
	steps []*step
	graph *driver.Graph
}

// Compile plans a program's memory and binds its operations.
func (d *Device) Compile(p *kernels.Program) (kernels.Executable, error) {
	leave, err := d.enter()
	defer leave()
	if err != nil {
		return nil, err
	}
	e := &executable{d: d, name: p.Name, open: map[kernels.Op]*moving{}}
	if err := e.compile(p); err != nil {
		e.free()
		return nil, fmt.Errorf("compile %s: %w", p.Name, err)
	}
	return e, nil
}

// compile binds twice: dry, to see how much scratch memory each operation wants,
// then with all places known. Scratch memory lies among the activations.
func (e *executable) compile(p *kernels.Program) error {
	keep := e.d.keepDense(p, e.d.Plan(p).Arena)
	e.joined, e.beside = joined(p), beside(p)
	e.plan = plan(p, e.joined, nil)
	c := &compiler{d: e.d, e: e, dry: true, base: fake << 1, keep: keep, turns: turns(p)}
	scratch := make([]*kernels.Tensor, len(p.Ops))
	for i, op := range p.Ops {
		if err := c.bind(op); err != nil {
			return err
		}
		if c.most > 0 {
			scratch[i] = kernels.NewActivation(op.Kind()+" scratch", kernels.U8, int(c.most))
		}
	}
	e.plan = plan(p, e.joined, scratch)
	if err := e.take(); err != nil {
		return err
	}
	e.use(p)
	c.dry = false
	for i, op := range p.Ops {
		if scratch[i] != nil {
			c.base = c.ptr(scratch[i])
		}
		if err := c.bind(op); err != nil {
			return err
		}
	}
	e.segments = segments(e.steps)
	return e.times.open(e)
}

// take allocates what the plan says.
func (e *executable) take() error {
	places, err := e.d.memory.arena(e.name, e.plan.Arena)
	if err != nil {
		return err
	}
	e.arena = places[0]
	if e.plan.Away > 0 {
		if places, err = e.d.memory.takeHost("activations of "+e.name, e.plan.Away); err != nil {
			return err
		}
		e.away = places[0]
	}
	return nil
}

// use notes that the program knows the places of persistent tensors.
func (e *executable) use(p *kernels.Program) {
	seen := map[*kernels.Tensor]bool{}
	for _, op := range p.Ops {
		for _, t := range append(op.Reads(), op.Writes()...) {
			if t.Role == kernels.Persistent && !seen[t] {
				seen[t] = true
				e.touched = append(e.touched, t)
				e.d.memory.used[t]++
			}
		}
	}
}

// segments groups steps that run under the same condition.
func segments(steps []*step) []*segment {
	var all []*segment
	for _, s := range steps {
		if len(s.work) == 0 {
			continue
		}
		if n := len(all); n > 0 && all[n-1].steps[0].count == s.count && all[n-1].steps[0].least == s.least {
			all[n-1].steps = append(all[n-1].steps, s)
			continue
		}
		all = append(all, &segment{steps: []*step{s}})
	}
	return all
}

// due says whether a segment runs, by the count that the host wrote last.
func (s *segment) due(m *memory) bool {
	first := s.steps[0]
	return first.count == nil || m.counts[first.count] > first.least
}

// Run puts the program's work into the device's stream and returns. The first
// run goes launch by launch, and is timed by operation; later ones are graphs.
func (e *executable) Run(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("run %s: %w", e.name, context.Cause(ctx))
	}
	leave, err := e.d.enter()
	defer leave()
	if err == nil {
		err = e.run()
	}
	if err != nil {
		return fmt.Errorf("run %s: %w", e.name, err)
	}
	return nil
}

func (e *executable) run() error {
	if e.d.options.Eager || e.times.runs == 0 {
		return e.eager()
	}
	if err := e.times.start(); err != nil {
		return err
	}
	for _, s := range e.segments {
		if !s.due(&e.d.memory) {
			continue
		}
		if s.graph == nil {
			if err := e.capture(s, e.d.stream); err != nil {
				return err
			}
		}
		if err := s.graph.Launch(e.d.stream); err != nil {
			return err
		}
	}
	return e.times.stop()
}

func (e *executable) capture(s *segment, stream *driver.Stream) (err error) {
	s.graph, err = stream.Capture(func() error {
		for _, st := range s.steps {
			if err := st.run(stream); err != nil {
				return err
			}
		}
		return e.join(stream)
	})
	return err
}

func (s *step) run(stream *driver.Stream) error {
	for _, w := range s.work {
		if err := w(stream); err != nil {
			return fmt.Errorf("%s: %w", s.kind, err)
		}
	}
	return nil
}

// eager runs launch by launch and times every step.
func (e *executable) eager() error {
	for _, s := range e.segments {
		if !s.due(&e.d.memory) {
			continue
		}
		for _, st := range s.steps {
			if err := e.times.begin(st.kind); err != nil {
				return err
			}
			if err := st.run(e.d.stream); err != nil {
				return err
			}
		}
		if err := e.join(e.d.stream); err != nil {
			return err
		}
	}
	return e.times.end()
}

// Plan is the program's memory.
func (e *executable) Plan() *kernels.Plan { return e.plan }

// Times is the time per kind of operation since the last call. Runs as a graph
// are timed as a whole; the time is shared out as in the first run, which is
// timed operation by operation.
func (e *executable) Times() map[string]time.Duration {
	leave, err := e.d.enter()
	defer leave()
	if err != nil {
		return nil
	}
	return e.times.take()
}

// Close waits for the work in flight and frees the program's memory.
func (e *executable) Close() error {
	leave, err := e.d.enter()
	defer leave()
	if err != nil {
		return err
	}
	if err := e.d.stream.Synchronize(); err != nil {
		return err
	}
	e.free()
	return nil
}

func (e *executable) free() {
	for _, s := range e.segments {
		if s.graph != nil {
			s.graph.Close()
			s.graph = nil
		}
	}
	for _, p := range append([]place{e.arena, e.away}, e.constants...) {
		if p.chunk != nil {
			e.d.memory.release(p)
		}
	}
	for _, m := range e.marks {
		m.Close()
	}
	for _, t := range e.touched {
		if e.d.memory.used[t]--; e.d.memory.used[t] == 0 {
			delete(e.d.memory.used, t)
		}
	}
	e.arena, e.away, e.constants, e.marks, e.touched = place{}, place{}, nil, nil, nil
	e.times.close()
}
