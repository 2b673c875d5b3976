// Package interp runs lowered scripts with yaegi.
package interp

import (
	"context"
	"errors"
	"fmt"
	"go/token"
	"io"
	"path"
	"regexp"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/traefik/yaegi/interp"

	"cogumi/runtime/script/check"
	"cogumi/runtime/script/dyn"
	"cogumi/runtime/script/lower"
)

// Machine interprets one script once.
type Machine struct {
	yaegi  *interp.Interpreter
	runner *dyn.Runner
	prog   *interp.Program
	script *lower.Lowered
	ctx    context.Context
	fatal  chan Failure
	exit   chan int
	stop   atomic.Bool // the script is to end: what package fast looks at
	cells  *Cells      // nil for a script

	// Grace is how long Run waits, after its context ended, for the script to
	// come back from a host call; false ends the wait at once.
	Grace func(waited time.Duration) bool
}

// ExitError says that the script called os.Exit.
type ExitError struct{ Code int }

func (e ExitError) Error() string { return fmt.Sprintf("the script called os.Exit(%d)", e.Code) }

// Failure is how a script failed.
type Failure struct {
	Pos     token.Position
	Kind    string // unsupported, runtime, panic
	Message string
	Hint    string
	Cause   error // what the script panicked with, if it was an error
}

// New makes a machine.
func New() *Machine {
	return &Machine{
		yaegi:  interp.New(interp.Options{Unrestricted: true, Stderr: io.Discard}),
		runner: dyn.NewRunner(),
		fatal:  make(chan Failure, 1),
		exit:   make(chan int, 1),
		ctx:    context.Background(),
		Grace:  func(waited time.Duration) bool { return waited < 2*time.Second },
	}
}

// FileSet is where the script must be parsed.
func (m *Machine) FileSet() *token.FileSet { return m.yaegi.FileSet() }

// Compile prepares a script. A problem is something that the interpreter
// itself refuses.
func (m *Machine) Compile(l *lower.Lowered) (problem *check.Problem) {
	defer func() {
		if r := recover(); r != nil {
			problem = m.refused(l, fmt.Sprint(r))
		}
	}()
	m.script = l
	if err := m.use(l); err != nil {
		return m.refused(l, err.Error())
	}
	prog, err := m.yaegi.CompileAST(l.File)
	if err != nil {
		return m.refused(l, err.Error())
	}
	m.prog = prog
	return nil
}

var position = regexp.MustCompile(`^(?:.*?:)?(\d+):(\d+): (.*)`)

func (m *Machine) refused(l *lower.Lowered, text string) *check.Problem {
	p := &check.Problem{Kind: "unsupported", Pos: l.Fset.Position(l.File.Package)}
	if g := position.FindStringSubmatch(text); g != nil {
		p.Pos.Line, _ = strconv.Atoi(g[1])
		p.Pos.Column, _ = strconv.Atoi(g[2])
		text = g[3]
	}
	p.Message = "the interpreter cannot run this: " + text
	p.Hint = "write it in a simpler way; please report the script"
	return p
}

// use gives the interpreter the packages that the script imports.
func (m *Machine) use(l *lower.Lowered) error {
	exports := interp.Exports{}
	for _, p := range l.Imports {
		name, values, err := m.pkg(l, p)
		if err != nil {
			return err
		}
		exports[path.Join(p, name)] = values
	}
	return m.yaegi.Use(exports)
}

// Run interprets the compiled script until its main returns, it fails, or ctx ends.
func (m *Machine) Run(ctx context.Context) (*Failure, error) {
	m.ctx = ctx
	m.runner.Stop = ctx.Done()
	defer context.AfterFunc(ctx, func() { m.stop.Store(true) })()
	m.runner.Fatal = func(p dyn.Panicked, goroutine int64) {
		f := m.failure(p)
		f.Hint = join(f.Hint, fmt.Sprintf("in goroutine %d of the script", goroutine))
		select {
		case m.fatal <- *f:
		default:
		}
		select {} // the process ends with the first failure
	}
	// Before a process ends, its run wants closing: Run's caller does both.
	done := make(chan error, 1)
	go func() {
		_, err := m.yaegi.ExecuteWithContext(ctx, m.prog)
		done <- err
	}()
	select {
	case f := <-m.fatal:
		return &f, nil
	case code := <-m.exit:
		return nil, ExitError{code}
	case err := <-done:
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			m.wait()
			return nil, err
		}
		return m.outcome(err)
	}
}

// outcome is how the interpreter's Execute ended.
func (m *Machine) outcome(err error) (*Failure, error) {
	var p interp.Panic
	if !errors.As(err, &p) {
		return nil, err
	}
	caught, ok := p.Value.(dyn.Panicked)
	if !ok {
		caught = dyn.Panicked{Value: dyn.Normalize(p.Value)}
	}
	return m.failure(caught), nil
}

// setPosition says which statement runs.
func (m *Machine) setPosition(n int) {
	if now := m.runner.Position.Now; now != nil {
		*now = n
	}
}

// leave is os.Exit.
func (m *Machine) leave(code int) {
	if m.cells != nil {
		m.cells.exit(code)
	}
	select {
	case m.exit <- code:
	default:
	}
	select {}
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}

// wait lets a host call that is under way finish.
func (m *Machine) wait() {
	start := time.Now()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-m.runner.Done():
			return
		case <-tick.C:
			if !m.Grace(time.Since(start)) {
				return
			}
		}
	}
}

func (m *Machine) failure(p dyn.Panicked) *Failure {
	f := &Failure{Pos: m.script.At(p.Position), Kind: "panic", Message: p.Text(), Cause: p.Cause()}
	var rejected dyn.Rejected
	if errors.As(f.Cause, &rejected) {
		f.Kind, f.Hint = "unsupported", "the interpreter cannot do here what compiled Go does"
	}
	return f
}
