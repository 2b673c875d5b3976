package dyn

import (
	"errors"
	"fmt"
	"go/types"
	"reflect"

	"cogumi/runtime/script/symbols"
)

// scriptError is a script's value as an error.
type scriptError struct{ B Box }

func (e scriptError) Error() string {
	return e.B.BoxedMethod("Error").(func() string)()
}

// UnwrapBoxed implements symbols.Unwrapper.
func (e scriptError) UnwrapBoxed() symbols.Boxed { return e.B }

// Format implements fmt.Formatter.
func (e scriptError) Format(s fmt.State, verb rune) { e.B.Format(s, verb) }

// MarshalJSON implements json.Marshaler.
func (e scriptError) MarshalJSON() ([]byte, error) { return e.B.MarshalJSON() }

// Unwrap calls the script's Unwrap() error, if it has one.
func (e scriptError) Unwrap() error {
	if f, ok := e.B.BoxedMethod("Unwrap").(func() error); ok {
		return f()
	}
	return nil
}

// Is calls the script's Is, if it has one.
func (e scriptError) Is(target error) bool {
	f, ok := e.B.BoxedMethod("Is").(func(error) bool)
	return ok && f(target)
}

// ToError is a script's value, or a host's, as an error; nil if it is none.
func ToError(v any) error {
	switch v := Inner(v).(type) {
	case nil:
		return nil
	case Box:
		if v.T.methods["Error"] == nil {
			return nil
		}
		if f, ok := v.BoxedMethod("Unwrap").(func() []error); ok {
			return joined{scriptError{v}, f}
		}
		return scriptError{v}
	case error:
		return v
	}
	return nil
}

// joined is an error whose Unwrap returns several.
type joined struct {
	scriptError
	unwrap func() []error
}

func (j joined) Unwrap() []error { return j.unwrap() }

// Out is what the host gets for a value in a script's interface: errors as errors.
func Out(v any) any {
	if b, ok := v.(Box); ok && b.T.methods["Error"] != nil {
		return ToError(b)
	}
	return v
}

// Is is errors.Is.
func (t *Table) ErrorIs(err, target error) bool {
	if err == nil || target == nil {
		return err == target
	}
	for {
		if comparableTo(err, target) {
			return true
		}
		if x, ok := err.(interface{ Is(error) bool }); ok && x.Is(target) {
			return true
		}
		switch x := err.(type) {
		case interface{ Unwrap() error }:
			if err = x.Unwrap(); err == nil {
				return false
			}
		case interface{ Unwrap() []error }:
			for _, e := range x.Unwrap() {
				if t.ErrorIs(e, target) {
					return true
				}
			}
			return false
		default:
			return false
		}
	}
}

func comparableTo(err, target error) bool {
	a, b := Inner(err), Inner(target)
	if x, ok := a.(Box); ok && !types.Comparable(x.T.T) {
		return false
	}
	if !reflect.TypeOf(b).Comparable() {
		return false
	}
	return a == b
}

// As is errors.As: target is a pointer to a variable of the type that is looked for.
func (t *Table) ErrorAs(err error, target any) bool {
	b, ok := Inner(target).(Box)
	if !ok {
		return t.asHost(err, target)
	}
	p, ok := b.T.T.Underlying().(*types.Pointer)
	if !ok {
		panic("errors: target must be a non-nil pointer")
	}
	return t.as(err, p.Elem(), reflect.ValueOf(b.V), target)
}

func (t *Table) as(err error, want types.Type, dst reflect.Value, target any) bool {
	typ := t.Intern(want)
	for err != nil {
		if t.Is(typ.ID, err) {
			store(dst.Elem(), err)
			return true
		}
		if f := asMethod(err); f != nil && f(target) {
			return true
		}
		switch x := err.(type) {
		case interface{ Unwrap() error }:
			err = x.Unwrap()
		case interface{ Unwrap() []error }:
			for _, e := range x.Unwrap() {
				if e != nil && t.as(e, want, dst, target) {
					return true
				}
			}
			return false
		default:
			return false
		}
	}
	return false
}

func store(dst reflect.Value, err error) {
	v := Inner(err)
	if dst.Kind() == reflect.Interface {
		if dst.NumMethod() > 0 {
			v = err
		}
		dst.Set(reflect.ValueOf(v))
		return
	}
	if b, ok := v.(Box); ok {
		v = b.V
	}
	dst.Set(reflect.ValueOf(v))
}

func asMethod(err error) func(any) bool {
	if b, ok := Inner(err).(Box); ok {
		f, _ := b.BoxedMethod("As").(func(any) bool)
		return f
	}
	if x, ok := err.(interface{ As(any) bool }); ok {
		return x.As
	}
	return nil
}

// asHost looks for a host type; a script's errors on the way may have As methods.
func (t *Table) asHost(err error, target any) bool {
	if target == nil || reflect.TypeOf(target).Kind() != reflect.Pointer || reflect.ValueOf(target).IsNil() {
		return errors.As(err, target)
	}
	return t.as(err, t.Universe.Type(reflect.TypeOf(target).Elem()), reflect.ValueOf(target), target)
}
