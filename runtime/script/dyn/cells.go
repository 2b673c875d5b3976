package dyn

import (
	"go/types"
	"reflect"
)

// Goroutine is the number of the running goroutine.
func Goroutine() int { return goroutine() }

// Piece runs what a piece of a growing program does, as Main a script's main.
func (r *Runner) Piece(body func()) {
	defer func() {
		if v := recover(); v != nil {
			panic(r.panicked(v))
		}
	}()
	body()
}

// Start is the go statement of a growing program: fatal is told of a panic, in
// the goroutine, and goes on.
func (r *Runner) Start(call func(), fatal func(p Panicked, goroutine int64)) {
	id := r.started.Add(1)
	go func() {
		defer func() {
			if v := recover(); v != nil {
				fatal(r.panicked(v), id)
			}
		}()
		call()
	}()
}

// SelectUntil is a select statement without default; -1: done was closed first.
func SelectUntil(s *Select, done <-chan struct{}) int {
	for i, c := range s.cases {
		if !c.Chan.IsValid() { // never ready
			s.cases[i] = reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf((chan int)(nil))}
		}
	}
	n := len(s.cases)
	cases := append(append([]reflect.SelectCase{}, s.cases...), reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(done)})
	chosen, v, open := reflect.Select(cases)
	if chosen == n {
		return -1
	}
	s.value, s.open = v, open
	return chosen
}

// Part is a part of a value of a script's type as a value of its own in an interface.
func (t *Table) Part(v reflect.Value, typ types.Type) any {
	if _, ok := typ.Underlying().(*types.Interface); ok {
		if !v.IsValid() || v.IsNil() {
			return nil
		}
		return Inner(v.Interface())
	}
	if v = erased(v); !v.IsValid() {
		return nil
	}
	return Box{t.Intern(typ), v.Interface()}
}

// Speaks says whether fmt prints the value by a method of its own.
func (b Box) Speaks() bool {
	return b.HasMethod("String") || b.HasMethod("Error") || b.HasMethod("Format")
}

// String is what Go's runtime prints when nobody catches the panic.
func (p Panicked) String() string { return p.Text() }
