package lower

import (
	"go/ast"
	"go/token"
	"go/types"
	"strconv"

	"cogumi/runtime/script/dyn"
)

// Where a script may look at an index error, the runner raises it with Go's own
// words; the interpreter's do not say which index it was.

func (l *lowerer) index(x *ast.IndexExpr) ast.Expr {
	t := l.info.TypeOf(x.X)
	base := l.expr(x.X)
	switch u := t.Underlying().(type) {
	case *types.Map:
		return &ast.IndexExpr{X: base, Lbrack: l.at, Index: l.key(x.Index, u.Key()), Rbrack: l.at}
	case *types.Pointer:
		base = &ast.ParenExpr{X: &ast.StarExpr{Star: l.at, X: base}}
	}
	i := l.expr(x.Index)
	n := arrayLen(t)
	switch {
	case !l.checked, l.inside[x], n >= 0 && l.info.Types[x.Index].Value != nil:
	case n >= 0 && (!l.repeatable(x.X) || !isPointer(t)):
		i = l.inBounds(x, i, l.int(int(n)))
	case n >= 0: // a nil pointer comes before its index
		i = l.inBounds(x, i, l.call(l.id("len"), &ast.StarExpr{Star: l.at, X: l.expr(x.X)}))
	case l.repeatable(x.X):
		i = l.inBounds(x, i, l.call(l.id("len"), l.expr(x.X)))
	default:
		return &ast.IndexExpr{X: l.part(x, base, i), Lbrack: l.at, Index: l.int(0), Rbrack: l.at}
	}
	return &ast.IndexExpr{X: base, Lbrack: l.at, Index: i, Rbrack: l.at}
}

// checks compares the indexes of a statement with their limits before it runs:
// a call of the runner in its place would take several times as long. They are
// left to the runner where the statement calls or waits, and where it may not
// come to them.
func (l *lowerer) checks(n ast.Node) []ast.Stmt {
	if !l.checked || l.calls(n) {
		return nil
	}
	var out []ast.Stmt
	var visit func(n ast.Node) bool
	visit = func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.FuncLit, *ast.BlockStmt:
			return false
		case *ast.AssignStmt:
			late := len(x.Lhs) > 1 // the places are looked at when all else is done
			for _, e := range x.Rhs {
				late = late || l.risky(e)
				ast.Inspect(e, visit)
			}
			if !late {
				ast.Inspect(x.Lhs[0], visit)
			}
			return false
		case *ast.BinaryExpr:
			return x.Op != token.LAND && x.Op != token.LOR
		case *ast.IndexExpr:
			ast.Inspect(x.X, visit)
			ast.Inspect(x.Index, visit)
			if !l.inside[x] {
				out = append(out, l.check(x)...)
			}
			return false
		}
		return true
	}
	ast.Inspect(n, visit)
	return out
}

// check is nil for an index that cannot be compared beforehand.
func (l *lowerer) check(x *ast.IndexExpr) []ast.Stmt {
	t := l.info.TypeOf(x.X)
	if _, isMap := t.Underlying().(*types.Map); isMap || isPointer(t) || !l.info.Types[x.X].IsValue() || !l.repeatable(x) {
		return nil
	}
	length := func() ast.Expr { return l.call(l.id("len"), l.expr(x.X)) }
	if n := arrayLen(t); n >= 0 {
		if l.info.Types[x.Index].Value != nil {
			return nil
		}
		length = func() ast.Expr { return l.int(int(n)) }
	}
	outside := func(op token.Token, limit ast.Expr) ast.Expr {
		i := l.expr(x.Index)
		if l.unsigned(x.Index) {
			i, limit = l.call(l.id("uint64"), i), l.call(l.id("uint64"), limit)
		} else if b := l.info.TypeOf(x.Index).Underlying().(*types.Basic); b.Kind() != types.Int {
			i = l.call(l.id("int"), i)
		}
		return &ast.BinaryExpr{X: i, OpPos: l.at, Op: op, Y: limit}
	}
	cond := outside(token.GEQ, length())
	if !l.unsigned(x.Index) && l.info.Types[x.Index].Value == nil {
		cond = &ast.BinaryExpr{X: outside(token.LSS, l.int(0)), OpPos: l.at, Op: token.LOR, Y: cond}
	}
	fail := l.inBounds(x, l.expr(x.Index), length())
	l.inside[x] = true
	return []ast.Stmt{l.ifThen(cond, l.stmtOf(fail))}
}

