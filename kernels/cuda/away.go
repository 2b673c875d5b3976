package cuda

import (
	"errors"
	"fmt"
	"time"

	"cogumi/kernels"
	"cogumi/kernels/cuda/driver"
)

// hostKind is what Usage calls memory of the host. It is no part of the peak.
const hostKind = "in the host's memory"

// takeHost allocates page-locked memory of the host, in one piece.
func (m *memory) takeHost(what string, sizes ...int64) ([]place, error) {
	var total int64
	for _, n := range sizes {
		total += aligned(n)
	}
	h, err := m.d.context.AllocHost(total)
	if err != nil {
		return nil, fmt.Errorf("%s: the host has no room for %d MiB that stay in its memory; more memory for the GPU "+
			"or smaller token budgets need less: %w", what, total>>20, err)
	}
	m.kinds[hostKind] += total
	return m.split(&chunk{ptr: h.Ptr, bytes: total, kind: hostKind, host: h}, sizes), nil
}

// onHost waits for the work in flight and hands over what is in the host's memory.
func (d *Device) onHost(p driver.Ptr, n int, with func([]byte)) error {
	if err := d.stream.Synchronize(); err != nil {
		return err
	}
	with(driver.HostBytes(p, int64(n)))
	return nil
}

// Evictable tells whether no compiled program knows where t is.
func (d *Device) Evictable(t *kernels.Tensor) bool { return d.memory.used[t] == 0 }

// Evict moves persistent tensors to the host's memory. Kernels reach them there
// over the bus: good for what is read once, or a few rows of it, a step.
func (d *Device) Evict(ts ...*kernels.Tensor) error {
	leave, err := d.enter()
	defer leave()
	if err != nil {
		return err
	}
	for _, t := range ts {
		if err := d.memory.evict(t); err != nil {
			return fmt.Errorf("move %s to the host's memory: %w", t, err)
		}
	}
	return nil
}

func (m *memory) evict(t *kernels.Tensor) error {
	from, ok := m.tensors[t]
	switch {
	case !ok:
		return errors.New("it is not allocated")
	case from.chunk.host != nil:
		return nil
	case m.used[t] > 0:
		return errors.New("compiled programs read it where it is")
	}
	to, err := m.takeHost(t.Name, t.Bytes())
	if err != nil {
		return err
	}
	err = m.d.stream.Move(to[0].ptr, from.ptr, t.Bytes())
	if err == nil {
		err = m.d.stream.Synchronize()
	}
	if err != nil {
		m.release(to[0])
		return err
	}
	m.release(from)
	m.tensors[t] = to[0]
	return nil
}

// Balance measures the bus, once: 64 MiB each way at the same time, the best of
// three. A step is taken to do half of what the multiprocessors can.
func (d *Device) Balance() float64 {
	leave, err := d.enter()
	defer leave()
	if err != nil {
		return 0
	}
	if d.bus == 0 {
		d.bus = d.measureBus()
	}
	if d.bus == 0 {
		return 0
	}
	g := d.context.Device
	return 0.5 * float64(g.Multiprocessors) * float64(g.Clock) * operations(g.Capability()) / d.bus
}

// operations of bf16 products that a multiprocessor does a cycle, summing in f32
// (NVIDIA's white papers of Ampere, Ada, Hopper and Blackwell).
func operations(capability int) float64 {
	switch {
	case capability == 80:
		return 2048
	case capability == 90:
		return 4096
	case capability >= 100 && capability < 110:
		return 8192
	}
	return 1024
}

// measureBus is bytes a second in each direction; 0: there is no room to measure.
func (d *Device) measureBus() (best float64) {
	const n = 64 << 20
	gpu, err := d.memory.take("bus", n, n)
	if err != nil {
		return 0
	}
	defer func() {
		for _, p := range gpu {
			d.memory.release(p)
		}
	}()
	host, err := d.memory.takeHost("bus", n, n)
	if err != nil {
		return 0
	}
	defer func() {
		for _, p := range host {
			d.memory.release(p)
		}
	}()
	if d.stream.Synchronize() != nil {
		return 0
	}
	for range 3 {
		began := time.Now()
		for _, err := range []error{d.out.Move(host[0].ptr, gpu[0].ptr, n), d.in.Move(gpu[1].ptr, host[1].ptr, n), d.out.Synchronize(), d.in.Synchronize()} {
			if err != nil {
				return 0
			}
		}
		best = max(best, n/time.Since(began).Seconds())
	}
	return best
}

// moving is a copy between the GPU and the host beside the program's own work.
type moving struct {
	stream   *driver.Stream
	may, did *driver.Event // marks: what it reads and writes is ready; it is over
	to, from driver.Ptr
	bytes    int64
}

func bindAway(c *compiler, op kernels.Op) bool {
	switch o := op.(type) {
	case *kernels.Store:
		c.begin(op, c.d.out, c.ptr(o.To), c.ptr(o.X), o.X.Bytes())
	case *kernels.Fetch:
		c.begin(op, c.d.in, c.ptr(o.Y), c.ptr(o.From), o.Y.Bytes())
	case *kernels.Await:
		e, of := c.e, o.Of
		c.do(func(s *driver.Stream) error { return e.await(s, of) })
	default:
		return false
	}
	return true
}

// begin appends a copy that runs in a stream of its own.
func (c *compiler) begin(op kernels.Op, stream *driver.Stream, to, from driver.Ptr, bytes int64) {
	if c.dry {
		return
	}
	m := &moving{stream: stream, to: to, from: from, bytes: bytes}
	for _, mark := range []**driver.Event{&m.may, &m.did} {
		var err error
		*mark, err = c.d.context.NewMark()
		c.fail(err)
		if err != nil {
			return
		}
		c.e.marks = append(c.e.marks, *mark)
	}
	e := c.e
	c.do(func(s *driver.Stream) error { return e.begin(s, op, m) })
}

func (e *executable) begin(s *driver.Stream, op kernels.Op, m *moving) error {
	if err := m.may.Record(s); err != nil {
		return err
	}
	if err := m.stream.Wait(m.may); err != nil {
		return err
	}
	if err := m.stream.Move(m.to, m.from, m.bytes); err != nil {
		return err
	}
	e.open[op] = m
	return m.did.Record(m.stream)
}

// await lets the program wait for a copy, if it did not already.
func (e *executable) await(s *driver.Stream, op kernels.Op) error {
	m := e.open[op]
	if m == nil {
		return nil
	}
	delete(e.open, op)
	return s.Wait(m.did)
}

// join waits for all copies: a graph ends with nothing open, and what comes
// behind it finds everything in its place.
func (e *executable) join(s *driver.Stream) error {
	for op := range e.open {
		if err := e.await(s, op); err != nil {
			return err
		}
	}
	return nil
}
