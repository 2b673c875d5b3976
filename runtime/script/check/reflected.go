package check

import (
	"go/constant"
	"go/token"
	"go/types"
	"reflect"

	"cogumi/runtime/script/symbols"
)

var basic = map[reflect.Kind]types.BasicKind{
	reflect.Bool: types.Bool, reflect.String: types.String,
	reflect.Int: types.Int, reflect.Int8: types.Int8, reflect.Int16: types.Int16, reflect.Int32: types.Int32, reflect.Int64: types.Int64,
	reflect.Uint: types.Uint, reflect.Uint8: types.Uint8, reflect.Uint16: types.Uint16, reflect.Uint32: types.Uint32, reflect.Uint64: types.Uint64,
	reflect.Uintptr: types.Uintptr, reflect.UnsafePointer: types.UnsafePointer,
	reflect.Float32: types.Float32, reflect.Float64: types.Float64,
	reflect.Complex64: types.Complex64, reflect.Complex128: types.Complex128,
}

var errorType = reflect.TypeFor[error]()

// Type is the go/types view of a host type.
func (u *Universe) Type(t reflect.Type) types.Type {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.typ(t)
}

func (u *Universe) typ(t reflect.Type) types.Type {
	if t == errorType {
		return types.Universe.Lookup("error").Type()
	}
	// iter.Seq[string] is a name that reflection cannot take apart; its
	// underlying func is assignable to and from the script's own iter.Seq.
	if t.Name() == "" || t.PkgPath() == "" || t.PkgPath() == "iter" {
		return u.under(t)
	}
	if n := u.named[t]; n != nil {
		return n
	}
	pkg := u.pkg(t.PkgPath())
	n := types.NewNamed(types.NewTypeName(token.NoPos, pkg, t.Name(), nil), nil, nil)
	u.named[t] = n
	u.hosts[n] = t
	n.SetUnderlying(u.under(t))
	if t.Kind() != reflect.Interface {
		u.methods(n, pkg, t)
	}
	return n
}

// methods adds the exported methods; reflection lists promoted ones too, which
// is what a script sees of them.
func (u *Universe) methods(n *types.Named, pkg *types.Package, t reflect.Type) {
	seen := map[string]bool{}
	add := func(rt reflect.Type, recv types.Type) {
		for i := range rt.NumMethod() {
			m := rt.Method(i)
			if seen[m.Name] {
				continue
			}
			seen[m.Name] = true
			sig := u.signature(m.Type, types.NewVar(token.NoPos, pkg, "", recv), 1)
			n.AddMethod(types.NewFunc(token.NoPos, pkg, m.Name, sig))
		}
	}
	add(t, n)
	add(reflect.PointerTo(t), types.NewPointer(n))
}

func (u *Universe) under(t reflect.Type) types.Type {
	if k, ok := basic[t.Kind()]; ok {
		return types.Typ[k]
	}
	switch t.Kind() {
	case reflect.Pointer:
		return types.NewPointer(u.typ(t.Elem()))
	case reflect.Slice:
		return types.NewSlice(u.typ(t.Elem()))
	case reflect.Array:
		return types.NewArray(u.typ(t.Elem()), int64(t.Len()))
	case reflect.Map:
		return types.NewMap(u.typ(t.Key()), u.typ(t.Elem()))
	case reflect.Chan:
		dir := map[reflect.ChanDir]types.ChanDir{reflect.BothDir: types.SendRecv, reflect.RecvDir: types.RecvOnly, reflect.SendDir: types.SendOnly}
		return types.NewChan(dir[t.ChanDir()], u.typ(t.Elem()))
	case reflect.Func:
		return u.signature(t, nil, 0)
	case reflect.Interface:
		return u.iface(t)
	}
	return u.structure(t)
}

func (u *Universe) iface(t reflect.Type) types.Type {
	var methods []*types.Func
	for i := range t.NumMethod() {
		m := t.Method(i)
		pkg := u.pkgs[t.PkgPath()]
		if m.PkgPath != "" {
			pkg = u.pkg(m.PkgPath)
		}
		methods = append(methods, types.NewFunc(token.NoPos, pkg, m.Name, u.signature(m.Type, nil, 0)))
	}
	return types.NewInterfaceType(methods, nil).Complete()
}

func (u *Universe) structure(t reflect.Type) types.Type {
	var fields []*types.Var
	var tags []string
	for i := range t.NumField() {
		f := t.Field(i)
		pkg := u.pkg(t.PkgPath())
		if f.PkgPath != "" {
			pkg = u.pkg(f.PkgPath)
		}
		fields = append(fields, types.NewField(token.NoPos, pkg, f.Name, u.typ(f.Type), f.Anonymous))
		tags = append(tags, string(f.Tag))
	}
	return types.NewStruct(fields, tags)
}

// signature leaves out the first skip parameters (a method's receiver).
func (u *Universe) signature(t reflect.Type, recv *types.Var, skip int) *types.Signature {
	var in, out []*types.Var
	for i := skip; i < t.NumIn(); i++ {
		in = append(in, types.NewParam(token.NoPos, nil, "", u.typ(t.In(i))))
	}
	for i := range t.NumOut() {
		out = append(out, types.NewParam(token.NoPos, nil, "", u.typ(t.Out(i))))
	}
	return types.NewSignatureType(recv, nil, nil, types.NewTuple(in...), types.NewTuple(out...), t.IsVariadic())
}

func untyped(pkg *types.Package, name string, v reflect.Value) (*types.Const, bool) {
	if v.Type() != reflect.TypeFor[symbols.Untyped]() {
		return nil, false
	}
	c := v.Interface().(symbols.Untyped)
	kind := map[string]types.BasicKind{"int": types.UntypedInt, "rune": types.UntypedRune, "float": types.UntypedFloat,
		"string": types.UntypedString, "bool": types.UntypedBool}[c.Kind]
	return types.NewConst(token.NoPos, pkg, name, types.Typ[kind], c.Value), true
}

func constantOf(v reflect.Value) constant.Value {
	switch {
	case v.CanInt():
		return constant.MakeInt64(v.Int())
	case v.CanUint():
		return constant.MakeUint64(v.Uint())
	case v.CanFloat():
		return constant.MakeFloat64(v.Float())
	case v.Kind() == reflect.String:
		return constant.MakeString(v.String())
	case v.Kind() == reflect.Bool:
		return constant.MakeBool(v.Bool())
	}
	return constant.MakeUnknown()
}
