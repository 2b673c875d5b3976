package dyn

import (
	"fmt"
	"go/types"
	"io"
	"reflect"
	"sort"
	"strings"

	"cogumi/runtime/script/mono"
)

// Format implements fmt.Formatter: it prints the value as fmt prints one of its
// type, calling the script's own String, Error, GoString and Format methods.
func (b Box) Format(s fmt.State, verb rune) {
	p := printer{table: b.T.table, s: s, verb: verb}
	p.value(reflect.ValueOf(b.V), b.T.T, 0, true)
}

type printer struct {
	table *Table
	s     fmt.State
	verb  rune
}

func (p *printer) write(s string) { _, _ = io.WriteString(p.s, s) }

// value prints v of script type t. visible: not below an unexported field, where
// fmt calls no methods.
func (p *printer) value(v reflect.Value, t types.Type, depth int, visible bool) {
	if _, ok := t.Underlying().(*types.Interface); ok {
		p.dynamic(v, t, depth, visible)
		return
	}
	if v = erased(v); !v.IsValid() {
		p.nothing(t)
		return
	}
	if visible && p.methods(v, t) {
		return
	}
	switch u := t.Underlying().(type) {
	case *types.Struct:
		p.structure(v, t, u, depth, visible)
	case *types.Map:
		p.mapping(v, t, u, depth, visible)
	case *types.Slice:
		p.list(v, t, u.Elem(), depth, visible)
	case *types.Array:
		p.list(v, t, u.Elem(), depth, visible)
	case *types.Pointer:
		p.pointer(v, t, u, depth, visible)
	default:
		if visible {
			p.leaf(v, t)
		} else {
			p.leafUnseen(v, t)
		}
	}
}

// erased looks through the any that an erased field holds; invalid: nil.
func erased(v reflect.Value) reflect.Value {
	for v.IsValid() && v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	return v
}

// nothing prints the nil of an erased field.
func (p *printer) nothing(t types.Type) {
	switch t.Underlying().(type) {
	case *types.Slice:
		p.write("[]")
	case *types.Map:
		p.write("map[]")
	default:
		p.write("<nil>")
	}
}

func (p *printer) sharp() bool { return p.verb == 'v' && p.s.Flag('#') }
func (p *printer) plus() bool  { return p.verb == 'v' && p.s.Flag('+') }

// dynamic prints what is in an interface.
func (p *printer) dynamic(v reflect.Value, t types.Type, depth int, visible bool) {
	var in any
	if v.IsValid() {
		in = Inner(v.Interface())
	}
	switch x := in.(type) {
	case nil:
		if p.sharp() {
			p.write(p.table.TypeName(t) + "(nil)")
		} else if p.verb == 'v' {
			p.write("<nil>")
		} else {
			p.write("%!" + string(p.verb) + "(<nil>)")
		}
	case Box:
		p.value(reflect.ValueOf(x.V), x.T.T, depth+1, visible)
	default:
		if !visible {
			p.leafUnseen(reflect.ValueOf(in), p.table.Universe.Type(reflect.TypeOf(in)))
			return
		}
		fmt.Fprintf(p.s, fmt.FormatString(p.s, p.verb), in)
	}
}

// methods lets the value print itself, in fmt's order.
func (p *printer) methods(v reflect.Value, t types.Type) (done bool) {
	typ := p.table.Lookup(t)
	if typ == nil || len(typ.methods) == 0 || p.verb == 'w' && typ.methods["Format"] == nil && typ.methods["Error"] == nil {
		return p.hostMethods(v, t, typ)
	}
	b := Box{typ, v.Interface()}
	defer p.catch(v, &done)
	if f, ok := b.BoxedMethod("Format").(func(fmt.State, rune)); ok {
		f(p.s, p.verb)
		return true
	}
	if p.sharp() {
		f, ok := b.BoxedMethod("GoString").(func() string)
		if ok {
			p.write(f())
		}
		return ok
	}
	if !strings.ContainsRune("vsxXqw", p.verb) {
		return false
	}
	for _, name := range []string{"Error", "String"} {
		if f, ok := b.BoxedMethod(name).(func() string); ok {
			verb := p.verb
			if verb == 'w' {
				verb = 'v'
			}
			fmt.Fprintf(p.s, fmt.FormatString(p.s, verb), f())
			return true
		}
	}
	return false
}

// hostMethods prints a value of a host type inside a script's value.
func (p *printer) hostMethods(v reflect.Value, t types.Type, typ *Type) bool {
	if n, ok := types.Unalias(t).(*types.Named); !ok || n.Obj().Pkg() == p.table.Main || typ != nil && len(typ.methods) > 0 {
		if ptr, ok := types.Unalias(t).(*types.Pointer); !ok || !hostNamed(ptr.Elem(), p.table.Main) || v.NumMethod() == 0 {
			return false
		}
	}
	fmt.Fprintf(p.s, fmt.FormatString(p.s, p.verb), v.Interface())
	return true
}

