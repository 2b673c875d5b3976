package script

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"cogumi/reports/run"
)

// Diagnostic is one thing that is wrong with a script, or that went wrong in it.
type Diagnostic struct {
	File    string // as it was given
	Line    int    // from 1; 0: unknown
	Column  int    // from 1, in bytes, as the go command counts; 0: unknown
	Source  string // the offending line
	Message string
	Hint    string // what to do; may be empty
	Kind    string // syntax, type, unsupported, runtime, panic
}

// String is the diagnostic as it is shown to a person:
//
//	FILE:LINE:COLUMN: message
//		the line itself
//		    ^
//	hint: what to do
func (d Diagnostic) String() string {
	var b strings.Builder
	b.WriteString(d.position())
	if d.Kind == "panic" {
		b.WriteString("panic: ")
	}
	b.WriteString(strings.TrimRight(d.Message, "\n"))
	b.WriteByte('\n')
	if strings.TrimSpace(d.Source) != "" {
		fmt.Fprintf(&b, "\t%s\n", d.Source)
		if d.Column > 0 {
			fmt.Fprintf(&b, "\t%s^\n", pad(d.Source, d.Column))
		}
	}
	if d.Hint != "" {
		fmt.Fprintf(&b, "hint: %s\n", d.Hint)
	}
	return b.String()
}

func (d Diagnostic) position() string {
	switch {
	case d.File == "":
		return ""
	case d.Line == 0:
		return d.File + ": "
	case d.Column == 0:
		return fmt.Sprintf("%s:%d: ", d.File, d.Line)
	}
	return fmt.Sprintf("%s:%d:%d: ", d.File, d.Line, d.Column)
}

// pad is as wide as the line before the column: tabs stay tabs.
func pad(line string, column int) string {
	prefix := line[:min(column-1, len(line))]
	var b strings.Builder
	for len(prefix) > 0 {
		r, size := utf8.DecodeRuneInString(prefix)
		if r != '\t' {
			r = ' '
		}
		b.WriteRune(r)
		prefix = prefix[size:]
	}
	return b.String()
}

// Failure is the diagnostic as the run folder keeps it.
func (d Diagnostic) Failure() run.Failure {
	return run.Failure{Message: d.Message, Hint: d.Hint, File: d.File, Line: d.Line, Column: d.Column, Source: d.Source}
}

// Error is a script that could not start, or that failed. It has at least one diagnostic.
type Error struct {
	Diagnostics []Diagnostic
	cause       error
	started     bool
}

// Error shows every diagnostic.
func (e *Error) Error() string {
	var parts []string
	for _, d := range e.Diagnostics {
		parts = append(parts, d.String())
	}
	return strings.TrimRight(strings.Join(parts, ""), "\n")
}

// Unwrap is the error with which a primitive stopped the run, nil otherwise.
func (e *Error) Unwrap() error { return e.cause }

// Started says whether the script ran at all: false for syntax and type errors
// and for rejected constructs.
func (e *Error) Started() bool { return e.started }
