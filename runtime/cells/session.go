// Package cells runs a program piece by piece, as a REPL and a notebook do: what a
// piece declares stays, a later piece may declare it anew, a wrong piece changes
// nothing. Pieces go through the same checks and rewriting as scripts (package
// script), so that they mean what Go means by them.
//
//	name := split → check → flatten → lower → interpret
//
// A variable of a piece is a variable of the package from then on. Declared again
// with the same type it is the same variable, unless a closure or pointer holds
// the former one: that one keeps it. What is declared again takes what depends on
// it along: functions are compiled again, and what no longer fits is forgotten
// and said.
//
// Values live in this process: Serve is the child's side, Process the parent's.
package cells

import (
	"context"
	"errors"
	"fmt"
	"go/doc"
	"go/types"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"sync/atomic"
	"time"

	"cogumi/runtime/script"
	"cogumi/runtime/script/check"
	"cogumi/runtime/script/interp"
	"cogumi/runtime/script/lower"
	"cogumi/runtime/script/mono"
	"cogumi/runtime/script/symbols"
	"cogumi/stdlib/experiment"
)

// Session is a program that grows. Its methods may not be called concurrently.
type Session struct {
	universe *check.Universe
	checks   *check.Cells
	flats    *mono.Cells
	lowers   *lower.Cells
	machine  *interp.Cells
	flatPkg  *types.Package
	shower   *types.Package // holds Show, by which values of expressions come out

	state
	captured map[types.Object]bool // variables that closures or pointers hold
	sources  map[string]string     // name of a piece → its text
	show     func(Value)           // of the piece that runs
	source   fs.FS
	docs     map[string]*doc.Package // by import path; nil: there is none
	history  []*done                 // what ran to its end, in order
	deferred []func()                // what pieces left for the end of the program
	left     bool                    // the piece that runs returned
}

// state is what a wrong piece leaves as it was.
type state struct {
	units   []*unit
	imports map[string]string // name → path, as pieces imported them
}

// Options are what a session asks of its surroundings.
type Options struct {
	// Grace says, after a piece was told to end, whether to wait longer for it.
	Grace func(waited time.Duration) bool
	// Late is told of a panic in a goroutine whose piece is over.
	Late func(script.Diagnostic)
	// Source is cogumi's own source, for documentation; nil: there is none.
	Source fs.FS
	// Begin is called by Serve when what is printed goes to the parent, before
	// anything else.
	Begin func() error
}

var sessions atomic.Int64

// New starts a session.
func New(o Options) *Session {
	s := &Session{universe: check.New(), flats: mono.NewCells(), machine: interp.NewCells(o.Grace), captured: map[types.Object]bool{},
		sources: map[string]string{}, docs: map[string]*doc.Package{}, source: o.Source, state: state{imports: map[string]string{}}}
	s.checks = s.universe.Cells()
	s.flatPkg = types.NewPackage("main", "main")
	s.lowers = lower.NewCells(s.universe, s.flatPkg, s.flats.Display())
	path := fmt.Sprintf("cogumi/session/%d", sessions.Add(1))
	symbols.Add(&symbols.Package{Path: path, Name: "session", Values: map[string]reflect.Value{
		"Show": reflect.ValueOf(s.showAll), "Defer": reflect.ValueOf(s.later), "Leave": reflect.ValueOf(s.leave), "Deferred": reflect.ValueOf(s.last)}})
	s.imports[ending] = path
	s.shower, _ = s.universe.Import(path) // the path is known
	s.machine.OnLate = func(f interp.Failure) {
		if o.Late != nil {
			o.Late(s.diagnose(&f))
		}
	}
	// What all pieces share is declared by the first one.
	s.Eval(context.Background(), "", "type _ struct{}", nil)
	return s
}