func hostNamed(t types.Type, main *types.Package) bool {
	n, ok := types.Unalias(t).(*types.Named)
	return ok && n.Obj().Pkg() != nil && n.Obj().Pkg() != main
}

// catch writes what fmt writes when a method panics.
func (p *printer) catch(v reflect.Value, done *bool) {
	r := recover()
	if r == nil {
		return
	}
	*done = true
	if v.Kind() == reflect.Pointer && v.IsNil() {
		p.write("<nil>")
		return
	}
	if c, ok := r.(Panicked); ok {
		r = c.Value
	}
	p.write("%!" + string(p.verb) + "(PANIC=String method: " + fmt.Sprint(Normalize(r)) + ")")
}

func (p *printer) structure(v reflect.Value, t types.Type, u *types.Struct, depth int, visible bool) {
	if p.sharp() {
		p.write(p.table.TypeName(t))
	}
	p.write("{")
	for i := range u.NumFields() {
		f := u.Field(i)
		if i > 0 {
			if p.sharp() {
				p.write(", ")
			} else {
				p.write(" ")
			}
		}
		if p.plus() || p.sharp() {
			p.write(fieldName(f) + ":")
		}
		p.value(v.Field(i), f.Type(), depth+1, visible && f.Exported())
	}
	p.write("}")
}

// fieldName is a field's name as the script wrote it.
func fieldName(f *types.Var) string {
	if f.Embedded() {
		name, _, _ := strings.Cut(f.Name(), mono.Dot)
		return name
	}
	return f.Name()
}

func (p *printer) mapping(v reflect.Value, t types.Type, u *types.Map, depth int, visible bool) {
	open, end, sep := "map[", "]", " "
	if p.sharp() {
		if v.IsNil() {
			p.write(p.table.TypeName(t) + "(nil)")
			return
		}
		open, end, sep = p.table.TypeName(t)+"{", "}", ", "
	}
	p.write(open)
	for i, k := range sortedKeys(v) {
		if i > 0 {
			p.write(sep)
		}
		p.value(k, u.Key(), depth+1, visible)
		p.write(":")
		p.value(v.MapIndex(k), u.Elem(), depth+1, visible)
	}
	p.write(end)
}

func (p *printer) list(v reflect.Value, t, elem types.Type, depth int, visible bool) {
	if b, ok := elem.Underlying().(*types.Basic); ok && b.Kind() == types.Uint8 && strings.ContainsRune("sqxX", p.verb) {
		raw := reflect.MakeSlice(reflect.TypeFor[[]byte](), v.Len(), v.Len())
		for i := range v.Len() {
			raw.Index(i).SetUint(v.Index(i).Uint())
		}
		fmt.Fprintf(p.s, fmt.FormatString(p.s, p.verb), raw.Interface())
		return
	}
	open, end, sep := "[", "]", " "
	if p.sharp() {
		if v.Kind() == reflect.Slice && v.IsNil() {
			p.write(p.table.TypeName(t) + "(nil)")
			return
		}
		open, end, sep = p.table.TypeName(t)+"{", "}", ", "
	}
	p.write(open)
	for i := range v.Len() {
		if i > 0 {
			p.write(sep)
		}
		p.value(v.Index(i), elem, depth+1, visible)
	}
	p.write(end)
}

func (p *printer) pointer(v reflect.Value, t types.Type, u *types.Pointer, depth int, visible bool) {
	if depth == 0 && v.Kind() == reflect.Pointer && !v.IsNil() {
		switch u.Elem().Underlying().(type) {
		case *types.Struct, *types.Map, *types.Slice, *types.Array:
			p.write("&")
			p.value(v.Elem(), u.Elem(), depth+1, visible)
			return
		}
	}
	address := uintptr(0)
	if v.IsValid() && v.Kind() == reflect.Pointer {
		address = v.Pointer()
	}
	switch {
	case p.verb == 'v' && address == 0 && p.sharp():
		p.write("(" + p.table.TypeName(t) + ")(nil)")
	case p.verb == 'v' && address == 0:
		p.write("<nil>")
	case p.verb == 'v' && p.sharp():
		p.write(fmt.Sprintf("(%s)(0x%x)", p.table.TypeName(t), address))
	case p.verb == 'v' || p.verb == 'p':
		p.write(fmt.Sprintf("0x%x", address))
	default:
		fmt.Fprintf(p.s, fmt.FormatString(p.s, p.verb), address)
	}
}

// leaf prints a value without parts; fmt's complaints name the type.
func (p *printer) leaf(v reflect.Value, t types.Type) {
	switch v.Kind() {
	case reflect.Func, reflect.Chan:
		if v.IsNil() && p.verb == 'v' && !p.sharp() {
			p.write("<nil>")
			return
		}
	}
	out := fmt.Sprintf(fmt.FormatString(p.s, p.verb), v.Interface())
	if complaint := "%!" + string(p.verb) + "(" + v.Type().String() + "="; strings.HasPrefix(out, complaint) {
		out = "%!" + string(p.verb) + "(" + p.table.TypeName(t) + "=" + out[len(complaint):]
	}
	p.write(out)
}

