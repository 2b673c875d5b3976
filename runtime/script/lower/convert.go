package lower

import (
	"go/ast"
	"go/types"

	"cogumi/runtime/script/symbols"
)

// convert makes a value of type from into one of type to, as an assignment does.
func (l *lowerer) convert(e ast.Expr, from, to types.Type) ast.Expr {
	if to == nil || from == nil {
		return e
	}
	if b, ok := from.(*types.Basic); ok && b.Kind() == types.UntypedNil {
		return e
	}
	if !types.IsInterface(to) {
		return l.retype(e, from, to)
	}
	toHost := l.isHostInterface(to)
	if types.IsInterface(from) {
		return l.convertInterface(e, from, to)
	}
	if l.pure(from) {
		e = l.plainAny(e, from)
		if toHost && nilable(from) {
			return l.wrap(e, to)
		}
		return e
	}
	boxed := l.boxed(e, from)
	if toHost {
		return l.wrap(boxed, to)
	}
	return boxed
}

func (l *lowerer) convertInterface(e ast.Expr, from, to types.Type) ast.Expr {
	fromHost, toHost := l.isHostInterface(from), l.isHostInterface(to)
	switch {
	case fromHost && !toHost:
		return l.host("Inner", e)
	case !fromHost && toHost:
		return l.wrap(e, to)
	case fromHost && toHost && !types.Identical(from, to):
		return l.wrap(l.host("Inner", e), to)
	}
	return e
}

// plainAny is a value of a host type in an interface.
func (l *lowerer) plainAny(e ast.Expr, from types.Type) ast.Expr {
	if !nilable(from) {
		return e
	}
	return l.call(l.id(l.helper("plain", from, func(name string) {
		l.topFunc(name, []*ast.Field{l.field("v", l.typ(from))}, []*ast.Field{l.field("", l.anyType())},
			l.ret(l.host("Plain", l.addr(l.id("v")))))
	})), e)
}

// nilable types go into interfaces by their address: handed over as they are,
// the interpreter makes a nil interface of a nil pointer.
func nilable(t types.Type) bool {
	switch t.Underlying().(type) {
	case *types.Pointer, *types.Slice, *types.Map, *types.Chan, *types.Signature:
		return true
	}
	return false
}

// boxed puts a value of a script's type into an interface.
func (l *lowerer) boxed(e ast.Expr, from types.Type) ast.Expr {
	if !nilable(from) {
		return l.host("Box", l.int(l.intern(from)), e)
	}
	return l.call(l.id(l.helper("box", from, func(name string) {
		l.topFunc(name, []*ast.Field{l.field("v", l.typ(from))}, []*ast.Field{l.field("", l.anyType())},
			l.ret(l.host("Box", l.int(l.intern(from)), l.host("Plain", l.addr(l.id("v"))))))
	})), e)
}

// wrap makes a host interface out of what a script's interface holds.
func (l *lowerer) wrap(e ast.Expr, to types.Type) ast.Expr {
	n := types.Unalias(to).(*types.Named)
	if n.Obj().Pkg() == nil {
		return l.host("ToError", e)
	}
	key := n.Obj().Pkg().Path() + "." + n.Obj().Name()
	l.wrappers[key] = true
	if t := symbols.Get(n.Obj().Pkg().Path()); t == nil || !t.Values["_"+n.Obj().Name()].IsValid() {
		l.reject(nil, "a script's type cannot be used as "+n.Obj().Pkg().Name()+"."+n.Obj().Name(), "")
	}
	return l.host(WrapperName(n.Obj().Pkg().Path(), n.Obj().Name()), e)
}

// WrapperName is the runner's function that makes a host interface.
func WrapperName(path, name string) string {
	b := []byte("To_" + path + "_" + name)
	for i, c := range b {
		if !(c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z') {
			b[i] = '_'
		}
	}
	return string(b)
}

// retype converts between types with the same shape where the interpreter
// tells them apart: named and unnamed structs.
func (l *lowerer) retype(e ast.Expr, from, to types.Type) ast.Expr {
	_, isStruct := to.Underlying().(*types.Struct)
	if !isStruct || types.Identical(from, to) {
		return e
	}
	return l.call(l.typ(to), e)
}

