package interp

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/traefik/yaegi/interp"

	"cogumi/runtime/script/check"
	"cogumi/runtime/script/dyn"
	"cogumi/runtime/script/lower"
)

// Cells interprets the pieces of one program that grows. The interpreter's own way
// to stop would leave every function value of the piece dead for good; so a piece
// that is to end does that by itself: its loops and functions ask (Poll), and its
// goroutines leave by runtime.Goexit.
type Cells struct {
	m    *Machine
	stop *int // of the lowered program: not 0 when goroutines have to ask

	// OnLate is told of a panic in a goroutine whose piece is over.
	OnLate func(Failure)

	mu      sync.Mutex
	pieces  map[int]*piece // goroutine → the piece that it belongs to
	leaving int            // pieces that are to end and still run
}

// piece is one piece's execution, with the goroutines that it started.
type piece struct {
	ctx      context.Context
	stop     atomic.Bool   // the piece is to end
	told     chan struct{} // closed then
	routines int
	failed   chan Failure
	exit     chan int
	over     chan struct{} // closed when Run has returned
}

// NewCells makes a machine for pieces. grace says, after a piece was told to end,
// whether to wait longer for it.
func NewCells(grace func(time.Duration) bool) *Cells {
	c := &Cells{m: New(), pieces: map[int]*piece{}}
	if grace != nil {
		c.m.Grace = grace
	}
	c.m.runner.Stop = make(chan struct{})
	return c
}

// Machine is where pieces are parsed.
func (c *Cells) Machine() *Machine { return c.m }

// Compiled is a piece that is ready to run.
type Compiled struct {
	prog *interp.Program
}

// Compile prepares a piece; pieces run in the order in which they were compiled.
func (c *Cells) Compile(l *lower.Lowered) (compiled *Compiled, problem *check.Problem) {
	defer func() {
		if r := recover(); r != nil {
			problem = c.m.refused(l, fmt.Sprint(r))
		}
	}()
	c.m.script = l
	c.m.cells = c
	if err := c.m.use(l); err != nil {
		return nil, c.m.refused(l, err.Error())
	}
	prog, err := c.m.yaegi.CompileAST(l.File)
	if err != nil {
		return nil, c.m.refused(l, err.Error())
	}
	return &Compiled{prog}, nil
}

// host is what pieces get in place of a script's functions of the runner.
func (c *Cells) host(l *lower.Lowered) map[string]any {
	r := c.m.runner
	return map[string]any{
		"Fast": func(n int, variables ...any) {
			p := c.of()
			l.Fast[n].Run(&p.stop, c.m.setPosition, variables)
			if p.stop.Load() {
				runtime.Goexit()
			}
		},
		"Track":    func(p, stop *int) { r.Position.Now, c.stop = p, stop },
		"Main":     r.Piece,
		"Go":       c.start,
		lower.Poll: c.poll,
		"Select":   c.choose,
	}
}

// Run runs a compiled piece. interrupted: ctx ended before it did.
func (c *Cells) Run(ctx context.Context, p *Compiled) (failure *Failure, err error, interrupted bool) {
	run := &piece{ctx: ctx, failed: make(chan Failure, 1), exit: make(chan int, 1), told: make(chan struct{}), over: make(chan struct{})}
	defer close(run.over)
	done := make(chan error, 1)
	go func() {
		id := c.enter(run)
		left := true
		var err error
		defer func() {
			c.leave(id)
			if !left {
				done <- err
			} else {
				done <- ErrStopped
			}
		}()
		_, err = c.m.yaegi.Execute(p.prog)
		left = false
	}()
	select {
	case f := <-run.failed:
		c.end(run)
		return &f, nil, false
	case code := <-run.exit:
		c.end(run)
		return nil, ExitError{code}, false
	case err := <-done:
		f, err := c.m.outcome(err)
		return f, err, false
	case <-ctx.Done():
	}
	c.end(run)
	begun := time.Now()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			f, err := c.m.outcome(err)
			return f, err, true
		case <-tick.C:
			if !c.m.Grace(time.Since(begun)) {
				return nil, ErrBusy, true
			}
		}
	}
}

// enter makes this goroutine one of the piece's.
func (c *Cells) enter(p *piece) int {
	id := dyn.Goroutine()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pieces[id] = p
	p.routines++
	return id
}

func (c *Cells) leave(id int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.pieces[id]
	delete(c.pieces, id)
	if p.routines--; p.routines == 0 && p.stop.Load() {
		if c.leaving--; c.leaving == 0 && c.stop != nil {
			*c.stop = 0
		}
	}
}

// end asks all goroutines of a piece to leave.
func (c *Cells) end(p *piece) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p.routines == 0 || p.stop.Swap(true) {
		return
	}
	close(p.told)
	if c.leaving++; c.stop != nil {
		*c.stop = 1
	}
}

// of is the piece of this goroutine. The host calls functions of a session from
// goroutines of its own too, which belong to none and are not stopped.
func (c *Cells) of() *piece {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.pieces[dyn.Goroutine()]; p != nil {
		return p
	}
	return none
}

var none = &piece{ctx: context.Background()}

func (c *Cells) poll() {
	if c.of().stop.Load() {
		runtime.Goexit()
	}
}

// start is the go statement: the goroutine belongs to the piece that it started
// in, and its panic ends that piece if it still runs.
func (c *Cells) start(call func()) {
	p := c.of()
	c.m.runner.Start(func() {
		if p != none {
			defer c.leave(c.enter(p))
		}
		call()
	}, func(v dyn.Panicked, goroutine int64) {
		f := c.m.failure(v)
		f.Hint = join(f.Hint, fmt.Sprintf("in goroutine %d of the session", goroutine))
		if p != none && p.tell(*f) || c.OnLate == nil {
			return
		}
		c.OnLate(*f)
	})
}

// tell hands a failure to the piece's Run, if that still waits.
func (p *piece) tell(f Failure) bool {
	select {
	case <-p.over:
		return false
	default:
	}
	select {
	case p.failed <- f:
		return true
	default:
		return false
	}
}

// exit is os.Exit: it ends the piece.
func (c *Cells) exit(code int) {
	if p := c.of(); p != none {
		select {
		case p.exit <- code:
		default:
		}
		c.end(p)
	}
	runtime.Goexit()
}

// sleep is time.Sleep; an interrupt ends it.
func (c *Cells) sleep(d time.Duration) {
	p := c.of()
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-p.told:
		runtime.Goexit()
	}
}

// choose is a select statement.
func (c *Cells) choose(s *dyn.Select, blocking bool) int {
	p := c.of()
	if p == none || !blocking {
		return c.m.runner.Select(s, blocking)
	}
	n := dyn.SelectUntil(s, p.told)
	if n < 0 {
		runtime.Goexit()
	}
	return n
}

var (
	// ErrStopped: the piece ended because it was told to.
	ErrStopped = fmt.Errorf("stopped")
	// ErrBusy: the piece was told to end and did not yet; it will at its next statement.
	ErrBusy = fmt.Errorf("still busy")
)
