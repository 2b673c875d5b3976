package lower

import (
	"go/ast"
	"go/token"
	"go/types"

	"cogumi/runtime/script/mono"
)

func (l *lowerer) callExpr(x *ast.CallExpr) ast.Expr {
	fun := ast.Unparen(x.Fun)
	if tv := l.info.Types[fun]; tv.IsType() {
		return l.conversion(x, tv.Type)
	}
	if id, ok := fun.(*ast.Ident); ok {
		if b, ok := l.info.Uses[id].(*types.Builtin); ok {
			return l.builtin(x, b.Name())
		}
	}
	sig := l.info.TypeOf(fun).Underlying().(*types.Signature)
	if inner, ok := l.spread(x); ok {
		return l.spreadCall(x, sig, inner)
	}
	if f := l.hostFunc(fun); f != nil {
		return l.callHost(x, f, sig)
	}
	args := l.args(x, sig)
	if sel, ok := fun.(*ast.SelectorExpr); ok {
		if s := l.info.Selections[sel]; s != nil && s.Kind() == types.MethodVal {
			return l.finishCall(x, l.callMethod(sel, s, args))
		}
	}
	return l.finishCall(x, l.call(l.callee(fun), args...))
}

func (l *lowerer) callee(fun ast.Expr) ast.Expr {
	if lit, ok := fun.(*ast.FuncLit); ok {
		return l.called(lit)
	}
	if id, ok := fun.(*ast.Ident); ok {
		if f, ok := l.info.Uses[id].(*types.Func); ok && f.Pkg() == l.prog.Pkg {
			return l.id(l.funcName(f))
		}
	}
	if _, ok := fun.(*ast.StarExpr); ok { // a nil pointer here would lock the interpreter up
		return l.bound(l.info.TypeOf(fun), l.expr(fun))
	}
	return l.expr(fun)
}

func (l *lowerer) finishCall(x *ast.CallExpr, c *ast.CallExpr) ast.Expr {
	if x.Ellipsis.IsValid() {
		c.Ellipsis = l.at
	}
	return c
}

// args converts arguments to the parameters' types.
func (l *lowerer) args(x *ast.CallExpr, sig *types.Signature) []ast.Expr {
	var out []ast.Expr
	for i, a := range x.Args {
		out = append(out, l.to(a, paramType(sig, i, x.Ellipsis.IsValid())))
	}
	return out
}

func paramType(sig *types.Signature, i int, spread bool) types.Type {
	last := sig.Params().Len() - 1
	if !sig.Variadic() || i < last || spread {
		return sig.Params().At(i).Type()
	}
	return sig.Params().At(last).Type().(*types.Slice).Elem()
}

// spread says whether the call is f(g()) with a g of several results.
func (l *lowerer) spread(x *ast.CallExpr) (*types.Tuple, bool) {
	if len(x.Args) != 1 {
		return nil, false
	}
	t, ok := l.info.TypeOf(x.Args[0]).(*types.Tuple)
	return t, ok
}

// spreadCall gives g's results names, so that each can be converted:
// func() R { a, b := g(); return f(a, b) }().
func (l *lowerer) spreadCall(x *ast.CallExpr, sig *types.Signature, results *types.Tuple) ast.Expr {
	var names []ast.Expr
	var args []ast.Expr
	for i := range results.Len() {
		n := l.temp("v")
		names = append(names, l.id(n))
		args = append(args, l.convert(l.id(n), results.At(i).Type(), paramType(sig, i, false)))
	}
	get := &ast.AssignStmt{Lhs: names, TokPos: l.at, Tok: token.DEFINE, Rhs: []ast.Expr{l.expr(x.Args[0])}}
	var c ast.Expr
	var held []ast.Stmt
	fun := ast.Unparen(x.Fun)
	sel, isSel := fun.(*ast.SelectorExpr)
	if s := l.info.Selections[sel]; isSel && s != nil && s.Kind() == types.MethodVal && l.repeatable(sel.X) {
		c = l.callMethod(sel, s, args)
	} else if l.hostFunc(fun) == nil && !l.repeatable(fun) { // the function is evaluated before its arguments
		f := l.temp("f")
		held = append(held, l.define(f, l.callee(fun)))
		c = l.call(l.id(f), args...)
	} else {
		if f := l.hostFunc(fun); f != nil {
			args = l.hostArgs(x, f, sig, args, results)
		}
		c = l.call(l.callee(fun), args...)
	}
	body := append(held, get, l.returning(sig, c))
	return l.call(l.lambda(nil, l.tuple(sig.Results()), body...))
}

