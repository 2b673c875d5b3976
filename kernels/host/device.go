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

// Config is what makes a device.
type Config struct {
	Describe func() kernels.Description
	Bind     Bind
	// Reuse lets activations that are not alive at the same time share memory.
	Reuse bool
	// Freed, if not nil, is told of every tensor that is freed or written, so that
	// what was derived from it can be dropped.
	Freed func(*kernels.Tensor)
	// Footprint, if not nil, is what a program takes beside its tensors.
	Footprint func(*kernels.Program) int64
}

// Device runs programs with the operations that its Config binds.
type Device struct {
	Config
	memory memory
	idle   func(data []byte)
}

// NewDevice returns a device.
func NewDevice(c Config) *Device {
	if c.Freed == nil {
		c.Freed = func(*kernels.Tensor) {}
	}
	if c.Footprint == nil {
		c.Footprint = func(*kernels.Program) int64 { return 0 }
	}
	return &Device{Config: c, memory: memory{}}
}

func (d *Device) Describe() kernels.Description     { return d.Config.Describe() }
func (d *Device) Alloc(ts ...*kernels.Tensor) error { return d.memory.alloc(ts...) }
func (d *Device) Close() error                      { clear(d.memory); return nil }

// Footprint is kernels.Footprint.
func (d *Device) Footprint(p *kernels.Program) int64 { return d.Config.Footprint(p) }

// Map makes data the memory of t, kernels.InPlace. data must begin at a multiple
// of the size of t's elements; Write to t is an error.
func (d *Device) Map(t *kernels.Tensor, data []byte) error { return d.memory.use(t, data) }

// OnIdle is kernels.InPlace's.
func (d *Device) OnIdle(f func(data []byte)) { d.idle = f }

// Idle says that data will hardly be read again.
func (d *Device) Idle(data []byte) {
	if d.idle != nil {
		d.idle(data)
	}
}

func (d *Device) Free(ts ...*kernels.Tensor) {
	for _, t := range ts {
		delete(d.memory, t)
		d.Freed(t)
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
	d.Freed(t)
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
	plan := kernels.NewPlan(p, d.Reuse)
	e := &executable{name: p.Name, plan: plan, times: map[string]time.Duration{}}
	v := &View{memory: d.memory, arena: aligned(plan.Arena), away: aligned(plan.Away), plan: plan}
	for _, op := range p.Ops {
		for _, t := range append(op.Reads(), op.Writes()...) {
			if _, ok := d.memory[t]; t.Role == kernels.Persistent && !ok {
				return nil, fmt.Errorf("compile %s: %s needs %s, which is not allocated", p.Name, op.Kind(), t)
			}
		}
		run := v.move(op)
		if run == nil {
			var err error
			if run, err = d.Bind(v, op); err != nil {
				return nil, fmt.Errorf("compile %s: %s: %w", p.Name, op.Kind(), err)
			}
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
