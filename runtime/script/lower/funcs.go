package lower

import (
	"go/ast"
	"go/token"
	"go/types"
)

// function is the state of the function body that is being lowered.
type function struct {
	outer    *function
	sig      *types.Signature
	results  []string // variables of the results; set when the body stores them
	defers   string   // variable that holds the deferred calls, if any
	deferred bool     // this is the func literal of a defer statement
	claimed  string   // variable with the deferred calls that this function was called for
	saved    string   // variable with the caller's position
	own      string   // the same for this goroutine's position
	inner    bool     // the body is inside host.Run: return stores and leaves
	targets  []*branchTarget
	yields   []*yield
}

func (l *lowerer) funcDecl(d *ast.FuncDecl) {
	obj := l.info.Defs[d.Name].(*types.Func)
	name := d.Name.Name
	switch {
	case d.Recv != nil:
		if recvName(obj) == "_" || name == "_" {
			return
		}
		name = methodName(obj)
	case name == "main":
		name = scriptID + "main"
	case name == "init":
		name = l.temp("init")
		l.inits = append(l.inits, name)
	case name == "_":
		return
	}
	if d.Body == nil {
		l.reject(d, "function "+d.Name.Name+" has no body", "")
		return
	}
	sig := obj.Signature()
	lit := l.fastFunc(obj)
	if lit == nil {
		lit = l.body(sig, d.Recv, d.Type, d.Body, l.roleOf(l.recoverer[obj]))
	}
	l.keepSigns(lit, paramTypes(sig)...)
	l.out = append(l.out, &ast.FuncDecl{Name: l.id(name), Type: lit.Type, Body: lit.Body})
}

func recvName(f *types.Func) string {
	t := types.Unalias(f.Signature().Recv().Type())
	if p, ok := t.(*types.Pointer); ok {
		t = types.Unalias(p.Elem())
	}
	if n, ok := t.(*types.Named); ok {
		return n.Obj().Name()
	}
	return "_"
}

// funcLit passes a func literal through a function of the script: a literal that
// is handed on directly the interpreter may bind to its variables as they will
// be when it is called, not as they are now.
func (l *lowerer) funcLit(x *ast.FuncLit) ast.Expr {
	return l.bound(l.info.TypeOf(x), l.called(x))
}

func (l *lowerer) bound(t types.Type, f ast.Expr) ast.Expr {
	return l.call(l.id(l.helper("bound", t, func(name string) {
		l.topFunc(name, []*ast.Field{l.field("f", l.typ(t))}, []*ast.Field{l.field("", l.typ(t))}, l.ret(l.id("f")))
	})), f)
}

// called is a func literal that is called where it stands.
func (l *lowerer) called(x *ast.FuncLit) *ast.FuncLit {
	return l.body(l.info.TypeOf(x).(*types.Signature), nil, x.Type, x.Body, l.roleOf(l.looseLits[x]))
}

// body lowers a function's parameters and statements.
func (l *lowerer) body(sig *types.Signature, recv *ast.FieldList, t *ast.FuncType, b *ast.BlockStmt, part role) *ast.FuncLit {
	at := l.at
	defer func() { l.at = at }()
	fn := &function{outer: l.fn, sig: sig, deferred: part == deferred}
	if part == claiming {
		fn.claimed = l.temp("claimed")
	}
	l.fn = fn
	defer func() { l.fn = fn.outer }()

	var params []*ast.Field
	if recv != nil {
		params = append(params, l.field(paramName(l, recv.List[0].Names, 0), l.typ(sig.Recv().Type())))
	}
	params = append(params, l.params(sig, l.names(t.Params))...)
	results := l.tuple(sig.Results())
	named := t.Results != nil && len(t.Results.List) > 0 && len(t.Results.List[0].Names) > 0
	needs := l.scan(b)
	if needs.defers {
		fn.defers = l.temp("defers")
		fn.inner = true
	}
	if named || needs.defers || needs.yields && sig.Results().Len() > 0 {
		for i := range results {
			name := ""
			if named {
				name = resultName(t.Results, i)
			}
			if name == "" || name == "_" {
				name = l.temp("r")
			}
			fn.results = append(fn.results, name)
		}
	}
	list := l.stmts(b.List)
	lit := l.lambda(params, results)
	lit.Body.List = l.finishBody(fn, list)
	return lit
}

// finishBody adds what runs before and after the statements.
func (l *lowerer) finishBody(fn *function, list []ast.Stmt) []ast.Stmt {
	var out []ast.Stmt
	// The interpreter takes a named result for another name of the variable that
	// the call is assigned to: it begins with its value, and is seen before the
	// return. A variable of the function's own begins at zero.
	for i, f := range l.tuple(fn.sig.Results())[:len(fn.results)] {
		out = append(out, l.declare(fn.results[i], f.Type))
	}
	if fn.claimed != "" {
		out = append(out, l.define(fn.claimed, l.host("Claim")), l.assign(l.id("_"), l.id(fn.claimed)))
	}
	if fn.saved != "" {
		out = append(out, l.define(fn.saved, l.id(posVar)))
	}
	if fn.own != "" {
		out = append(out, l.define(fn.own, l.host("Here")))
	}
	if fn.inner {
		out = append(out,
			l.define(fn.defers, l.host("Defers")),
			l.stmtOf(l.host("Run", l.id(fn.defers), l.lambda(nil, nil, list...))))
		out = append(out, l.restore(fn)...)
		return append(out, l.ret(l.ids(fn.results)...))
	}
	out = append(out, list...)
	if fn.sig.Results().Len() == 0 {
		out = append(out, l.restore(fn)...)
	}
	return out
}

