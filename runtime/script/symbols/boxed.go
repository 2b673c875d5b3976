package symbols

import "sync"

// Boxed is a script's value of one of the script's own types, inside an
// interface. The runner's dynamic values implement it; the generated wrappers
// below each host interface call the script's methods through it.
type Boxed interface {
	// BoxedMethod returns the method as a func bound to the value, or nil.
	BoxedMethod(name string) any
	HasMethod(name string) bool
}

// Unwrapper is what every generated wrapper is: a host interface's view of a Boxed.
type Unwrapper interface {
	UnwrapBoxed() Boxed
}

// wrapper keeps the methods that it has bound: sort.Sort calls Less often.
type wrapper struct {
	B     Boxed
	bound *sync.Map // name → func
}

func wrap(b Boxed) wrapper { return wrapper{b, &sync.Map{}} }

func (w wrapper) UnwrapBoxed() Boxed { return w.B }

func (w wrapper) method(name string) any {
	if m, ok := w.bound.Load(name); ok {
		return m
	}
	m := w.B.BoxedMethod(name)
	w.bound.Store(name, m)
	return m
}

// has says whether all methods are there; a Boxed knows them without binding.
func has(b Boxed, methods ...string) bool {
	for _, m := range methods {
		if !b.HasMethod(m) {
			return false
		}
	}
	return true
}
