package source

import (
	"go/ast"
	"go/types"
)

// variable follows a local variable from around the step's function: the text
// that gives it its value belongs to the step, and so do the flags in it.
func (w *walker) variable(v *types.Var) {
	if w.vars[v] || w.around == nil || within(w.inside, v) || !within(w.around, v) {
		return
	}
	w.vars[v] = true
	if w.named[v] || w.s.runs[v] {
		return // its value is in the key already
	}
	defs := w.definitions(w.around, v)
	if len(defs) == 0 { // a parameter: its value is not known
		w.outside[v.Name()] = true
		return
	}
	for _, def := range defs {
		w.add("captured "+v.Name(), def)
		if w.calls(def) {
			w.outside[v.Name()] = true
		}
		w.follow(def)
	}
}

func within(n ast.Node, obj types.Object) bool { return n.Pos() <= obj.Pos() && obj.Pos() < n.End() }

// definitions are the statements in fn that give obj a value.
func (w *walker) definitions(fn ast.Node, obj types.Object) []ast.Node {
	is := func(e ast.Expr) bool {
		id, ok := rootIdent(e)
		return ok && (w.s.info.Defs[id] == obj || w.s.info.Uses[id] == obj)
	}
	var defs []ast.Node
	ast.Inspect(fn, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, l := range n.Lhs {
				if is(l) {
					defs = append(defs, n)
					break
				}
			}
		case *ast.ValueSpec:
			for _, name := range n.Names {
				if w.s.info.Defs[name] == obj {
					defs = append(defs, n)
				}
			}
		case *ast.IncDecStmt:
			if is(n.X) {
				defs = append(defs, n)
			}
		case *ast.RangeStmt:
			if n.Key != nil && is(n.Key) || n.Value != nil && is(n.Value) {
				defs = append(defs, n.X)
				// Which turn of the loop it is, the text cannot tell.
				w.outside[obj.Name()] = true
			}
		case *ast.ForStmt:
			if a, ok := n.Init.(*ast.AssignStmt); ok && len(a.Lhs) > 0 && is(a.Lhs[0]) {
				w.outside[obj.Name()] = true
			}
		}
		return true
	})
	return defs
}

// rootIdent is the variable that an assignment to e changes: x for x, x.f, x[i], *x.
func rootIdent(e ast.Expr) (*ast.Ident, bool) {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x, true
		case *ast.SelectorExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return nil, false
		}
	}
}

// calls says whether n calls something whose result the script's text does not
// decide: anything but its own functions, built-ins, conversions and flags.
func (w *walker) calls(n ast.Node) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if _, ok := n.(*ast.FuncLit); ok {
			return false
		}
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return !found
		}
		if _, flag := w.s.flagCall(call); flag {
			return true
		}
		switch fun := call.Fun.(type) {
		case *ast.Ident:
			switch w.s.info.Uses[fun].(type) {
			case *types.Builtin, *types.TypeName, *types.Func:
				return true
			}
		case *ast.ArrayType, *ast.MapType, *ast.FuncLit:
			return true
		case *ast.SelectorExpr:
			if pure[w.s.packageOf(fun.X)] {
				return true
			}
		}
		found = true
		return false
	})
	return found
}

// pure are packages whose functions give the same result for the same arguments.
var pure = map[string]bool{"strings": true, "strconv": true, "math": true, "path/filepath": true, "path": true, "fmt": true, "errors": true, "unicode": true, "bytes": true}
