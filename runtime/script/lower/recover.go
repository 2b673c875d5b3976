package lower

import (
	"go/ast"
	"go/types"
)

// recover in a func literal right after defer belongs to the function around it.
// Elsewhere the runner tells: a defer statement arms the call of a function that
// may recover, and the function, when it begins, claims what it was armed with.

// scanRecover finds whether the script recovers, the functions that do so
// outside of a deferred func literal, and whether it starts goroutines.
func (l *lowerer) scanRecover() {
	for _, d := range l.prog.File.Decls {
		g, ok := d.(*ast.GenDecl)
		if ok { // func literals in variables
			l.scanRecoverIn(g, nil)
		}
		if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil {
			l.scanRecoverIn(f.Body, func() { l.recoverer[l.info.Defs[f.Name]] = true })
		}
	}
}

// scanRecoverIn calls found when the function whose body n is recovers itself.
func (l *lowerer) scanRecoverIn(n ast.Node, found func()) {
	tight := map[*ast.FuncLit]bool{}
	ast.Inspect(n, func(n ast.Node) bool {
		l.spreads = l.spreads || l.startsGoroutine(n)
		switch x := n.(type) {
		case *ast.DeferStmt:
			if lit, ok := ast.Unparen(x.Call.Fun).(*ast.FuncLit); ok {
				tight[lit] = true
			} else if l.calledFunc(x.Call) == nil && !l.info.Types[ast.Unparen(x.Call.Fun)].IsBuiltin() {
				l.defersValues = true
			}
		case *ast.FuncLit:
			l.scanRecoverIn(x.Body, func() {
				if !tight[x] {
					l.loose, l.looseLits[x] = true, true
				}
			})
			return false
		case *ast.Ident:
			if l.isRecover(x) {
				l.checked = true
				if found != nil {
					found()
				}
			}
		}
		return true
	})
}

func (l *lowerer) isRecover(id *ast.Ident) bool {
	b, ok := l.info.Uses[id].(*types.Builtin)
	return ok && b.Name() == "recover"
}

// startsGoroutine finds go statements and host functions that run a func later.
func (l *lowerer) startsGoroutine(n ast.Node) bool {
	switch x := n.(type) {
	case *ast.GoStmt:
		return true
	case *ast.SelectorExpr:
		f, ok := l.info.Uses[x.Sel].(*types.Func)
		return ok && (f.FullName() == "(*sync.WaitGroup).Go" || f.FullName() == "time.AfterFunc" || f.FullName() == "context.AfterFunc")
	}
	return false
}

// calledFunc is the declared function or method that a call names; nil for
// values of function types and methods of the script's interfaces.
func (l *lowerer) calledFunc(x *ast.CallExpr) *types.Func {
	var f *types.Func
	switch fun := ast.Unparen(x.Fun).(type) {
	case *ast.Ident:
		f, _ = l.info.Uses[fun].(*types.Func)
	case *ast.SelectorExpr:
		f, _ = l.info.Uses[fun.Sel].(*types.Func)
		if s := l.info.Selections[fun]; f != nil && s != nil && types.IsInterface(f.Signature().Recv().Type()) && f.Pkg() == l.prog.Pkg {
			return nil
		}
	}
	return f
}

// mayRecover says whether what a defer statement calls may recover.
func (l *lowerer) mayRecover(x *ast.CallExpr) bool {
	fun := ast.Unparen(x.Fun)
	if _, isLit := fun.(*ast.FuncLit); isLit || l.info.Types[fun].IsBuiltin() || l.info.Types[fun].IsType() {
		return false
	}
	f := l.calledFunc(x)
	switch {
	case f == nil:
		return l.loose || len(l.recoverer) > 0 || l.patched != nil
	case f.Pkg() != l.prog.Pkg:
		return false
	}
	return l.recoverer[f] || l.patched != nil // a function of an earlier piece is another object
}

// role is what a function's body needs for recover.
type role int

const (
	plain    role = iota
	deferred      // the func literal of a defer statement
	claiming      // asks, when it begins, whether a defer statement calls it
)

// roleOf is the role of a function that is no deferred literal. Once values of
// function types are deferred, each function claims: what one that does not
// recover calls must not take its place.
func (l *lowerer) roleOf(recovers bool) role {
	if recovers || l.defersValues && (l.loose || len(l.recoverer) > 0) {
		return claiming
	}
	return plain
}

// recoverCall stops the panic of the function that deferred this one.
func (l *lowerer) recoverCall(*ast.CallExpr) ast.Expr {
	fn := l.fn
	if !fn.deferred {
		if fn.claimed == "" { // the initialisation of a variable
			return l.host("Recover", l.host("Claim"))
		}
		return l.host("Recover", l.id(fn.claimed))
	}
	outer := fn.outer
	for outer.defers == "" { // inside the body of a range over a function
		outer = outer.outer
	}
	return l.host("Recover", l.id(outer.defers))
}
