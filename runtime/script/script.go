// Package script runs experiments: a Go script is parsed, type-checked, lowered
// to the part of Go that the interpreter gets right, and interpreted.
//
//	check   go/types against the symbol tables; compiler-grade messages, no Go toolchain
//	lower   generics are instantiated, methods become functions, interfaces become
//	        values that know their type, ...: what the interpreter would get wrong is
//	        rewritten, what cannot be rewritten is rejected with its line
//	dyn     the values in interfaces: types, methods, comparison, fmt, JSON
//	interp  yaegi, and the script's positions in its errors
//
// A script runs in a child process (ChildMain): a panic in one of its
// goroutines, an endless loop or a lack of memory ends the child alone.
package script

import (
	"context"
	"errors"
	"os"
	"strings"

	"cogumi/runtime/script/check"
	"cogumi/runtime/script/interp"
	"cogumi/runtime/script/lower"
	"cogumi/stdlib/experiment"
)

// universe holds the types of the packages that scripts have imported so far.
var universe = check.New()

// Check parses and type-checks a script and looks for what cannot be
// interpreted faithfully. It returns nil if Run would start the script.
func Check(path string, src []byte) []Diagnostic {
	return diagnostics(src, compile(interp.New(), path, src))
}

func compile(m *interp.Machine, path string, src []byte) []check.Problem {
	prog, problems := universe.Check(m.FileSet(), path, src)
	if problems != nil {
		return problems
	}
	lowered, problems := lower.Lower(prog)
	if problems != nil {
		return problems
	}
	if p := m.Compile(lowered); p != nil {
		return []check.Problem{*p}
	}
	return nil
}

// Run checks a script and interprets it in this process, until main returns,
// ctx ends, or it panics. Its os.Args are path and args, which is process-wide,
// and after an os.Exit or a panic of its own goroutines may still run: Run is for
// a child process of its own. The error is an *Error when the script is at
// fault, ctx's error when ctx ended, an ExitError after os.Exit.
//
// When ctx ends, the script stops at its next statement; Run waits a little
// for a host function that is under way.
func Run(ctx context.Context, path string, src []byte, args []string) error {
	m := interp.New()
	m.Grace = grace
	if problems := compile(m, path, src); problems != nil {
		return &Error{Diagnostics: diagnostics(src, problems)}
	}
	os.Args = append([]string{path}, args...)
	over := make(chan struct{})
	go watch(m, string(src), over)
	failure, err := m.Run(ctx)
	close(over)
	if failure != nil && errors.Is(failure.Cause, experiment.ErrInterrupted) {
		return context.Canceled
	}
	if failure != nil {
		return &Error{Diagnostics: []Diagnostic{fromFailure(path, src, failure)}, cause: failure.Cause, started: true}
	}
	return err
}

// ExitError says that the script called os.Exit.
type ExitError = interp.ExitError

func diagnostics(src []byte, problems []check.Problem) []Diagnostic {
	if len(problems) == 0 {
		return nil
	}
	lines := strings.Split(string(src), "\n")
	list := make([]Diagnostic, len(problems))
	for i, p := range problems {
		list[i] = Diagnostic{File: p.Pos.Filename, Line: p.Pos.Line, Column: p.Pos.Column, Source: line(lines, p.Pos.Line),
			Message: p.Message, Hint: p.Hint, Kind: p.Kind}
	}
	return list
}

func fromFailure(path string, src []byte, f *interp.Failure) Diagnostic {
	d := Diagnostic{File: path, Line: f.Pos.Line, Column: f.Pos.Column, Message: f.Message, Hint: f.Hint, Kind: f.Kind}
	d.Source = line(strings.Split(string(src), "\n"), d.Line)
	var stopped *experiment.Stopped
	if errors.As(f.Cause, &stopped) {
		d.Kind = "runtime"
	}
	if hint := experiment.HintOf(f.Cause); hint != "" {
		d.Hint = hint
	}
	return d
}

func line(lines []string, n int) string {
	if n < 1 || n > len(lines) {
		return ""
	}
	return strings.TrimRight(lines[n-1], "\r")
}
