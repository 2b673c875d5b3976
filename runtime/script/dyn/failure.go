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
	case s == "reflect.MakeSlice: negative len":
		return "makeslice: len out of range"
	case s == "reflect.MakeSlice: negative cap", s == "reflect.MakeSlice: len > cap":
		return "makeslice: cap out of range"
	}
	return ""
}

// Index checks an index as Go does.
func Index(i, length int) int {
	if i < 0 {
		panic(runtimeError(fmt.Sprintf("runtime error: index out of range [%d]", i)))
	}
	if i >= length {
		panic(runtimeError(fmt.Sprintf("runtime error: index out of range [%d] with length %d", i, length)))
	}
	return i
}

// IndexUnsigned is Index for unsigned types.
func IndexUnsigned(i uint64, length int) int {
	if i >= uint64(length) {
		panic(runtimeError(fmt.Sprintf("runtime error: index out of range [%d] with length %d", i, length)))
	}
	return int(i)
}

// Bound checks the bounds of a slice expression; high and maximum are -1 where absent.
// kind is "slice" or "string": the limit of the first is its capacity.
func Bound(low, high, maximum, length, capacity int, isString bool) {
	limit, word := capacity, "capacity"
	if isString {
		limit, word = length, "length"
	}
	fail := func(format string, args ...any) {
		panic(runtimeError("runtime error: slice bounds out of range " + fmt.Sprintf(format, args...)))
	}
	if maximum != -1 {
		switch {
		case maximum < 0:
			fail("[::%d]", maximum)
		case maximum > limit:
			fail("[::%d] with capacity %d", maximum, limit)
		case high > maximum:
			fail("[:%d:%d]", high, maximum)
		case low > high:
			fail("[%d:%d:]", low, high)
		}
		return
	}
	top := high
	if top == -1 {
		top = length
	}
	switch {
	case high != -1 && high > limit:
		fail("[:%d] with %s %d", high, word, limit)
	case low > top:
		fail("[%d:%d]", low, top)
	case low < 0:
		fail("[%d:]", low)
	}
}
