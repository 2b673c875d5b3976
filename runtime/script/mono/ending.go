package mono

import (
	"go/ast"
	"go/token"
	"go/types"
	"strconv"
)

// In main a defer runs at the program's end and a return ends the program. The
// pieces of a program that grows are main's body: what they defer waits for the
// end of the whole (Shower.Defer), and a return says that nothing is to follow
// (Shower.Leave).

// ending rewrites the defers and returns of a piece's own statements; orig is the
// body that body was copied from, with its types.
func (f *flattener) ending(c *copier, body, orig *ast.BlockStmt, p *Piece) {
	e := &ender{f: f, c: c, p: p, defers: map[token.Pos]*ast.DeferStmt{}, made: map[ast.Stmt]bool{}}
	ast.Inspect(orig, func(n ast.Node) bool {
		if d, ok := n.(*ast.DeferStmt); ok {
			e.defers[d.Pos()] = d
		}
		_, isFunc := n.(*ast.FuncLit)
		return !isFunc
	})
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.BlockStmt:
			e.list(n.List)
		case *ast.CaseClause:
			e.list(n.Body)
		case *ast.CommClause:
			e.list(n.Body)
		case *ast.LabeledStmt:
			n.Stmt = e.stmt(n.Stmt)
		}
		return true
	})
}

type ender struct {
	f      *flattener
	c      *copier
	p      *Piece
	defers map[token.Pos]*ast.DeferStmt // as written, by position
	made   map[ast.Stmt]bool            // what stays as it is
}

func (e *ender) list(list []ast.Stmt) {
	for i := range list {
		list[i] = e.stmt(list[i])
	}
}

func (e *ender) stmt(s ast.Stmt) ast.Stmt {
	switch s := s.(type) {
	case *ast.ReturnStmt:
		if !e.made[s] {
			e.made[s] = true
			return &ast.BlockStmt{Lbrace: s.Pos(), List: []ast.Stmt{&ast.ExprStmt{X: e.call(s.Pos(), "Leave")}, s}, Rbrace: s.End()}
		}
	case *ast.DeferStmt:
		if orig := e.defers[s.Pos()]; orig != nil {
			return e.later(s, orig)
		}
	}
	return s
}

// later is a defer that waits for the program's end. As in Go the function and its
// arguments are what they are now.
func (e *ender) later(s, orig *ast.DeferStmt) ast.Stmt {
	info, at := e.c.u.info, s.Pos()
	block := &ast.BlockStmt{Lbrace: at, Rbrace: s.End()}
	keep := func(x ast.Expr, t types.Type) ast.Expr {
		id := &ast.Ident{NamePos: x.Pos(), Name: "kept" + Dot + strconv.Itoa(len(block.List))}
		block.List = append(block.List, &ast.DeclStmt{Decl: &ast.GenDecl{TokPos: x.Pos(), Tok: token.VAR, Specs: []ast.Spec{
			&ast.ValueSpec{Names: []*ast.Ident{id}, Type: rePos(e.c.typeExpr(types.Default(t)), x.Pos()), Values: []ast.Expr{x}}}}})
		return &ast.Ident{NamePos: x.Pos(), Name: id.Name}
	}
	call := *s.Call
	if !e.fixed(orig.Call.Fun) {
		call.Fun = keep(call.Fun, info.TypeOf(orig.Call.Fun))
	}
	call.Args = nil
	for i, arg := range s.Call.Args {
		tv := info.Types[orig.Call.Args[i]]
		tuple, several := tv.Type.(*types.Tuple)
		switch {
		case several:
			define := &ast.AssignStmt{TokPos: at, Tok: token.DEFINE, Rhs: []ast.Expr{arg}}
			for j := range tuple.Len() {
				name := "kept" + Dot + strconv.Itoa(len(block.List)) + Dot + strconv.Itoa(j)
				define.Lhs = append(define.Lhs, &ast.Ident{NamePos: at, Name: name})
				call.Args = append(call.Args, &ast.Ident{NamePos: at, Name: name})
			}
			block.List = append(block.List, define)
		case tv.Value != nil || tv.IsNil() || tv.IsType():
			call.Args = append(call.Args, arg)
		default:
			call.Args = append(call.Args, keep(arg, tv.Type))
		}
	}
	fn := &ast.FuncLit{Type: &ast.FuncType{Func: at, Params: &ast.FieldList{Opening: at, Closing: at}},
		Body: &ast.BlockStmt{Lbrace: at, List: []ast.Stmt{&ast.ExprStmt{X: &call}}, Rbrace: s.End()}}
	block.List = append(block.List, &ast.ExprStmt{X: e.call(at, "Defer", fn)})
	return block
}

// fixed says whether a function is the same whenever it is looked at: one that is
// declared, or built in.
func (e *ender) fixed(fun ast.Expr) bool {
	switch x := ast.Unparen(fun).(type) {
	case *ast.Ident:
		switch e.c.u.info.Uses[x].(type) {
		case *types.Func, *types.Builtin:
			return true
		}
	case *ast.SelectorExpr:
		if e.c.u.info.Selections[x] != nil {
			return false
		}
		_, isFunc := e.c.u.info.Uses[x.Sel].(*types.Func)
		return isFunc
	case *ast.IndexExpr:
		return e.fixed(x.X)
	case *ast.IndexListExpr:
		return e.fixed(x.X)
	}
	return false
}

func (e *ender) call(at token.Pos, name string, args ...ast.Expr) *ast.CallExpr {
	return &ast.CallExpr{Fun: &ast.SelectorExpr{X: &ast.Ident{NamePos: at, Name: e.f.use(e.p.Shower)}, Sel: &ast.Ident{NamePos: at, Name: name}}, Lparen: at, Args: args, Rparen: at}
}