// into is the name of a helper that takes a value of type t out of an interface:
// func(any) T, for values that are known to be there.
func (l *lowerer) into(t types.Type) string {
	return l.helper("into", t, func(name string) {
		l.topFunc(name, []*ast.Field{l.field("x", l.anyType())}, []*ast.Field{l.field("", l.typ(t))},
			l.declare("v", l.typ(t)),
			l.stmtOf(l.host("Into", l.id("x"), l.addr(l.id("v")))),
			l.ret(l.id("v")))
	})
}

// taken is the value of type t that a script's interface is known to hold.
func (l *lowerer) taken(x ast.Expr, t types.Type) ast.Expr {
	switch {
	case l.isHostInterface(t):
		return l.wrap(x, t)
	case types.IsInterface(t):
		return x
	}
	return l.call(l.id(l.into(t)), x)
}

// asserted is the helper for v, ok := x.(T).
func (l *lowerer) asserted(t types.Type) string {
	return l.helper("assert", t, func(name string) {
		l.topFunc(name, []*ast.Field{l.field("x", l.anyType())}, []*ast.Field{l.field("", l.typ(t)), l.field("", l.id("bool"))},
			l.declare("v", l.typ(t)),
			l.ifThen(l.host("Is", l.int(l.intern(t)), l.id("x")),
				l.ret(l.taken(l.host("Inner", l.id("x")), t), l.id("true"))),
			l.ret(l.id("v"), l.id("false")))
	})
}

// must is the helper for x.(T).
func (l *lowerer) must(t, static types.Type) string {
	described := l.table.TypeName(static)
	return l.helper("must "+described, t, func(name string) {
		l.topFunc(name, []*ast.Field{l.field("x", l.anyType())}, []*ast.Field{l.field("", l.typ(t))},
			l.ifThen(l.not(l.host("Is", l.int(l.intern(t)), l.id("x"))),
				l.stmtOf(l.host("Assert", l.int(l.intern(t)), l.id("x"), l.str(described)))),
			l.ret(l.taken(l.host("Inner", l.id("x")), t)))
	})
}

// method is the helper that finds a method of what an interface holds.
func (l *lowerer) method(name string, sig *types.Signature) string {
	plain := types.NewSignatureType(nil, nil, nil, sig.Params(), sig.Results(), sig.Variadic())
	return l.helper("method "+name, plain, func(helper string) {
		l.topFunc(helper, []*ast.Field{l.field("x", l.anyType())}, []*ast.Field{l.field("", l.funcType(plain))},
			l.declare("f", l.funcType(plain)),
			l.stmtOf(l.host("Method", l.id("x"), l.str(name), l.addr(l.id("f")))),
			l.ret(l.id("f")))
	})
}

// helper makes a function once for each kind and type. It must not name its
// results: the interpreter takes a named result for the variable that the call
// is assigned to, old value included.
func (l *lowerer) helper(kind string, t types.Type, write func(name string)) string {
	key := kind + " " + types.TypeString(types.Unalias(t), func(p *types.Package) string { return p.Path() })
	if name := l.helpers[key]; name != "" {
		return name
	}
	name := l.temp("h")
	l.helpers[key] = name
	write(name)
	return name
}

// zero is the zero value of t, as an expression with t's type.
func (l *lowerer) zero(t types.Type) ast.Expr {
	if b, ok := t.Underlying().(*types.Basic); ok && !l.hostNamed(t) {
		switch {
		case b.Info()&types.IsBoolean != 0:
			return l.id("false")
		case b.Info()&types.IsString != 0:
			return l.str("")
		case b.Info()&types.IsInteger != 0:
			return l.call(l.id(b.Name()), l.int(0))
		}
	}
	return l.call(l.id(l.helper("zero", t, func(name string) {
		l.topFunc(name, nil, []*ast.Field{l.field("", l.typ(t))}, l.declare("v", l.typ(t)), l.ret(l.id("v")))
	})))
}