// restore puts the caller's position back.
func (l *lowerer) restore(fn *function) []ast.Stmt {
	if fn.own != "" {
		return []ast.Stmt{l.stmtOf(l.host("At", l.id(fn.own)))}
	}
	if fn.saved == "" {
		return nil
	}
	return []ast.Stmt{l.assign(l.id(posVar), l.id(fn.saved))}
}

func (l *lowerer) ids(names []string) []ast.Expr {
	var out []ast.Expr
	for _, n := range names {
		out = append(out, l.id(n))
	}
	return out
}

// function wraps statements made elsewhere (package initialisation).
func (l *lowerer) function(_, _ any, make func() []ast.Stmt) *ast.BlockStmt {
	fn := &function{outer: l.fn, sig: types.NewSignatureType(nil, nil, nil, nil, nil, false)}
	l.fn = fn
	defer func() { l.fn = fn.outer }()
	return l.block(l.finishBody(fn, make())...)
}

func (l *lowerer) names(fields *ast.FieldList) []string {
	var out []string
	for _, f := range fields.List {
		if len(f.Names) == 0 {
			out = append(out, l.temp("unused"))
		}
		for i := range f.Names {
			out = append(out, paramName(l, f.Names, i))
		}
	}
	return out
}

func paramName(l *lowerer, names []*ast.Ident, i int) string {
	if i >= len(names) || names[i].Name == "_" {
		return l.temp("unused")
	}
	return names[i].Name
}

func resultName(fields *ast.FieldList, i int) string {
	for _, f := range fields.List {
		for _, n := range f.Names {
			if i == 0 {
				return n.Name
			}
			i--
		}
	}
	return ""
}

// needs is what a body contains, func literals in it not counted.
type needs struct{ defers, yields bool }

func (l *lowerer) scan(b *ast.BlockStmt) needs {
	var n needs
	ast.Inspect(b, func(x ast.Node) bool {
		switch x := x.(type) {
		case *ast.FuncLit:
			return false
		case *ast.DeferStmt:
			n.defers = true
		case *ast.RangeStmt:
			if _, ok := l.info.TypeOf(x.X).Underlying().(*types.Signature); ok {
				n.yields = true
			}
		}
		return true
	})
	return n
}

// mark stores the position of what runs next, if it can fail.
func (l *lowerer) mark(n ast.Node) []ast.Stmt {
	if n == nil || l.foreign || !l.risky(n) {
		return nil
	}
	if l.fn.saved == "" {
		l.fn.saved = l.temp("from")
	}
	l.positions = append(l.positions, l.culprit(n))
	if l.spreads && l.callsHost(n) {
		if l.fn.own == "" {
			l.fn.own = l.temp("own")
		}
		return []ast.Stmt{l.stmtOf(l.host("At", l.int(len(l.positions)-1)))}
	}
	return append([]ast.Stmt{l.assign(l.id(posVar), l.int(len(l.positions)-1))}, l.checks(n)...)
}

// callsHost says whether a statement calls a function of the host, or panic.
func (l *lowerer) callsHost(n ast.Node) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.FuncLit, *ast.BlockStmt:
			return false
		case *ast.CallExpr:
			switch f := ast.Unparen(x.Fun).(type) {
			case *ast.Ident:
				b, ok := l.info.Uses[f].(*types.Builtin)
				found = found || ok && b.Name() == "panic"
			case *ast.SelectorExpr:
				fn, ok := l.info.Uses[f.Sel].(*types.Func)
				found = found || ok && fn.Pkg() != l.prog.Pkg
			}
		}
		return !found
	})
	return found
}

// culprit is where in a statement an error most likely is: the first call,
// index or division, as the go command's own messages point at.
func (l *lowerer) culprit(n ast.Node) token.Pos {
	switch s := n.(type) {
	case *ast.AssignStmt:
		for _, e := range s.Rhs {
			if l.risky(e) {
				return l.culprit(e)
			}
		}
	case *ast.ExprStmt:
		return l.culprit(s.X)
	}
	return n.Pos()
}

// risky statements can panic: they call, index, divide, assert or send.
func (l *lowerer) risky(n ast.Node) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if found {
			return false
		}
		switch x := n.(type) {
		case *ast.FuncLit, *ast.BlockStmt:
			return false
		case *ast.CallExpr:
			if tv := l.info.Types[ast.Unparen(x.Fun)]; tv.IsType() || l.info.Types[x].Value != nil {
				return true
			}
			if tv := l.info.Types[ast.Unparen(x.Fun)]; tv.IsBuiltin() {
				name := ast.Unparen(x.Fun).(*ast.Ident).Name
				found = name != "len" && name != "cap" && name != "append" && name != "new"
				return true
			}
			found = true
		case *ast.IndexExpr:
			found = l.info.Types[x.X].IsValue()
		case *ast.SliceExpr, *ast.TypeAssertExpr, *ast.SendStmt, *ast.StarExpr:
			found = true
		case *ast.SelectorExpr:
			if s := l.info.Selections[x]; s != nil && s.Indirect() {
				found = true
			}
		case *ast.BinaryExpr:
			found = (x.Op == token.QUO || x.Op == token.REM) && l.info.Types[x.Y].Value == nil
		}
		return !found
	})
	return found
}
