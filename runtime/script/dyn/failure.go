package dyn

import (
	"fmt"
	"reflect"
	"strings"
)

// runtimeError is a panic that Go's own runtime would have raised.
type runtimeError string

func (e runtimeError) Error() string { return string(e) }

// RuntimeError marks it as a runtime.Error.
func (e runtimeError) RuntimeError() {}

func nilPointer() error {
	return runtimeError("runtime error: invalid memory address or nil pointer dereference")
}

// Rejected is a panic over something that the interpreter cannot do as Go does,
// found only when the script ran into it.
type Rejected struct{ Message string }

func (r Rejected) Error() string { return r.Message }

// Normalize turns what the interpreter panics with into what Go panics with:
// the interpreter works by reflection, whose messages are not the language's.
func Normalize(r any) any {
	switch v := r.(type) {
	case reflect.Value:
		if v.IsValid() && v.CanInterface() {
			return v.Interface()
		}
		return nil
	case *reflect.ValueError:
		return nilPointer()
	case string:
		// A script's own panics do not come this way: this is reflection's.
		text := reflected(v)
		if text == "" {
			text = strings.TrimPrefix(v, "reflect: ")
		}
		return runtimeError("runtime error: " + text)
	case error:
		// The interpreter adds the position to errors of its own.
		if text := reflected(v.Error()); text != "" {
			return runtimeError("runtime error: " + text)
		}
	}
	return r
}

func reflected(s string) string {
	var length, want int
	if n, _ := fmt.Sscanf(s, "reflect: cannot convert slice with length %d to array with length %d", &length, &want); n == 2 {
		return fmt.Sprintf("cannot convert slice with length %d to array or pointer to array with length %d", length, want)
	}
	if n, _ := fmt.Sscanf(s, "reflect: cannot convert slice with length %d to pointer to array with length %d", &length, &want); n == 2 {
		return fmt.Sprintf("cannot convert slice with length %d to array or pointer to array with length %d", length, want)
	}
	switch {
	case strings.HasPrefix(s, "reflect: call of reflect.Value") && strings.HasSuffix(s, "on zero Value"),
		s == "reflect: Call using zero Value argument",
		s == "reflect.Value.Call: call of nil function", s == "reflect: indirection through nil pointer to embedded struct",
		strings.Contains(s, "unexpected nil func"):
		return "invalid memory address or nil pointer dereference"
	case strings.HasPrefix(s, "reflect: slice index out of range"), strings.HasPrefix(s, "reflect: array index out of range"),
		strings.HasPrefix(s, "reflect: string index out of range"):
		return "index out of range"
	case strings.HasPrefix(s, "reflect.Value.Slice: "), strings.HasPrefix(s, "reflect.Value.Slice3: "):
		return "slice bounds out of range"
	case s == "reflect.Value.Grow: slice overflow":
		return "growslice: len out of range"
	case s == "reflect.MakeSlice: negative len", s == "runtime: allocation size out of range":
		return "makeslice: len out of range"
	case s == "reflect.MakeSlice: negative cap", s == "reflect.MakeSlice: len > cap":
		return "makeslice: cap out of range"
	}
	return ""
}