// Outcome is how a piece went.
type Outcome struct {
	Defines     []string            `json:"defines,omitempty"` // names that later pieces see
	Uses        []string            `json:"uses,omitempty"`    // names of former pieces that it uses
	Notes       []string            `json:"notes,omitempty"`   // what else changed, for a person
	Diagnostics []script.Diagnostic `json:"diagnostics,omitempty"`
	Started     bool                `json:"started"` // false: refused, nothing of it ran
	Interrupted bool                `json:"interrupted,omitempty"`
	Busy        bool                `json:"busy,omitempty"`     // interrupted, and ends at its next statement
	Exit        *int                `json:"exit,omitempty"`     // it called os.Exit
	Returned    bool                `json:"returned,omitempty"` // by a return: in main nothing would follow
	Seconds     float64             `json:"seconds"`            // of its own, without compiling
}

// Failed says whether the piece did not come to its end.
func (o *Outcome) Failed() bool {
	return len(o.Diagnostics) > 0 || o.Interrupted || o.Exit != nil && *o.Exit != 0
}

// Eval runs a piece. name is what its positions are given with; show gets the
// values of its expressions, in order.
func (s *Session) Eval(ctx context.Context, name, src string, show func(Value)) Outcome {
	s.sources[name] = src
	s.show, s.left = show, false
	before := s.snapshot()
	c := &compilation{s: s, name: name, src: src, declared: map[string]bool{}, used: map[string]bool{}}
	if problems := c.all(); problems != nil {
		before()
		return Outcome{Diagnostics: s.diagnostics(problems), Uses: sorted(c.used)}
	}
	out := Outcome{Started: true, Notes: c.notes}
	begun := time.Now()
	c.run(ctx, &out)
	out.Seconds = time.Since(begun).Seconds()
	out.Returned = s.left && !out.Failed()
	if !out.Failed() {
		for _, st := range c.steps {
			if st.done != nil {
				s.history = append(s.history, st.done)
			}
		}
	}
	for name := range c.declared {
		if s.checks.Live()[name] != nil {
			out.Defines = append(out.Defines, name)
		}
	}
	slices.Sort(out.Defines)
	out.Uses = sorted(c.used)
	return out
}

func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }

// snapshot gives a function that puts everything back.
func (s *Session) snapshot() (restore func()) {
	live := maps.Clone(s.checks.Live())
	kept := state{units: slices.Clone(s.units), imports: maps.Clone(s.imports)}
	captured := maps.Clone(s.captured)
	flats, lowers := s.flats.Checkpoint(), s.lowers.Checkpoint()
	return func() {
		s.checks.SetLive(live)
		s.state, s.captured = kept, captured
		flats()
		lowers()
	}
}

// run runs what was compiled. After a failure the rest of the statements is left
// out, and variables that were not reached are what they were.
func (c *compilation) run(ctx context.Context, out *Outcome) {
	for _, step := range c.steps {
		if ctx.Err() != nil {
			out.Interrupted = true
		}
		if out.Failed() && step.body {
			c.forgetFrom(step, 0)
			continue
		}
		failure, err, interrupted := c.s.machine.Run(ctx, step.program)
		var left interp.ExitError
		switch {
		case failure != nil:
			if errors.Is(failure.Cause, experiment.ErrInterrupted) {
				out.Interrupted = true
			} else {
				out.Diagnostics = append(out.Diagnostics, c.s.diagnose(failure))
			}
			c.forgetFrom(step, failure.Pos.Line)
		case interrupted:
			out.Interrupted, out.Busy = true, errors.Is(err, interp.ErrBusy)
		case errors.As(err, &left):
			out.Exit = &left.Code
		case err != nil && !errors.Is(err, interp.ErrStopped):
			out.Diagnostics = append(out.Diagnostics, script.Diagnostic{File: c.name, Message: err.Error(), Kind: "runtime"})
		}
	}
}

// forgetFrom takes back the variables that statements from a line on would have set.
func (c *compilation) forgetFrom(step *step, line int) {
	if !step.body || line == 0 && step.program == nil {
		return
	}
	live := c.s.checks.Live()
	for _, v := range step.created {
		if c.s.position(v.object.Pos()).Line < line || live[v.object.Name()] != v.object {
			continue
		}
		if v.former == nil {
			delete(live, v.object.Name())
		} else {
			live[v.object.Name()] = v.former
		}
	}
}
