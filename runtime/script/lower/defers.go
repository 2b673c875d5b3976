package lower

import (
	"go/ast"
	"go/types"
)

// deferStmt pushes a closure that makes the call; what the call is made of is
// evaluated now.
func (l *lowerer) deferStmt(s *ast.DeferStmt) []ast.Stmt {
	fn := l.fn
	for fn.defers == "" && fn.outer != nil {
		fn = fn.outer // inside the body of a range over a function
	}
	pre, run := l.later(s.Call, true)
	if id, ok := ast.Unparen(s.Call.Fun).(*ast.Ident); ok && l.isRecover(id) {
		run = l.lambda(nil, nil) // it is not called by a deferred function
	} else if l.mayRecover(s.Call) {
		lit := run.(*ast.FuncLit)
		lit.Body.List = append([]ast.Stmt{l.stmtOf(l.host("Arm", l.id(fn.defers)))}, append(lit.Body.List, l.stmtOf(l.host("Disarm")))...)
	}
	pre, run = l.held(pre, run)
	return append(pre, l.stmtOf(l.host("Push", l.id(fn.defers), run)))
}

func (l *lowerer) goStmt(s *ast.GoStmt) []ast.Stmt {
	pre, run := l.later(s.Call, false)
	pre, run = l.held(pre, run)
	return append(pre, l.stmtOf(l.host("Go", run)))
}

// held puts a closure into a variable: only then does the interpreter bind it
// to the variables as they are now.
func (l *lowerer) held(pre []ast.Stmt, run ast.Expr) ([]ast.Stmt, ast.Expr) {
	n := l.temp("run")
	return append(pre, l.define(n, run)), l.id(n)
}

// later splits a call into what is evaluated now and a closure for the rest.
func (l *lowerer) later(x *ast.CallExpr, isDefer bool) ([]ast.Stmt, ast.Expr) {
	if lit, ok := ast.Unparen(x.Fun).(*ast.FuncLit); ok && len(x.Args) == 0 {
		body := l.body(l.info.TypeOf(lit).(*types.Signature), nil, lit.Type, lit.Body, l.laterRole(lit, isDefer))
		if body.Type.Results != nil {
			return nil, l.lambda(nil, nil, l.stmtOf(l.call(body)))
		}
		return nil, body
	}
	var pre []ast.Stmt
	keep := func(e ast.Expr) ast.Expr {
		switch y := e.(type) {
		case *ast.BasicLit:
			return e
		case *ast.Ident:
			if y.Name == "nil" || y.Name == "true" || y.Name == "false" {
				return e
			}
		}
		n := l.temp("arg")
		pre = append(pre, l.define(n, e))
		return l.id(n)
	}
	fun := ast.Unparen(x.Fun)
	var c ast.Expr
	if call, sig := l.boundCall(x, fun, isDefer); call != nil {
		f := keep(call)
		inner := l.call(f)
		for i, a := range x.Args {
			inner.Args = append(inner.Args, keep(l.typedArg(a, paramType(sig, i, x.Ellipsis.IsValid()))))
		}
		c = l.finishCall(x, inner)
	} else {
		e := l.callExpr(x)
		call, ok := e.(*ast.CallExpr)
		if !ok {
			return nil, l.lambda(nil, nil, l.stmtOf(e))
		}
		for i, a := range call.Args {
			if l.untypedNil(x, i) {
				continue
			}
			call.Args[i] = keep(a)
		}
		c = call
	}
	return pre, l.lambda(nil, nil, l.stmtOf(c))
}

func (l *lowerer) laterRole(lit *ast.FuncLit, isDefer bool) role {
	if isDefer {
		return deferred
	}
	return l.roleOf(l.looseLits[lit])
}

func (l *lowerer) untypedNil(x *ast.CallExpr, i int) bool {
	return i < len(x.Args) && isNil(l.info.TypeOf(x.Args[i]))
}

// typedArg is an argument with a type of its own, so that a variable can hold it.
func (l *lowerer) typedArg(a ast.Expr, t types.Type) ast.Expr {
	if isNil(l.info.TypeOf(a)) {
		return l.zero(t)
	}
	return l.to(a, t)
}

// boundCall is the function value of calls whose function is not just a name:
// methods, function variables, func literals with arguments.
func (l *lowerer) boundCall(x *ast.CallExpr, fun ast.Expr, isDefer bool) (ast.Expr, *types.Signature) {
	sig, ok := l.info.TypeOf(fun).(*types.Signature)
	if !ok {
		if sig, ok = l.info.TypeOf(fun).Underlying().(*types.Signature); !ok {
			return nil, nil
		}
	}
	if _, spread := l.spread(x); spread {
		return nil, nil
	}
	switch f := fun.(type) {
	case *ast.FuncLit:
		return l.body(sig, nil, f.Type, f.Body, l.laterRole(f, isDefer)), sig
	case *ast.Ident:
		if _, isVar := l.info.Uses[f].(*types.Var); isVar {
			return l.expr(f), sig
		}
		return nil, nil
	case *ast.SelectorExpr:
		s := l.info.Selections[f]
		if s == nil {
			return nil, nil
		}
		if s.Kind() == types.MethodVal && hasAny(sig) {
			return nil, nil
		}
		return l.expr(f), sig
	}
	if l.info.Types[fun].IsBuiltin() || l.info.Types[fun].IsType() {
		return nil, nil
	}
	return l.expr(fun), sig
}

func hasAny(sig *types.Signature) bool {
	for i := range sig.Params().Len() {
		if isEmptyInterface(sig.Params().At(i).Type()) {
			return true
		}
	}
	return false
}
