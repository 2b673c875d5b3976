package dyn

import (
	"runtime"
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
// by the lowered script itself in one variable. Scripts with several goroutines
// keep it for each of them too, for statements that call the host.
type Position struct {
	Now *int
	own sync.Map // goroutine → int
}

// At stores the position of this goroutine.
func (p *Position) At(n int) {
	p.own.Store(goroutine(), n)
	*p.Now = n
}

// Here is the position that At stored last in this goroutine.
func (p *Position) Here() int { return p.Of(goroutine()) }

// Of is the position that At stored last in a goroutine; 0: none.
func (p *Position) Of(goroutine int) int {
	n, _ := p.own.Load(goroutine)
	i, _ := n.(int)
	return i
}

// of is where v was panicked with. Runtime errors come from statements of which
// only the common position is known.
func (p *Position) of(v any) int {
	if p.Now == nil {
		return 0
	}
	if _, ok := v.(runtime.Error); !ok {
		if n := p.Here(); n != 0 {
			return n
		}
	}
	return *p.Now
}

// goroutine is the number of the running goroutine.
func goroutine() int {
	var buf [40]byte
	text := buf[:runtime.Stack(buf[:], false)]
	n := 0
	for _, c := range text[len("goroutine "):] {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + int(c-'0')
	}
	return n
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

	armed   sync.Map // goroutine → *Defers
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
	v = Normalize(v)
	return Panicked{v, r.Position.of(v)}
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

// Arm says that this goroutine is about to call a function on behalf of d, and
// Claim that the function is running: recover means d in it, and nowhere else.
func (r *Runner) Arm(d *Defers) { r.armed.Store(goroutine(), d) }

// Claim is nil in a function that is not called by a defer statement's function.
func (r *Runner) Claim() *Defers {
	d, _ := r.armed.LoadAndDelete(goroutine())
	claimed, _ := d.(*Defers)
	return claimed
}

// Disarm is for functions that did not claim.
func (r *Runner) Disarm() { r.armed.Delete(goroutine()) }

// Panic is panic(v).
func (r *Runner) Panic(v any) {
	if v == nil {
		v = runtimeError("panic called with nil argument (use GODEBUG=panicnil=1 to disable)")
	}
	panic(Panicked{v, r.Position.of(nil)})
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
