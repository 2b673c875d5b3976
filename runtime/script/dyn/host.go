package dyn

import (
	"fmt"
	"go/types"
	"io"
	"math"
	"os"
	"reflect"
	"strconv"
	"strings"
)

// Clear is clear(m) or clear(s).
func Clear(v any) {
	if r := reflect.ValueOf(v); r.IsValid() {
		r.Clear()
	}
}

// Min and Max are the builtins for floats.
func Min(a, b float64) float64 { return math.Min(a, b) }

// Max is max.
func Max(a, b float64) float64 { return math.Max(a, b) }

// Exhausted panics when an iterator goes on after its loop has ended.
func Exhausted() {
	panic(runtimeError("runtime error: range function continued iteration after function for loop body returned false"))
}

// SameChannel compares channels of which one has no direction.
func SameChannel(a, b any) bool {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	if !x.IsValid() || !y.IsValid() {
		return x.IsValid() == y.IsValid()
	}
	return x.Pointer() == y.Pointer()
}

// Complex is complex(re, im).
func Complex(re, im float64) complex128 { return complex(re, im) }

// Runes is what range over a string yields.
func Runes(s string) (offsets []int, runes []rune) {
	for i, r := range s {
		offsets = append(offsets, i)
		runes = append(runes, r)
	}
	return offsets, runes
}

// Shift checks a signed shift count.
func Shift(n int) uint64 {
	if n < 0 {
		panic(runtimeError("runtime error: negative shift amount"))
	}
	return uint64(n)
}

// Raw is the plain value for a host function that works on the memory behind
// it, as json.Unmarshal does. Types that such a function would see differently
// from compiled Go are refused.
func (t *Table) Raw(v any, function string) any {
	b, ok := Inner(v).(Box)
	if !ok {
		return v
	}
	if why := t.differs(b.T.T, map[types.Type]bool{}, strings.Contains(function, "json")); why != "" {
		panic(Rejected{fmt.Sprintf("%s cannot work on a %s: %s", function, b.T.Name(), why)})
	}
	return b.V
}

// differs says why the host would treat a value of type t differently.
func (t *Table) differs(typ types.Type, seen map[types.Type]bool, json bool) string {
	if seen[typ] {
		return ""
	}
	seen[typ] = true
	if n, ok := types.Unalias(typ).(*types.Named); ok {
		if n.Obj().Pkg() != t.Main {
			return ""
		}
		for _, name := range []string{"UnmarshalJSON", "UnmarshalText", "Scan", "Format", "String", "Error"} {
			unmarshals := strings.HasPrefix(name, "Unmarshal")
			if json == unmarshals && t.hasMethod(types.NewPointer(n), name) {
				return n.Obj().Name() + " has a method " + name + ", which the host cannot call"
			}
		}
	}
	switch u := typ.Underlying().(type) {
	case *types.Pointer:
		return t.differs(u.Elem(), seen, json)
	case *types.Slice:
		return t.differs(u.Elem(), seen, json)
	case *types.Array:
		return t.differs(u.Elem(), seen, json)
	case *types.Map:
		if why := t.differs(u.Key(), seen, json); why != "" {
			return why
		}
		return t.differs(u.Elem(), seen, json)
	case *types.Struct:
		for i := range u.NumFields() {
			f := u.Field(i)
			if t.Erased[f] && (f.Exported() || !json) {
				return "field " + f.Name() + " belongs to structs that refer to each other"
			}
			if f.Embedded() {
				return "field " + fieldName(f) + " is embedded"
			}
			if f.Exported() || !json {
				if why := t.differs(f.Type(), seen, json); why != "" {
					return why
				}
			}
		}
	}
	return ""
}

// Pass lets host values through to a host function that cannot deal with a
// script's own types.
func (t *Table) Pass(v any, function string) any {
	if b, ok := Inner(v).(Box); ok {
		panic(Rejected{fmt.Sprintf("a value of %s passed to %s: the host cannot see a script's own types there", b.T.Name(), function)})
	}
	return v
}

