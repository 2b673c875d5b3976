// Package dyn holds what is inside a script's interfaces. The interpreter knows
// a script's types only by their shape; a value of one of them that goes into
// an interface goes there as a Box, which knows its type, its methods, and how
// fmt, encoding/json and errors see such a value in compiled Go.
//
// Values of host types (int, []string, *os.File, …) are in interfaces as they
// are. Where the host asks for an interface with methods, it gets a wrapper
// around the Box (package symbols has one for each exported interface).
package dyn

import (
	"fmt"
	"go/types"
	"reflect"
	"strings"
	"sync"

	"cogumi/runtime/script/check"
	"cogumi/runtime/script/symbols"
)

// Type is one type of a script that is, or may be found, inside an interface.
type Type struct {
	ID    int
	T     types.Type
	table *Table
	// methods makes bound methods: receiver → func of the method's signature.
	methods map[string]func(any) any
}

// Box is a value with its script type. It is comparable exactly when the value is.
type Box struct {
	T *Type
	V any
}

// Table is the types of one script; the lowered script refers to them by number.
type Table struct {
	Types    []*Type
	Universe *check.Universe
	Main     *types.Package
	Display  map[string]string // generated type name → Go's name for it
	// Erased fields hold any in the interpreter, whatever their type.
	Erased map[*types.Var]bool

	mu         sync.Mutex
	byName     map[string][]*Type
	implements map[[2]any]bool
}

// NewTable makes an empty table.
func NewTable(u *check.Universe, main *types.Package, display map[string]string) *Table {
	return &Table{Universe: u, Main: main, Display: display, Erased: map[*types.Var]bool{}, byName: map[string][]*Type{}, implements: map[[2]any]bool{}}
}

// Intern returns the one Type of identical types.
func (t *Table) Intern(typ types.Type) *Type {
	if found := t.Lookup(typ); found != nil {
		return found
	}
	t.mu.Lock()
	n := &Type{ID: len(t.Types), T: typ, table: t, methods: map[string]func(any) any{}}
	t.Types = append(t.Types, n)
	key := shape(typ)
	t.byName[key] = append(t.byName[key], n)
	t.mu.Unlock()
	return n
}

// Lookup is Intern without adding: nil if the type is not there.
func (t *Table) Lookup(typ types.Type) *Type {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.byName[shape(typ)] {
		if types.Identical(c.T, typ) {
			return c
		}
	}
	return nil
}

func shape(t types.Type) string { return types.TypeString(types.Unalias(t), nil) }

// Name is the type as Go prints it: main.K, []main.K, map[string]int.
func (t *Type) Name() string { return t.table.TypeName(t.T) }

// BoxedMethod implements symbols.Boxed.
func (b Box) BoxedMethod(name string) any {
	m := b.T.methods[name]
	if m == nil {
		return nil
	}
	return m(b.V)
}

// HasMethod implements symbols.Boxed.
func (b Box) HasMethod(name string) bool { return b.T.methods[name] != nil }

// AddMethod says how a type's method is bound to a receiver.
func (t *Table) AddMethod(id int, name string, bind func(any) any) { t.Types[id].methods[name] = bind }

// Box puts a value of type id into an interface.
func (t *Table) Box(id int, v any) any { return Box{t.Types[id], v} }

// Plain is the variable that p points to as an interface value.
func Plain(p any) any { return reflect.ValueOf(p).Elem().Interface() }

// Erase is Plain for an erased field: nil without a type.
func Erase(p any) any {
	v := reflect.ValueOf(p).Elem()
	if v.IsNil() {
		return nil
	}
	return v.Interface()
}

// Inner takes a wrapper of a host interface away: what a script's interface holds.
func Inner(v any) any {
	if w, ok := v.(symbols.Unwrapper); ok {
		return w.UnwrapBoxed()
	}
	return v
}

// Is says whether the dynamic type of v is, or implements, type id.
func (t *Table) Is(id int, v any) bool {
	if v = Inner(v); v == nil {
		return false
	}
	want := t.Types[id]
	if i, ok := want.T.Underlying().(*types.Interface); ok {
		return t.satisfies(v, want, i)
	}
	if b, ok := v.(Box); ok {
		return b.T == want
	}
	return types.Identical(t.Universe.Type(reflect.TypeOf(v)), want.T)
}