func (l *lowerer) conversion(x *ast.CallExpr, t types.Type) ast.Expr {
	arg := x.Args[0]
	from := l.info.TypeOf(arg)
	if types.IsInterface(t) {
		return l.typedValue(arg, t)
	}
	if isNil(from) {
		return l.zero(t)
	}
	e := l.expr(arg)
	if b, ok := from.(*types.Basic); ok && b.Info()&types.IsUntyped != 0 {
		from = types.Default(b)
	}
	_, basic := t.Underlying().(*types.Basic)
	if !basic && types.ExprString(l.typ(from)) == types.ExprString(l.typ(t)) {
		return &ast.ParenExpr{X: e}
	}
	if p, ok := from.Underlying().(*types.Pointer); ok && !types.Identical(from, t) {
		if !types.Identical(p.Elem(), t.Underlying().(*types.Pointer).Elem()) {
			l.reject(x, "conversion between pointers to different named types", "convert the values instead")
		}
	}
	return l.cast(e, from, t)
}

// cast writes T(e). The interpreter loses its way in a condition that begins
// with a conversion whose type is in parentheses: those are in helpers.
func (l *lowerer) cast(e ast.Expr, from, to types.Type) ast.Expr {
	switch t := l.typ(to).(type) {
	case *ast.StarExpr, *ast.FuncType, *ast.ChanType, *ast.InterfaceType:
		return l.call(l.id(l.helper("cast "+l.table.TypeName(from), to, func(name string) {
			l.topFunc(name, []*ast.Field{l.field("v", l.typ(from))}, []*ast.Field{l.field("", l.typ(to))},
				l.ret(l.call(&ast.ParenExpr{X: t}, l.id("v"))))
		})), e)
	default:
		return l.call(t, e)
	}
}