func isPointer(t types.Type) bool {
	_, ok := t.Underlying().(*types.Pointer)
	return ok
}

// key is a map's key. In an empty map the interpreter does not look at it: the
// runner finds what cannot be compared.
func (l *lowerer) key(e ast.Expr, t types.Type) ast.Expr {
	k := l.typedArg(e, t)
	if !holdsInterface(t) || l.isHostInterface(t) || types.IsInterface(t) && hashable(l.info.TypeOf(e)) {
		return k
	}
	if types.IsInterface(t) {
		return l.host("Key", k)
	}
	return l.call(l.id(l.helper("key", t, func(name string) {
		l.topFunc(name, []*ast.Field{l.field("k", l.typ(t))}, []*ast.Field{l.field("", l.typ(t))},
			l.stmtOf(l.host("Key", l.convert(l.id("k"), t, types.NewInterfaceType(nil, nil)))), l.ret(l.id("k")))
	})), k)
}

// holdsInterface says whether what a value of type t equals depends on what is
// in an interface.
func holdsInterface(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Interface:
		return true
	case *types.Array:
		return holdsInterface(u.Elem())
	case *types.Struct:
		for i := range u.NumFields() {
			if holdsInterface(u.Field(i).Type()) {
				return true
			}
		}
	}
	return false
}

func hashable(t types.Type) bool { return types.Comparable(t) && !holdsInterface(t) }

// inBounds is index i of x, which the runner has checked.
func (l *lowerer) inBounds(x *ast.IndexExpr, i, length ast.Expr) ast.Expr {
	if l.unsigned(x.Index) {
		return l.host("IndexUnsigned", l.call(l.id("uint64"), i), length)
	}
	return l.host("Index", l.call(l.id("int"), i), length)
}

func (l *lowerer) unsigned(e ast.Expr) bool {
	b, ok := l.info.TypeOf(e).Underlying().(*types.Basic)
	return ok && b.Info()&types.IsUnsigned != 0
}

// part is the slice of one element, or the string of one byte, that f()[i] means.
func (l *lowerer) part(x *ast.IndexExpr, base, i ast.Expr) ast.Expr {
	t := l.info.TypeOf(x.X)
	index, kind := types.Typ[types.Int], "part"
	if l.unsigned(x.Index) {
		index, kind = types.Typ[types.Uint64], "part unsigned"
	}
	return l.call(l.id(l.helper(kind, t, func(name string) {
		l.topFunc(name, []*ast.Field{l.field("s", l.typ(t)), l.field("i", l.typ(index))}, []*ast.Field{l.field("", l.typ(t))},
			l.define("k", l.inBounds(x, l.id("i"), l.call(l.id("len"), l.id("s")))),
			l.ret(&ast.SliceExpr{X: l.id("s"), Lbrack: l.at, Low: l.id("k"), Rbrack: l.at,
				High: &ast.BinaryExpr{X: l.id("k"), OpPos: l.at, Op: token.ADD, Y: l.int(1)}}))
	})), base, l.call(l.id(index.Name()), i))
}

// repeatable expressions can be evaluated twice.
func (l *lowerer) repeatable(e ast.Expr) bool {
	ok := true
	ast.Inspect(e, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.CallExpr:
			ok = ok && l.info.Types[ast.Unparen(x.Fun)].IsType() && len(x.Args) == 1
		case *ast.UnaryExpr:
			ok = ok && x.Op != token.ARROW
		case *ast.FuncLit, *ast.CompositeLit:
			ok = false
		}
		return ok
	})
	return ok
}

