package lower

import (
	"go/ast"
	"go/token"
	"go/types"
)

func (l *lowerer) builtin(x *ast.CallExpr, name string) ast.Expr {
	if results, ok := l.spread(x); ok {
		return l.spreadBuiltin(x, results)
	}
	switch name {
	case "append":
		return l.appendCall(x)
	case "copy":
		return l.call(l.id("copy"), l.expr(x.Args[0]), l.bytes(x.Args[1]))
	case "delete":
		m := l.info.TypeOf(x.Args[0]).Underlying().(*types.Map)
		return l.call(l.id("delete"), l.expr(x.Args[0]), l.key(x.Args[1], m.Key()))
	case "len", "cap":
		if p, ok := l.info.TypeOf(x.Args[0]).Underlying().(*types.Pointer); ok {
			// The pointer is evaluated, but may be nil.
			n := int(p.Elem().Underlying().(*types.Array).Len())
			return l.call(l.lambda([]*ast.Field{l.field("p", l.typ(l.info.TypeOf(x.Args[0])))}, []*ast.Field{l.field("", l.id("int"))}, l.ret(l.int(n))), l.expr(x.Args[0]))
		}
		return l.call(l.id(name), l.expr(x.Args[0]))
	case "make":
		t := l.info.TypeOf(x.Args[0])
		if c, ok := t.Underlying().(*types.Chan); ok {
			t = types.NewChan(types.SendRecv, c.Elem())
		}
		args := []ast.Expr{l.typ(t)}
		for _, a := range x.Args[1:] {
			args = append(args, l.call(l.id("int"), l.expr(a)))
		}
		return l.call(l.id("make"), args...)
	case "new":
		return l.newCall(x)
	case "panic":
		return l.host("Panic", l.to(x.Args[0], types.NewInterfaceType(nil, nil)))
	case "recover":
		return l.recoverCall(x)
	case "min", "max":
		return l.extreme(x, name)
	case "clear":
		return l.host("Clear", l.expr(x.Args[0]))
	case "print", "println":
		var args []ast.Expr
		for _, a := range x.Args {
			args = append(args, l.to(a, types.NewInterfaceType(nil, nil)))
		}
		return l.host(map[string]string{"print": "Print", "println": "Println"}[name], args...)
	case "complex":
		b := l.info.TypeOf(x).Underlying().(*types.Basic)
		wide := func(e ast.Expr) ast.Expr { return l.call(l.id("float64"), l.expr(e)) }
		return l.call(l.id(b.Name()), l.host("Complex", wide(x.Args[0]), wide(x.Args[1])))
	case "real", "imag", "close":
		var args []ast.Expr
		for _, a := range x.Args {
			args = append(args, l.expr(a))
		}
		return l.call(l.id(name), args...)
	}
	panic(stop{l.problem(x.Pos(), "builtin "+name+" is not available to scripts", "")})
}

// spreadBuiltin gives the results of g in copy(g()) names.
func (l *lowerer) spreadBuiltin(x *ast.CallExpr, results *types.Tuple) ast.Expr {
	var names []ast.Expr
	named := &ast.CallExpr{Fun: x.Fun, Lparen: x.Lparen, Rparen: x.Rparen}
	for i := range results.Len() {
		n := l.id(l.temp("v"))
		l.info.Uses[n] = types.NewVar(l.at, l.prog.Pkg, n.Name, results.At(i).Type())
		named.Args = append(named.Args, n)
		names = append(names, l.id(n.Name))
	}
	l.info.Types[named] = l.info.Types[x]
	get := &ast.AssignStmt{Lhs: names, TokPos: l.at, Tok: token.DEFINE, Rhs: []ast.Expr{l.expr(x.Args[0])}}
	c := l.expr(named)
	if tv := l.info.Types[x]; !tv.IsVoid() {
		return l.call(l.lambda(nil, []*ast.Field{l.field("", l.typ(tv.Type))}, get, l.ret(c)))
	}
	return l.call(l.lambda(nil, nil, get, l.stmtOf(c)))
}

