package host

import (
	"context"
	"fmt"
	"time"

	"cogumi/kernels"
)

// Bind prepares one operation: it looks up the memory once and returns what a
// run calls. An operation that it does not know is kernels.ErrUnsupported.
type Bind func(v *View, op kernels.Op) (func(), error)

// Device runs programs with the operations that bind knows.
type Device struct {
	memory   memory
	describe func() kernels.Description
	bind     Bind
	reuse    bool
	freed    func(*kernels.Tensor)
}

// NewDevice returns a device. With reuse, activations that are not alive at
// the same time share memory. freed, if not nil, is told of every tensor that
// is freed or written, so that what was derived from it can be dropped.
func NewDevice(describe func() kernels.Description, bind Bind, reuse bool, freed func(*kernels.Tensor)) *Device {
	if freed == nil {
		freed = func(*kernels.Tensor) {}
	}
	return &Device{memory: memory{}, describe: describe, bind: bind, reuse: reuse, freed: freed}
}

func (d *Device) Describe() kernels.Description     { return d.describe() }
func (d *Device) Alloc(ts ...*kernels.Tensor) error { return d.memory.alloc(ts...) }
func (d *Device) Close() error                      { clear(d.memory); return nil }

// Map makes data the memory of t, kernels.InPlace. data must begin at a multiple
// of the size of t's elements; Write to t is an error.
func (d *Device) Map(t *kernels.Tensor, data []byte) error { return d.memory.use(t, data) }

func (d *Device) Free(ts ...*kernels.Tensor) {
	for _, t := range ts {
		delete(d.memory, t)
		d.freed(t)
	}
}

func (d *Device) Write(t *kernels.Tensor, offset int64, src []byte) error {
	b, err := d.memory.span(t, offset, len(src))
	if err != nil {
		return fmt.Errorf("write %w", err)
	}
	if d.memory[t].fixed {
		return fmt.Errorf("write %s: it is mapped, read-only", t)
	}
	d.freed(t)
	copy(b, src)
	return nil
}

func (d *Device) Read(t *kernels.Tensor, offset int64, dst []byte) error {
	b, err := d.memory.span(t, offset, len(dst))
	if err != nil {
		return fmt.Errorf("read %w", err)
	}
	copy(dst, b)
	return nil
}

// Compile plans p's memory and binds its operations.
func (d *Device) Compile(p *kernels.Program) (kernels.Executable, error) {
	plan := kernels.NewPlan(p, d.reuse)
	e := &executable{name: p.Name, plan: plan, times: map[string]time.Duration{}}
	v := &View{memory: d.memory, arena: aligned(plan.Arena), plan: plan}
	for _, op := range p.Ops {
		for _, t := range append(op.Reads(), op.Writes()...) {
			if _, ok := d.memory[t]; t.Role == kernels.Persistent && !ok {
				return nil, fmt.Errorf("compile %s: %s needs %s, which is not allocated", p.Name, op.Kind(), t)
			}
		}
		run, err := d.bind(v, op)
		if err != nil {
			return nil, fmt.Errorf("compile %s: %s: %w", p.Name, op.Kind(), err)
		}
		e.steps = append(e.steps, step{op.Kind(), run})
	}
	return e, nil
}

type step struct {
	kind string
	run  func()
}

type executable struct {
	name  string
	plan  *kernels.Plan
	steps []step
	times map[string]time.Duration
}

// Run looks at ctx between operations.
func (e *executable) Run(ctx context.Context) error {
	last := time.Now()
	for _, s := range e.steps {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("run %s: %w", e.name, context.Cause(ctx))
		}
		s.run()
		now := time.Now()
		e.times[s.kind] += now.Sub(last)
		last = now
	}
	return nil
}

func (e *executable) Plan() *kernels.Plan { return e.plan }

func (e *executable) Times() map[string]time.Duration {
	t := e.times
	e.times = map[string]time.Duration{}
	return t
}

func (e *executable) Close() error { e.steps = nil; return nil }
