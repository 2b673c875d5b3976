package chat

import (
	"fmt"
	"slices"
	"strings"
)

// signature is how a filter takes its arguments, written as in Python:
// "width=, first=" where a = marks what may be left out, * that any number follows.
type signature struct {
	names []string
	need  int
	more  bool
}

func sig(spec string) signature {
	var s signature
	for _, name := range strings.FieldsFunc(spec, func(r rune) bool { return r == ' ' || r == ',' }) {
		switch {
		case name == "*":
			s.more = true
		case strings.HasSuffix(name, "="):
			s.names = append(s.names, strings.TrimSuffix(name, "="))
		default:
			s.names = append(s.names, name)
			s.need++
		}
	}
	return s
}

// check looks at a call before anything is computed.
func (s signature) check(a arguments) error {
	if s.more {
		return nil
	}
	if len(a.pos) > len(s.names) {
		return fmt.Errorf("%d arguments, want at most %d", len(a.pos), len(s.names))
	}
	for _, name := range a.names {
		if i := slices.Index(s.names, name); i < 0 {
			return fmt.Errorf("the argument %q is not supported", name)
		} else if i < len(a.pos) {
			return fmt.Errorf("the argument %q is there twice", name)
		}
	}
	for i, name := range s.names[:s.need] {
		if i >= len(a.pos) && !slices.Contains(a.names, name) {
			return fmt.Errorf("the argument %q is missing", name)
		}
	}
	return nil
}

// args are a call's values: first by position, then by name.
type args struct {
	sig   signature
	pos   []any
	names []string
	named []any
}

func (a args) get(name string) (any, bool) {
	if i := slices.Index(a.sig.names, name); i >= 0 && i < len(a.pos) {
		return a.pos[i], true
	}
	if i := slices.Index(a.names, name); i >= 0 {
		return a.named[i], true
	}
	return nil, false
}

func (a args) value(name string, def any) any {
	if v, ok := a.get(name); ok {
		return v
	}
	return def
}

func (a args) flag(name string) bool { return truth(a.value(name, false)) }

func (a args) int(name string, def int64) int64 {
	n, ok := smallInt(a.value(name, def))
	if !ok {
		failf("the argument %q must be an integer", name)
	}
	return n
}

func (a args) text(name, def string) string {
	s, ok := a.value(name, def).(string)
	if !ok {
		failf("the argument %q must be a string", name)
	}
	return s
}
