package symbols

// Boxed is a script's value of one of the script's own types, inside an
// interface. The runner's dynamic values implement it; the generated wrappers
// below each host interface call the script's methods through it.
type Boxed interface {
	// BoxedMethod returns the method as a func bound to the value, or nil.
	BoxedMethod(name string) any
}

// Unwrapper is what every generated wrapper is: a host interface's view of a Boxed.
type Unwrapper interface {
	UnwrapBoxed() Boxed
}

type wrapper struct{ B Boxed }

func (w wrapper) UnwrapBoxed() Boxed { return w.B }

func has(b Boxed, methods ...string) bool {
	for _, m := range methods {
		if b.BoxedMethod(m) == nil {
			return false
		}
	}
	return true
}