// hostFunc is the host's function or method that an expression names.
func (l *lowerer) hostFunc(fun ast.Expr) *types.Func {
	sel, ok := fun.(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	f, ok := l.info.Uses[sel.Sel].(*types.Func)
	if !ok || f.Pkg() == l.prog.Pkg || l.info.Selections[sel] != nil {
		return nil
	}
	return f
}

// methodName is the function that a script's method became.
func methodName(f *types.Func) string {
	t := types.Unalias(f.Signature().Recv().Type())
	if p, ok := t.(*types.Pointer); ok {
		t = types.Unalias(p.Elem())
	}
	return t.(*types.Named).Obj().Name() + mono.Dot + mono.Dot + f.Name()
}

// callMethod calls the selected method of x.X.
func (l *lowerer) callMethod(x *ast.SelectorExpr, s *types.Selection, args []ast.Expr) *ast.CallExpr {
	return l.invoke(l.expr(x.X), l.info.TypeOf(x.X), s.Index(), s.Obj().(*types.Func), args)
}

// invoke calls method f, found at index in a value of type t.
func (l *lowerer) invoke(recv ast.Expr, t types.Type, index []int, f *types.Func, args []ast.Expr) *ast.CallExpr {
	recv, t = l.embedded(recv, t, index[:len(index)-1])
	if types.IsInterface(t) && !l.isHostInterface(t) {
		return l.call(l.call(l.id(l.method(f.Name(), f.Signature())), recv), args...)
	}
	own := f.Pkg() == l.prog.Pkg && !types.IsInterface(t)
	if !own {
		return l.call(&ast.SelectorExpr{X: recv, Sel: l.id(f.Name())}, l.hostMethodArgs(f, args)...)
	}
	_, wantPtr := types.Unalias(f.Signature().Recv().Type()).(*types.Pointer)
	_, havePtr := t.Underlying().(*types.Pointer)
	switch {
	case wantPtr && !havePtr:
		recv = l.addressOf(recv)
	case !wantPtr && havePtr:
		recv = &ast.StarExpr{Star: l.at, X: recv}
	}
	return l.call(l.id(l.methodFunc(f)), append([]ast.Expr{recv}, args...)...)
}

// embedded walks to the embedded field that a promoted method belongs to.
func (l *lowerer) embedded(e ast.Expr, t types.Type, index []int) (ast.Expr, types.Type) {
	if len(index) == 0 {
		return e, t
	}
	u := t
	var last *types.Var
	for _, i := range index {
		st := u.Underlying()
		if p, ok := st.(*types.Pointer); ok {
			st = p.Elem().Underlying()
		}
		last = st.(*types.Struct).Field(i)
		u = last.Type()
	}
	e, t = l.path(e, t, index)
	return l.unerased(e, last, t), t
}

// methodValue binds x.M: the receiver is evaluated, and copied, now.
func (l *lowerer) methodValue(x *ast.SelectorExpr, s *types.Selection) ast.Expr {
	f := s.Obj().(*types.Func)
	recv, t := l.embedded(l.expr(x.X), l.info.TypeOf(x.X), s.Index()[:len(s.Index())-1])
	if types.IsInterface(t) && !l.isHostInterface(t) {
		return l.call(l.id(l.method(f.Name(), f.Signature())), recv)
	}
	_, wantPtr := types.Unalias(f.Signature().Recv().Type()).(*types.Pointer)
	_, havePtr := t.Underlying().(*types.Pointer)
	bound := t
	switch {
	case wantPtr && !havePtr:
		recv, bound = l.addressOf(recv), types.NewPointer(t)
	case !wantPtr && havePtr && !types.IsInterface(t):
		recv, bound = &ast.StarExpr{Star: l.at, X: recv}, t.Underlying().(*types.Pointer).Elem()
	}
	return l.call(l.id(l.binder(f, bound)), recv)
}

// binder is the helper func(receiver) func(args) results.
func (l *lowerer) binder(f *types.Func, recv types.Type) string {
	sig := f.Signature()
	return l.helper("bind "+f.Name(), recv, func(name string) {
		names, args := l.paramNames(sig)
		c := l.invoke(l.id("r"), recv, []int{0}, f, args)
		if sig.Variadic() {
			c.Ellipsis = l.at
		}
		inner := l.lambda(l.params(sig, names), l.tuple(sig.Results()), l.returning(sig, c))
		bind := l.lambda([]*ast.Field{l.field("r", l.typ(recv))}, []*ast.Field{l.field("", l.funcType(sig))}, l.ret(inner))
		l.keepSigns(bind, recv)
		l.topFunc(name, bind.Type.Params.List, bind.Type.Results.List, bind.Body.List...)
	})
}

func (l *lowerer) paramNames(sig *types.Signature) (names []string, args []ast.Expr) {
	for range sig.Params().Len() {
		n := l.temp("a")
		names = append(names, n)
		args = append(args, l.id(n))
	}
	return names, args
}

func (l *lowerer) returning(sig *types.Signature, c ast.Expr) ast.Stmt {
	if sig.Results().Len() == 0 {
		return l.stmtOf(c)
	}
	return l.ret(c)
}

// methodExpr is T.M or (*T).M: a function with the receiver as its first parameter.
func (l *lowerer) methodExpr(x *ast.SelectorExpr, s *types.Selection) ast.Expr {
	f := s.Obj().(*types.Func)
	recv := s.Recv()
	sig := f.Signature()
	full := s.Type().(*types.Signature)
	value := l.helper("method value "+f.Name(), recv, func(value string) {
		name := l.temp("m")
		names, args := l.paramNames(sig)
		c := l.invoke(l.id("r"), recv, s.Index(), f, args)
		if sig.Variadic() {
			c.Ellipsis = l.at
		}
		params := append([]*ast.Field{l.field("r", l.typ(recv))}, l.params(sig, names)...)
		whole := l.lambda(params, l.tuple(sig.Results()), l.returning(sig, c))
		l.keepSigns(whole, append([]types.Type{recv}, paramTypes(full)[1:]...)...)
		l.topFunc(name, whole.Type.Params.List, l.tuple(sig.Results()), whole.Body.List...)
		l.valueHelper(value, name, full)
	})
	return l.call(l.id(value))
}

// register writes how the methods of the script's types are called from outside.
func (l *lowerer) register() {
	var list []ast.Stmt
	for ; l.registered < len(l.table.Types); l.registered++ {
		t := l.table.Types[l.registered]
		if types.IsInterface(t.T) {
			continue
		}
		l.internParts(t.T)
		set := types.NewMethodSet(t.T)
		if p, ok := types.Unalias(t.T).(*types.Pointer); ok && types.IsInterface(p.Elem()) || l.pure(t.T) {
			continue
		}
		for k := range set.Len() {
			s := set.At(k)
			f := s.Obj().(*types.Func)
			sig := s.Type().(*types.Signature)
			names, args := l.paramNames(sig)
			c := l.invoke(l.id("v"), t.T, s.Index(), f, args)
			if sig.Variadic() {
				c.Ellipsis = l.at
			}
			body := []ast.Stmt{l.returning(sig, c)}
			if isPointer(t.T) && !isPointer(f.Signature().Recv().Type()) && len(s.Index()) == 1 {
				nilReceiver := &ast.BinaryExpr{X: l.id("v"), OpPos: l.at, Op: token.EQL, Y: l.id("nil")}
				body = append([]ast.Stmt{l.ifThen(nilReceiver, l.stmtOf(l.host("NilReceiver", l.int(t.ID), l.str(f.Name()))))}, body...)
			}
			bind := l.lambda([]*ast.Field{l.field("r", l.anyType())}, []*ast.Field{l.field("", l.anyType())},
				l.define("v", l.call(l.id(l.into(t.T)), l.id("r"))),
				l.define("f", l.lambda(l.params(sig, names), l.tuple(sig.Results()), body...)),
				l.ret(l.id("f")))
			list = append(list, l.stmtOf(l.host("AddMethod", l.int(t.ID), l.str(f.Name()), bind)))
		}
	}
	l.topFunc(regFunc, nil, nil, list...)
}