// Fmt is the functions of package fmt for values in a script's interfaces.
func (t *Table) Fmt() map[string]reflect.Value {
	out := func(a []any) []any {
		b := make([]any, len(a))
		for i, v := range a {
			b[i] = Out(v)
		}
		return b
	}
	f := func(format string, a []any) (string, []any) { return t.typeVerbs(format, out(a)) }
	return map[string]reflect.Value{
		"Print":    reflect.ValueOf(func(a ...any) (int, error) { return fmt.Print(out(a)...) }),
		"Println":  reflect.ValueOf(func(a ...any) (int, error) { return fmt.Println(out(a)...) }),
		"Printf":   reflect.ValueOf(func(s string, a ...any) (int, error) { s, a = f(s, a); return fmt.Printf(s, a...) }),
		"Sprint":   reflect.ValueOf(func(a ...any) string { return fmt.Sprint(out(a)...) }),
		"Sprintln": reflect.ValueOf(func(a ...any) string { return fmt.Sprintln(out(a)...) }),
		"Sprintf":  reflect.ValueOf(func(s string, a ...any) string { s, a = f(s, a); return fmt.Sprintf(s, a...) }),
		"Fprint":   reflect.ValueOf(func(w io.Writer, a ...any) (int, error) { return fmt.Fprint(w, out(a)...) }),
		"Fprintln": reflect.ValueOf(func(w io.Writer, a ...any) (int, error) { return fmt.Fprintln(w, out(a)...) }),
		"Fprintf":  reflect.ValueOf(func(w io.Writer, s string, a ...any) (int, error) { s, a = f(s, a); return fmt.Fprintf(w, s, a...) }),
		"Append":   reflect.ValueOf(func(b []byte, a ...any) []byte { return fmt.Append(b, out(a)...) }),
		"Appendln": reflect.ValueOf(func(b []byte, a ...any) []byte { return fmt.Appendln(b, out(a)...) }),
		"Appendf":  reflect.ValueOf(func(b []byte, s string, a ...any) []byte { s, a = f(s, a); return fmt.Appendf(b, s, a...) }),
		"Errorf":   reflect.ValueOf(func(s string, a ...any) error { s, a = f(s, a); return fmt.Errorf(s, a...) }),
	}
}

// typeVerbs answers %T and %p itself: for them fmt does not ask the value.
func (t *Table) typeVerbs(format string, a []any) (string, []any) {
	if !strings.ContainsAny(format, "Tp") || !t.anyBoxed(a) {
		return format, a
	}
	var b strings.Builder
	next := 0
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b.WriteByte(format[i])
			continue
		}
		start := i
		i++
		for i < len(format) && strings.IndexByte("+-# 0123456789.*", format[i]) >= 0 {
			if format[i] == '*' {
				next++
			}
			i++
		}
		if i < len(format) && format[i] == '[' {
			panic(Rejected{"a format with explicit argument indexes and %T or %p"})
		}
		if i == len(format) {
			b.WriteString(format[start:])
			break
		}
		verb := format[i]
		if verb == 'T' && next < len(a) {
			a[next] = t.DynamicName(a[next])
			b.WriteString(format[start:i] + "s")
		} else {
			if verb == 'p' && next < len(a) {
				a[next] = address(a[next])
			}
			b.WriteString(format[start : i+1])
		}
		if verb != '%' {
			next++
		}
	}
	return b.String(), a
}

// address is what %p prints of a script's pointer, slice, map, func or channel.
func address(v any) any {
	b, ok := Inner(v).(Box)
	if !ok {
		return v
	}
	switch reflect.ValueOf(b.V).Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Func, reflect.Chan:
		return b.V
	}
	return v
}

func (t *Table) anyBoxed(a []any) bool {
	for _, v := range a {
		if _, ok := Inner(v).(Box); ok {
			return true
		}
	}
	return false
}

// Print is the builtin print: to standard error, without spaces.
func Print(a ...any) {
	for _, v := range a {
		fmt.Fprint(os.Stderr, builtinText(v))
	}
}

// Println is the builtin println.
func Println(a ...any) {
	for i, v := range a {
		if i > 0 {
			fmt.Fprint(os.Stderr, " ")
		}
		fmt.Fprint(os.Stderr, builtinText(v))
	}
	fmt.Fprintln(os.Stderr)
}

func builtinText(v any) string {
	if b, ok := v.(Box); ok {
		v = b.V
	}
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.Invalid:
		return "(0x0,0x0)"
	case reflect.Float32, reflect.Float64:
		return strconv.FormatFloat(r.Float(), 'g', -1, r.Type().Bits())
	case reflect.Slice:
		return fmt.Sprintf("[%d/%d]0x%x", r.Len(), r.Cap(), r.Pointer())
	case reflect.Map, reflect.Pointer, reflect.Chan, reflect.Func, reflect.UnsafePointer:
		return fmt.Sprintf("0x%x", r.Pointer())
	}
	return fmt.Sprint(v)
}

// Text is what a panic's value says.
func (p Panicked) Text() string {
	switch v := Out(p.Value).(type) {
	case error:
		return v.Error()
	case string:
		return v
	case fmt.Stringer:
		return v.String()
	default:
		return fmt.Sprintf("%v", v)
	}
}

// Cause is the error that was panicked with, if it was one.
func (p Panicked) Cause() error {
	err, _ := Out(p.Value).(error)
	return err
}