// bare is a basic value without its named type's methods; v may be an
// unexported field, which reflection lets nobody have.
func bare(v reflect.Value) reflect.Value {
	switch {
	case v.Kind() == reflect.Bool:
		return reflect.ValueOf(v.Bool())
	case v.Kind() == reflect.String:
		return reflect.ValueOf(v.String())
	case v.CanInt():
		return reflect.ValueOf(v.Int()).Convert(basicTypes[v.Kind()])
	case v.CanUint():
		return reflect.ValueOf(v.Uint()).Convert(basicTypes[v.Kind()])
	case v.CanFloat():
		return reflect.ValueOf(v.Float()).Convert(basicTypes[v.Kind()])
	}
	return reflect.ValueOf(v.Complex()).Convert(basicTypes[v.Kind()])
}

var basicTypes = map[reflect.Kind]reflect.Type{
	reflect.Int: reflect.TypeFor[int](), reflect.Int8: reflect.TypeFor[int8](), reflect.Int16: reflect.TypeFor[int16](),
	reflect.Int32: reflect.TypeFor[int32](), reflect.Int64: reflect.TypeFor[int64](),
	reflect.Uint: reflect.TypeFor[uint](), reflect.Uint8: reflect.TypeFor[uint8](), reflect.Uint16: reflect.TypeFor[uint16](),
	reflect.Uint32: reflect.TypeFor[uint32](), reflect.Uint64: reflect.TypeFor[uint64](), reflect.Uintptr: reflect.TypeFor[uintptr](),
	reflect.Float32: reflect.TypeFor[float32](), reflect.Float64: reflect.TypeFor[float64](),
	reflect.Complex64: reflect.TypeFor[complex64](), reflect.Complex128: reflect.TypeFor[complex128](),
}

// leafUnseen prints a host value below an unexported field: fmt calls no methods there.
func (p *printer) leafUnseen(v reflect.Value, t types.Type) {
	switch v.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr,
		reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128, reflect.String:
		p.leaf(bare(v), t)
	case reflect.Pointer:
		p.pointer(v, t, types.NewPointer(types.Typ[types.Int]), 1, false)
	default:
		// An unexported field of the host's own keeps methods from being called.
		type hidden struct{ v any }
		out := fmt.Sprintf(fmt.FormatString(p.s, p.verb), hidden{v.Interface()})
		out = strings.TrimSuffix(strings.TrimPrefix(out, "{"), "}")
		p.write(strings.TrimPrefix(out, "v:"))
	}
}

func sortedKeys(m reflect.Value) []reflect.Value {
	keys := m.MapKeys()
	sort.SliceStable(keys, func(i, j int) bool { return compare(keys[i], keys[j]) < 0 })
	return keys
}

// compare orders map keys as fmt does.
func compare(a, b reflect.Value) int {
	order := func(less, greater bool) int {
		switch {
		case less:
			return -1
		case greater:
			return +1
		}
		return 0
	}
	switch a.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return order(a.Int() < b.Int(), a.Int() > b.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return order(a.Uint() < b.Uint(), a.Uint() > b.Uint())
	case reflect.String:
		return strings.Compare(a.String(), b.String())
	case reflect.Float32, reflect.Float64:
		x, y := a.Float(), b.Float()
		return order(x < y || x != x && y == y, x > y || y != y && x == x)
	case reflect.Bool:
		return order(!a.Bool() && b.Bool(), a.Bool() && !b.Bool())
	case reflect.Struct:
		for i := range a.NumField() {
			if c := compare(a.Field(i), b.Field(i)); c != 0 {
				return c
			}
		}
	case reflect.Array:
		for i := range a.Len() {
			if c := compare(a.Index(i), b.Index(i)); c != 0 {
				return c
			}
		}
	case reflect.Pointer, reflect.Chan:
		return order(a.Pointer() < b.Pointer(), a.Pointer() > b.Pointer())
	case reflect.Interface:
		return compareInterfaces(a, b, order)
	}
	return 0
}

func compareInterfaces(a, b reflect.Value, order func(bool, bool) int) int {
	if a.IsNil() || b.IsNil() {
		return order(a.IsNil() && !b.IsNil(), !a.IsNil() && b.IsNil())
	}
	x, y := a.Elem(), b.Elem()
	if bx, ok := x.Interface().(Box); ok {
		x = reflect.ValueOf(bx.V)
	}
	if by, ok := y.Interface().(Box); ok {
		y = reflect.ValueOf(by.V)
	}
	if x.Type() != y.Type() {
		return strings.Compare(x.Type().String(), y.Type().String())
	}
	return compare(x, y)
}
