package cells

import (
	"bufio"
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// Process is a session in a child process, seen from the parent. Pieces run one
// after another; questions wait for the piece that runs.
type Process struct {
	// Late is told of what comes outside of any request: a panic in a goroutine
	// whose piece is over, what such goroutines print.
	Late func(Event)

	wire  wire
	close io.Closer

	mu      sync.Mutex
	next    int
	waiting map[int]*call
	gone    chan struct{} // closed when the child's side has ended
	err     error
}

// call is a request that was not answered yet.
type call struct {
	id   int
	on   func(Event)
	done chan Event
}

// ErrGone: the session's process has ended.
var ErrGone = errors.New("the session's process has ended")

// Connect speaks with a child that serves: in is what it reads, out what it writes.
func Connect(in io.WriteCloser, out io.Reader, late func(Event)) *Process {
	p := &Process{Late: late, wire: wire{out: bufio.NewWriter(in)}, close: in, waiting: map[int]*call{}, gone: make(chan struct{})}
	go func() {
		err := lines(out, p.receive)
		p.mu.Lock()
		p.err = err
		p.mu.Unlock()
		close(p.gone)
	}()
	return p
}

func (p *Process) receive(e Event) {
	p.mu.Lock()
	c := p.waiting[e.ID]
	if e.Kind == "done" {
		delete(p.waiting, e.ID)
	}
	p.mu.Unlock()
	switch {
	case c == nil:
		if p.Late != nil && e.Kind != "ready" {
			p.Late(e)
		}
	case e.Kind == "done":
		c.done <- e
	case c.on != nil:
		c.on(e)
	}
}

// Gone is closed when the child has ended.
func (p *Process) Gone() <-chan struct{} { return p.gone }

// Close ends the child's session: it sees the end of its input.
func (p *Process) Close() error { return p.close.Close() }

func (p *Process) ask(r request, on func(Event)) (*call, error) {
	c := &call{on: on, done: make(chan Event, 1)}
	p.mu.Lock()
	p.next++
	r.ID, c.id = p.next, p.next
	p.waiting[r.ID] = c
	p.mu.Unlock()
	if err := p.wire.send(r); err != nil {
		return nil, ErrGone
	}
	return c, nil
}

// Eval runs a piece; on gets its output and values as they come. When ctx ends
// the piece is interrupted, and Eval goes on waiting for what that leads to. The
// error is ErrGone when the child ended.
func (p *Process) Eval(ctx context.Context, name, src string, on func(Event)) (Outcome, error) {
	if ctx.Err() != nil {
		return Outcome{Interrupted: true}, nil
	}
	c, err := p.ask(request{Do: "eval", Name: name, Text: src}, on)
	if err != nil {
		return Outcome{}, err
	}
	interrupt := ctx.Done()
	for {
		select {
		case e := <-c.done:
			return *e.Outcome, nil
		case <-interrupt:
			interrupt = nil
			if err := p.wire.send(request{ID: c.id, Do: "interrupt"}); err != nil {
				return Outcome{}, ErrGone
			}
		case <-p.gone:
			select {
			case e := <-c.done:
				return *e.Outcome, nil
			default:
				return Outcome{}, ErrGone
			}
		}
	}
}

func (p *Process) question(r request) Answer {
	c, err := p.ask(r, nil)
	if err != nil {
		return Answer{Error: err.Error()}
	}
	select {
	case e := <-c.done:
		return *e.Answer
	case <-p.gone:
		return Answer{Error: ErrGone.Error()}
	case <-time.After(10 * time.Second):
		return Answer{Error: "the session is busy"}
	}
}

// Complete says how the word that ends at byte at of src may go on.
func (p *Process) Complete(src string, at int) Answer {
	return p.question(request{Do: "complete", Text: src, At: at})
}

// Doc is the declaration and the documentation of a name: train.QLoRA, x, strings.
func (p *Process) Doc(name string) Answer { return p.question(request{Do: "doc", Text: name}) }

// TypeOf is the type of an expression, which is not evaluated.
func (p *Process) TypeOf(expr string) Answer { return p.question(request{Do: "type", Text: expr}) }

// Script is the session so far as a script called name.
func (p *Process) Script(name string) Answer { return p.question(request{Do: "save", Name: name}) }

// Reset forgets all that pieces declared.
func (p *Process) Reset() Answer { return p.question(request{Do: "reset"}) }
