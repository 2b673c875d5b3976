package cells

import (
	"errors"
	"go/token"
	"strings"

	"cogumi/runtime/script"
	"cogumi/runtime/script/check"
	"cogumi/runtime/script/interp"
	"cogumi/stdlib/experiment"
)

// diagnostics are problems as a person sees them, in the pieces' own lines.
func (s *Session) diagnostics(problems []check.Problem) []script.Diagnostic {
	var list []script.Diagnostic
	for _, p := range problems {
		list = append(list, s.diagnostic(p.Pos, p.Kind, strings.ReplaceAll(p.Message, bodyName, "the piece"), p.Hint))
	}
	return list
}

func (s *Session) diagnostic(pos token.Position, kind, message, hint string) script.Diagnostic {
	name := strings.TrimSuffix(pos.Filename, pieceFile)
	d := script.Diagnostic{File: name, Line: pos.Line, Column: pos.Column, Message: message, Hint: hint, Kind: kind}
	lines := strings.Split(s.sources[name], "\n")
	if d.Line > len(lines) { // behind the end: where more was expected
		d.Line = len(lines)
		d.Column = len(lines[d.Line-1]) + 1
	}
	if d.Line > 0 {
		d.Source = lines[d.Line-1]
	}
	return d
}

// diagnose is how a piece failed.
func (s *Session) diagnose(f *interp.Failure) script.Diagnostic {
	d := s.diagnostic(f.Pos, f.Kind, f.Message, f.Hint)
	var stopped *experiment.Stopped
	if errors.As(f.Cause, &stopped) {
		d.Kind = "runtime"
	}
	if hint := experiment.HintOf(f.Cause); hint != "" {
		d.Hint = hint
	}
	return d
}
