package dyn

import (
	"sync"
	"sync/atomic"
)

// Defers is the deferred calls of one call of a script's function. The
// interpreter runs deferred calls late and loses some; here Go's own defer,
// panic and recover do the work.
type Defers struct {
	calls     []func()
	panicking bool
	value     any
	position  int
}

// Position is where the script is: the number of the statement that runs, kept
// by the lowered script itself. It is per process, so with several goroutines
// it is the position of the one that moved last.
type Position struct{ Now *int }

func (p *Position) get() int {
	if p.Now == nil {
		return 0
	}
	return *p.Now
}

// Panicked is a panic on its way up with the position where it began.
type Panicked struct {
	Value    any
	Position int
}

// Runner runs functions of a script on behalf of it.
type Runner struct {
	Position Position
	// Stop is closed when the script is to stop.
	Stop <-chan struct{}
	// Fatal is told of a panic that ended a goroutine; it does not return in a child process.
	Fatal func(p Panicked, goroutine int64)

	started atomic.Int64
	done    chan struct{}
	once    sync.Once
}

// NewRunner makes a runner; Done is closed when the script's main is over.
func NewRunner() *Runner { return &Runner{done: make(chan struct{})} }

// Done is closed when main has returned or was stopped.
func (r *Runner) Done() <-chan struct{} { return r.done }

// Defers starts the deferred calls of a function.
func (r *Runner) Defers() *Defers { return &Defers{} }

// Push defers a call.
func (r *Runner) Push(d *Defers, call func()) { d.calls = append(d.calls, call) }

// Run runs a function's body and then its deferred calls, last first, whatever happens.
func (r *Runner) Run(d *Defers, body func()) {
	defer func() {
		if v := recover(); v != nil {
			r.caught(d, v)
		}
		for len(d.calls) > 0 {
			r.runLast(d)
		}
		if d.panicking {
			panic(Panicked{d.value, d.position})
		}
	}()
	body()
}

func (r *Runner) runLast(d *Defers) {
	call := d.calls[len(d.calls)-1]
	d.calls = d.calls[:len(d.calls)-1]
	defer func() {
		if v := recover(); v != nil {
			r.caught(d, v)
		}
	}()
	call()
}

func (r *Runner) caught(d *Defers, v any) {
	p := r.panicked(v)
	d.panicking, d.value, d.position = true, p.Value, p.Position
}

func (r *Runner) panicked(v any) Panicked {
	if p, ok := v.(Panicked); ok {
		return p
	}
	return Panicked{Normalize(v), r.Position.get()}
}

// Recover is recover() in a function that d deferred.
func (r *Runner) Recover(d *Defers) any {
	if d == nil || !d.panicking {
		return nil
	}
	d.panicking = false
	v := d.value
	d.value = nil
	return Inner(v)
}

// Panic is panic(v).
func (r *Runner) Panic(v any) {
	if v == nil {
		panic(Panicked{runtimeError("panic called with nil argument (use GODEBUG=panicnil=1 to disable)"), r.Position.get()})
	}
	panic(Panicked{v, r.Position.get()})
}

// Go is the go statement: a panic in the goroutine ends the script with its position.
func (r *Runner) Go(call func()) {
	id := r.started.Add(1)
	go func() {
		defer func() {
			if v := recover(); v != nil {
				r.Fatal(r.panicked(v), id)
			}
		}()
		call()
	}()
}

// Main runs the script's main.
func (r *Runner) Main(body func()) {
	defer r.once.Do(func() { close(r.done) })
	defer func() {
		if v := recover(); v != nil {
			panic(r.panicked(v))
		}
	}()
	body()
}
