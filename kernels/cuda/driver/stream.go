package driver

import (
	"time"
	"unsafe"
)

// Stream runs its work in order.
type Stream struct {
	x      *Context
	handle uintptr
}

const nonBlocking = 1

// NewStream makes a stream that does not wait for the default one.
func (x *Context) NewStream() (*Stream, error) {
	s := &Stream{x: x}
	return s, x.c.do("cuStreamCreate", uintptr(unsafe.Pointer(&s.handle)), nonBlocking)
}

// Handle is CUDA's own name of the stream, for libraries.
func (s *Stream) Handle() uintptr { return s.handle }

// Synchronize waits for the stream's work; errors of kernels appear here.
func (s *Stream) Synchronize() error { return s.x.c.do("cuStreamSynchronize", s.handle) }

// Close destroys the stream.
func (s *Stream) Close() error { return s.x.c.do("cuStreamDestroy_v2", s.handle) }

// Event is a moment in a stream.
type Event struct {
	x      *Context
	handle uintptr
}

// NewEvent makes an event that can be timed.
func (x *Context) NewEvent() (*Event, error) {
	e := &Event{x: x}
	return e, x.c.do("cuEventCreate", uintptr(unsafe.Pointer(&e.handle)), 0)
}

const disableTiming = 2

// NewMark makes an event that streams wait for and that cannot be timed.
func (x *Context) NewMark() (*Event, error) {
	e := &Event{x: x}
	return e, x.c.do("cuEventCreate", uintptr(unsafe.Pointer(&e.handle)), disableTiming)
}

// Wait lets the stream's later work wait for what e marks. In a capture, a stream
// that waits for a mark of the captured one becomes part of it.
func (s *Stream) Wait(e *Event) error { return s.x.c.do("cuStreamWaitEvent", s.handle, e.handle, 0) }

// Record marks the end of the stream's work so far.
func (e *Event) Record(s *Stream) error { return e.x.c.do("cuEventRecord", e.handle, s.handle) }

// Synchronize waits for the event.
func (e *Event) Synchronize() error { return e.x.c.do("cuEventSynchronize", e.handle) }

// Since is the time from an earlier event to e; both have happened.
func (e *Event) Since(from *Event) (time.Duration, error) {
	var ms float32
	err := e.x.c.do("cuEventElapsedTime", uintptr(unsafe.Pointer(&ms)), from.handle, e.handle)
	return time.Duration(float64(ms) * float64(time.Millisecond)), err
}

// Close destroys the event.
func (e *Event) Close() error { return e.x.c.do("cuEventDestroy_v2", e.handle) }

// Graph is recorded work that is launched as one.
type Graph struct {
	x     *Context
	exec  uintptr
	Nodes int
}

const captureThreadLocal = 1

// Capture records what record puts into the stream, which does not run.
func (s *Stream) Capture(record func() error) (*Graph, error) {
	c := s.x.c
	if err := c.do("cuStreamBeginCapture_v2", s.handle, captureThreadLocal); err != nil {
		return nil, err
	}
	fault := record()
	var graph uintptr
	err := c.do("cuStreamEndCapture", s.handle, uintptr(unsafe.Pointer(&graph)))
	if fault != nil {
		return nil, fault
	}
	if err != nil {
		return nil, err
	}
	defer c.do("cuGraphDestroy", graph)
	var nodes uint64
	if err := c.do("cuGraphGetNodes", graph, 0, uintptr(unsafe.Pointer(&nodes))); err != nil {
		return nil, err
	}
	g := &Graph{x: s.x, Nodes: int(nodes)}
	return g, with(c.do("cuGraphInstantiateWithFlags", uintptr(unsafe.Pointer(&g.exec)), graph, 0), "%d nodes", nodes)
}

// Launch puts the graph's work into the stream.
func (g *Graph) Launch(s *Stream) error { return g.x.c.do("cuGraphLaunch", g.exec, s.handle) }

// Close destroys the graph.
func (g *Graph) Close() error { return g.x.c.do("cuGraphExecDestroy", g.exec) }