// calls says whether an expression or statement calls a function or receives.
func (l *lowerer) calls(n ast.Node) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if _, isLit := n.(*ast.FuncLit); isLit {
			return false
		}
		if x, ok := n.(*ast.UnaryExpr); ok && x.Op == token.ARROW {
			found = true
		}
		if x, ok := n.(*ast.CallExpr); ok {
			tv := l.info.Types[ast.Unparen(x.Fun)]
			found = found || !tv.IsType() && !tv.IsBuiltin()
		}
		return !found
	})
	return found
}

func (l *lowerer) slice(x *ast.SliceExpr) ast.Expr {
	t := l.info.TypeOf(x.X)
	base := l.expr(x.X)
	if l.checked && (x.Low != nil || x.High != nil) {
		return l.boundChecked(x, base, t)
	}
	if _, ok := t.Underlying().(*types.Pointer); ok {
		base = &ast.ParenExpr{X: &ast.StarExpr{Star: l.at, X: base}}
	}
	return &ast.SliceExpr{X: base, Lbrack: l.at, Low: l.operand(x.Low), High: l.operand(x.High), Max: l.operand(x.Max), Slice3: x.Slice3, Rbrack: l.at}
}

func (l *lowerer) operand(e ast.Expr) ast.Expr {
	switch {
	case e == nil:
		return nil
	case l.info.Types[e].Value != nil:
		return l.expr(e)
	}
	return l.call(l.id("int"), l.expr(e))
}

// boundChecked slices in a helper, after the runner has looked at the bounds.
func (l *lowerer) boundChecked(x *ast.SliceExpr, base ast.Expr, t types.Type) ast.Expr {
	if _, isArray := t.Underlying().(*types.Array); isArray {
		base, t = l.addr(base), types.NewPointer(t)
	}
	flags := 0
	names := []string{"low", "high", "most"}
	values := []ast.Expr{l.int(0), l.int(0), l.int(0)}
	operands := []ast.Expr{nil, nil, nil}
	params := []*ast.Field{l.field("s", l.typ(t))}
	args := []ast.Expr{base}
	for i, e := range []ast.Expr{x.Low, x.High, x.Max} {
		if e == nil {
			continue
		}
		flags |= dyn.HasLow << i
		if l.unsigned(e) {
			flags |= dyn.LowUnsigned << i
		}
		values[i], operands[i] = l.id(names[i]), l.id(names[i])
		params = append(params, l.field(names[i], l.id("int")))
		args = append(args, l.call(l.id("int"), l.expr(e)))
	}
	s := ast.Expr(l.id("s"))
	capacity := l.call(l.id("cap"), s)
	switch u := t.Underlying().(type) {
	case *types.Pointer:
		s, flags = &ast.ParenExpr{X: &ast.StarExpr{Star: l.at, X: s}}, flags|dyn.IsFixed
		capacity = l.call(l.id("int"), l.int(int(arrayLen(u))))
	case *types.Basic:
		flags |= dyn.IsFixed
		capacity = l.call(l.id("len"), s)
	}
	length := ast.Expr(l.call(l.id("len"), l.id("s")))
	if n := arrayLen(t); n >= 0 {
		length = l.int(int(n))
	}
	return l.call(l.id(l.helper("slice "+strconv.Itoa(flags), t, func(name string) {
		l.topFunc(name, params, []*ast.Field{l.field("", l.typ(l.info.TypeOf(x)))},
			l.stmtOf(l.host("Bound", l.int(flags), values[0], values[1], values[2], length, capacity)),
			l.ret(&ast.SliceExpr{X: s, Lbrack: l.at, Low: operands[0], High: operands[1], Max: operands[2], Slice3: x.Slice3, Rbrack: l.at}))
	})), args...)
}