func (t *Table) satisfies(v any, want *Type, i *types.Interface) bool {
	if i.NumMethods() == 0 {
		return true
	}
	var key [2]any
	var typ types.Type
	if b, ok := v.(Box); ok {
		key, typ = [2]any{b.T, want}, b.T.T
	} else {
		rt := reflect.TypeOf(v)
		key, typ = [2]any{rt, want}, t.Universe.Type(rt)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	ok, known := t.implements[key]
	if !known {
		ok = types.Implements(typ, i)
		t.implements[key] = ok
	}
	return ok
}

// Forget drops what was found out about who implements what: a type has got methods.
func (t *Table) Forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.implements = map[[2]any]bool{}
}

// Case is the position of the first type in ids that v has; id -1 is nil. -1: none.
func (t *Table) Case(v any, ids ...int) int {
	v = Inner(v)
	for i, id := range ids {
		if id < 0 {
			if v == nil {
				return i
			}
		} else if t.Is(id, v) {
			return i
		}
	}
	return -1
}

// Into stores what is in v in *p, whose type the caller has made sure of.
func (t *Table) Into(v any, p any) {
	dst := reflect.ValueOf(p).Elem()
	if b, ok := Inner(v).(Box); ok {
		v = b.V
	}
	if v == nil {
		dst.SetZero()
		return
	}
	set(dst, reflect.ValueOf(v))
}

// set assigns a value whose script type is the place's. The interpreter has
// several reflect types for a recursive struct; they are laid out alike.
func set(dst, src reflect.Value) {
	if src.Type().AssignableTo(dst.Type()) {
		dst.Set(src)
		return
	}
	if src.Kind() != dst.Kind() || src.Type().Size() != dst.Type().Size() {
		panic(Rejected{fmt.Sprintf("a %s cannot be taken out of an interface as %s", src.Type(), dst.Type())})
	}
	held := reflect.New(src.Type())
	held.Elem().Set(src)
	dst.Set(reflect.NewAt(dst.Type(), held.UnsafePointer()).Elem())
}

// Method stores v's method in *p, which has the method's type.
func (t *Table) Method(v any, name string, p any) {
	dst := reflect.ValueOf(p).Elem()
	v = Inner(v)
	if v == nil {
		panic(nilPointer())
	}
	if b, ok := v.(Box); ok {
		dst.Set(reflect.ValueOf(b.BoxedMethod(name)))
		return
	}
	m := reflect.ValueOf(v).MethodByName(name)
	if !m.IsValid() || !m.Type().AssignableTo(dst.Type()) {
		panic(Rejected{fmt.Sprintf("method %s of %T has types that a script's interface cannot express", name, v)})
	}
	dst.Set(m)
}

// Assert panics as a failed v.(T) does.
func (t *Table) Assert(id int, v any, static string) {
	want := t.Types[id]
	v = Inner(v)
	i, isInterface := want.T.Underlying().(*types.Interface)
	switch {
	case v == nil && isInterface:
		panic(runtimeError("interface conversion: interface is nil, not " + want.Name()))
	case v == nil:
		panic(runtimeError("interface conversion: " + static + " is nil, not " + want.Name()))
	case isInterface:
		panic(runtimeError("interface conversion: " + t.DynamicName(v) + " is not " + want.Name() + ": missing method " + t.missing(v, i)))
	}
	message := "interface conversion: " + static + " is " + t.DynamicName(v) + ", not " + want.Name()
	if t.DynamicName(v) == want.Name() {
		message += " (types from different scopes)"
	}
	panic(runtimeError(message))
}

func (t *Table) missing(v any, i *types.Interface) string {
	var typ types.Type
	if b, ok := v.(Box); ok {
		typ = b.T.T
	} else {
		typ = t.Universe.Type(reflect.TypeOf(v))
	}
	if m, _ := types.MissingMethod(typ, i, true); m != nil {
		return m.Name()
	}
	return ""
}

// DynamicName is %T.
func (t *Table) DynamicName(v any) string {
	if b, ok := Inner(v).(Box); ok {
		return b.T.Name()
	}
	return fmt.Sprintf("%T", v)
}

// Equal is == of two interface values.
func Equal(a, b any) bool {
	a, b = Inner(a), Inner(b)
	if x, ok := a.(Box); ok && !types.Comparable(x.T.T) {
		if y, ok := b.(Box); ok && x.T == y.T {
			panic(runtimeError("runtime error: comparing uncomparable type " + x.T.Name()))
		}
	}
	return a == b
}

// NilReceiver panics as a call of a value's method by a nil pointer in an interface does.
func (t *Table) NilReceiver(id int, method string) {
	elem := t.Types[id].T.Underlying().(*types.Pointer).Elem()
	name := t.TypeName(elem)
	panic(runtimeError("value method " + name + "." + method + " called using nil *" + name[strings.LastIndexByte(name, '.')+1:] + " pointer"))
}