func (l *lowerer) appendCall(x *ast.CallExpr) ast.Expr {
	t := l.info.TypeOf(x)
	args := []ast.Expr{l.expr(x.Args[0])}
	if isNil(l.info.TypeOf(x.Args[0])) {
		args[0] = l.zero(t)
	}
	if len(x.Args) == 1 {
		return args[0]
	}
	if x.Ellipsis.IsValid() {
		c := l.call(l.id("append"), args[0], l.bytes(x.Args[1]))
		if isNil(l.info.TypeOf(x.Args[1])) {
			return args[0]
		}
		c.Ellipsis = l.at
		return c
	}
	elem := t.Underlying().(*types.Slice).Elem()
	plain := len(x.Args) == 2
	for _, a := range x.Args[1:] {
		args = append(args, l.to(a, elem))
	}
	if plain {
		return l.call(l.id("append"), args...)
	}
	// The interpreter appends one by one: an element read from the slice itself
	// would see what was appended before it.
	return l.call(l.id(l.helper("append", t, func(name string) {
		all := l.call(l.id("append"), l.id("s"), l.id("elems"))
		all.Ellipsis = l.at
		l.topFunc(name, []*ast.Field{l.field("s", l.typ(t)), l.field("elems", &ast.Ellipsis{Ellipsis: l.at, Elt: l.typ(elem)})},
			[]*ast.Field{l.field("", l.typ(t))}, l.ret(all))
	})), args...)
}

// bytes is a slice argument that may be a string.
func (l *lowerer) bytes(e ast.Expr) ast.Expr {
	v := l.expr(e)
	if b, ok := l.info.TypeOf(e).Underlying().(*types.Basic); ok && b.Info()&types.IsString != 0 {
		return l.call(&ast.ArrayType{Lbrack: l.at, Elt: l.id("byte")}, v)
	}
	return v
}

func (l *lowerer) newCall(x *ast.CallExpr) ast.Expr {
	if l.info.Types[x.Args[0]].IsType() {
		return l.call(l.id("new"), l.typ(l.info.TypeOf(x.Args[0])))
	}
	t := l.info.TypeOf(x).Underlying().(*types.Pointer).Elem()
	v := l.temp("v")
	return l.call(l.lambda(nil, []*ast.Field{l.field("", l.typ(types.NewPointer(t)))},
		l.declare(v, l.typ(t)),
		l.assign(l.id(v), l.to(x.Args[0], t)),
		l.ret(l.addr(l.id(v)))))
}

// extreme is min or max; math's functions treat NaN and -0 as the builtins do.
func (l *lowerer) extreme(x *ast.CallExpr, name string) ast.Expr {
	t := l.info.TypeOf(x)
	b := t.Underlying().(*types.Basic)
	pair := func(a, c ast.Expr) ast.Expr {
		if b.Info()&types.IsFloat != 0 {
			host := map[string]string{"min": "Min", "max": "Max"}[name]
			return l.call(l.typ(t), l.host(host, l.call(l.id("float64"), a), l.call(l.id("float64"), c)))
		}
		return l.call(l.id(l.helper(name, b, func(helper string) {
			op := map[string]token.Token{"min": token.LSS, "max": token.GTR}[name]
			l.topFunc(helper, []*ast.Field{l.field("a", l.typ(b)), l.field("b", l.typ(b))}, []*ast.Field{l.field("", l.typ(b))},
				l.ifThen(&ast.BinaryExpr{X: l.id("b"), OpPos: l.at, Op: op, Y: l.id("a")}, l.ret(l.id("b"))),
				l.ret(l.id("a")))
		})), a, c)
	}
	e := l.to(x.Args[0], t)
	for _, a := range x.Args[1:] {
		e = pair(e, l.to(a, t))
	}
	return e
}
