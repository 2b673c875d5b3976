package lower

import (
	"go/ast"
	"go/types"
)

// The interpreter does not copy an argument that is zero, and reflection calls
// -0 zero: the parameter would be +0. It copies all that goes into an interface,
// so declared functions get their floating-point arguments as any.

// signed says whether a value of type t holds floating-point numbers, and with
// them the sign of zeros.
func signed(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return u.Info()&(types.IsFloat|types.IsComplex) != 0
	case *types.Array:
		return signed(u.Elem())
	case *types.Struct:
		for i := range u.NumFields() {
			if signed(u.Field(i).Type()) {
				return true
			}
		}
	}
	return false
}

// keepSigns makes any of the floating-point parameters of a function that is
// called by its name; params are their types.
func (l *lowerer) keepSigns(lit *ast.FuncLit, params ...types.Type) {
	var out []ast.Stmt
	for i, f := range lit.Type.Params.List {
		t := params[i]
		if !signed(t) {
			continue
		}
		name, given := f.Names[0], l.temp("given")
		var value ast.Expr = &ast.TypeAssertExpr{X: l.id(given), Type: f.Type}
		if recursive(t) { // the interpreter has several types for it
			value = l.call(l.id(l.into(t)), l.id(given))
		}
		out = append(out, l.define(name.Name, value), l.assign(l.id("_"), l.id(name.Name)))
		f.Names, f.Type = []*ast.Ident{l.id(given)}, l.anyType()
	}
	lit.Body.List = append(out, lit.Body.List...)
}

// paramTypes are the types of a function's parameters, a method's receiver first.
func paramTypes(sig *types.Signature) []types.Type {
	var list []types.Type
	if sig.Recv() != nil {
		list = append(list, sig.Recv().Type())
	}
	for v := range sig.Params().Variables() {
		list = append(list, v.Type())
	}
	return list
}

// recursive says whether a struct that refers to itself is part of t.
func recursive(t types.Type) bool {
	path := map[*types.Named]bool{}
	var visit func(t types.Type) bool
	visit = func(t types.Type) bool {
		if n, ok := types.Unalias(t).(*types.Named); ok {
			if path[n] {
				return true
			}
			path[n] = true
			defer delete(path, n)
		}
		switch u := t.Underlying().(type) {
		case *types.Struct:
			for i := range u.NumFields() {
				if visit(u.Field(i).Type()) {
					return true
				}
			}
		case *types.Map:
			return visit(u.Key()) || visit(u.Elem())
		case *types.Signature:
			for _, t := range paramTypes(u) {
				if visit(t) {
					return true
				}
			}
			for v := range u.Results().Variables() {
				if visit(v.Type()) {
					return true
				}
			}
		case interface{ Elem() types.Type }: // pointer, slice, array, channel
			return visit(u.Elem())
		}
		return false
	}
	return visit(t)
}
