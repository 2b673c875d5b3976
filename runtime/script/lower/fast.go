package lower

import (
	"go/ast"
	"go/token"
	"go/types"

	"cogumi/runtime/script/fast"
)

// Loops and functions that only calculate run in package fast. Here they become
// calls of the host, with the addresses of the variables that they share.

func (l *lowerer) startFast() {
	l.fast = fast.New(l.info, l.prog.File.Decls, func(pos token.Pos) int {
		if l.foreign {
			return 0
		}
		l.positions = append(l.positions, pos)
		return len(l.positions) - 1
	})
	ast.Inspect(l.prog.File, func(n ast.Node) bool {
		b, ok := n.(*ast.BranchStmt)
		l.jumps = l.jumps || ok && b.Tok == token.GOTO
		return !l.jumps
	})
}

// fastLoop is the loop as one call; nil when it stays with the interpreter.
func (l *lowerer) fastLoop(s ast.Stmt, label string) []ast.Stmt {
	if label != "" && l.jumps { // the label may be a goto's
		return nil
	}
	code, variables := l.fast.Loop(s, label)
	if code == nil {
		return nil
	}
	names := make([]string, len(variables))
	for i, v := range variables {
		names[i] = v.Name()
	}
	return []ast.Stmt{l.runFast(code, names)}
}

func (l *lowerer) runFast(code *fast.Code, names []string) ast.Stmt {
	l.codes = append(l.codes, code)
	args := []ast.Expr{l.int(len(l.codes) - 1)}
	for _, name := range names {
		args = append(args, l.addr(l.id(name)))
	}
	return l.stmtOf(l.host("Fast", args...))
}

// fastFunc is a function whose body is one call; nil when it stays with the
// interpreter.
func (l *lowerer) fastFunc(f *types.Func) *ast.FuncLit {
	sig := f.Signature()
	if l.foreign || f.Name() == "main" || f.Name() == "init" || sig.Params().Len()+sig.Results().Len() == 0 {
		return nil
	}
	code := l.fast.Func(f)
	if code == nil {
		return nil
	}
	var names []string
	var params, results []*ast.Field
	for i := range sig.Params().Len() {
		name := l.temp("arg")
		names = append(names, name)
		params = append(params, l.field(name, l.typ(sig.Params().At(i).Type())))
	}
	body := []ast.Stmt{}
	if sig.Results().Len() == 1 {
		name, t := l.temp("result"), sig.Results().At(0).Type()
		names = append(names, name)
		results = []*ast.Field{l.field("", l.typ(t))}
		body = append(body, &ast.DeclStmt{Decl: &ast.GenDecl{TokPos: l.at, Tok: token.VAR, Specs: []ast.Spec{
			&ast.ValueSpec{Names: []*ast.Ident{l.id(name)}, Type: l.typ(t)}}}})
		body = append(body, l.runFast(code, names), l.ret(l.id(name)))
	} else {
		body = append(body, l.runFast(code, names))
	}
	return l.lambda(params, results, body...)
}
