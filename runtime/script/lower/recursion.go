package lower

import (
	"go/ast"
	"go/types"
)

// The interpreter knows structs that refer to themselves. Where several structs
// refer to each other it mixes up the types of the pointers. So the fields by
// which one leads to another hold any: what is stored there is taken out again
// with its type whenever the field is read (erased fields).

// scanRecursion finds the erased fields.
func (l *lowerer) scanRecursion() {
	var structs []*types.Named
	scope := l.prog.Pkg.Scope()
	for _, name := range scope.Names() {
		if tn, ok := scope.Lookup(name).(*types.TypeName); ok && !tn.IsAlias() {
			n, ok := tn.Type().(*types.Named)
			if !ok {
				continue
			}
			if _, ok := n.Underlying().(*types.Struct); ok {
				structs = append(structs, n)
			}
		}
	}
	for _, n := range structs {
		st := n.Underlying().(*types.Struct)
		for i := range st.NumFields() {
			f := st.Field(i)
			if byValue(f.Type()) {
				continue
			}
			for _, other := range structs {
				if other != n && reaches(f.Type(), other, n) && reaches(other.Underlying(), n, nil) {
					l.table.Erased[f] = true
				}
			}
		}
	}
}

// byValue says whether the field is a struct or an array of structs: such a
// field cannot be part of a cycle of its own.
func byValue(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Struct, *types.Basic, *types.Interface:
		return true
	case *types.Array:
		return byValue(u.Elem())
	}
	return false
}

// reaches says whether a value of type t leads to one of type goal, without
// passing through a value of type except.
func reaches(t types.Type, goal, except *types.Named) bool {
	seen := map[types.Type]bool{}
	var visit func(t types.Type) bool
	visit = func(t types.Type) bool {
		t = types.Unalias(t)
		if t == goal {
			return true
		}
		if seen[t] || except != nil && t == except {
			return false
		}
		seen[t] = true
		switch u := t.Underlying().(type) {
		case *types.Pointer:
			return visit(u.Elem())
		case *types.Slice:
			return visit(u.Elem())
		case *types.Array:
			return visit(u.Elem())
		case *types.Chan:
			return visit(u.Elem())
		case *types.Map:
			return visit(u.Key()) || visit(u.Elem())
		case *types.Signature:
			for _, tuple := range []*types.Tuple{u.Params(), u.Results()} {
				for i := range tuple.Len() {
					if visit(tuple.At(i).Type()) {
						return true
					}
				}
			}
		case *types.Struct:
			for i := range u.NumFields() {
				if visit(u.Field(i).Type()) {
					return true
				}
			}
		}
		return false
	}
	return visit(t)
}

// erase makes the value of an erased field; nil stays a nil interface, so that
// structs compare as they should.
func (l *lowerer) erase(e ast.Expr, t types.Type) ast.Expr {
	return l.call(l.id(l.helper("erase", t, func(name string) {
		l.topFunc(name, []*ast.Field{l.field("v", l.typ(t))}, []*ast.Field{l.field("", l.anyType())},
			l.ret(l.host("Erase", l.addr(l.id("v")))))
	})), e)
}

// erasedField is the field that an expression selects, if it is an erased one.
func (l *lowerer) erasedField(e ast.Expr) *types.Var {
	x, ok := ast.Unparen(e).(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	s := l.info.Selections[x]
	if s == nil || s.Kind() != types.FieldVal || !l.table.Erased[s.Obj().(*types.Var)] {
		return nil
	}
	return s.Obj().(*types.Var)
}

// addressOf is &recv for a method's receiver.
func (l *lowerer) addressOf(recv ast.Expr) ast.Expr {
	if _, ok := recv.(*ast.CallExpr); ok {
		l.reject(nil, "the address of a field by which structs refer to each other", "put the value into a variable first")
	}
	return l.addr(recv)
}
