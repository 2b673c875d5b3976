package lower

import (
	"fmt"
	"go/ast"
	"go/token"
	"strconv"
)

// Small constructors of syntax, all at the position that is being lowered.

func (l *lowerer) id(name string) *ast.Ident { return &ast.Ident{NamePos: l.at, Name: name} }

func (l *lowerer) call(fun ast.Expr, args ...ast.Expr) *ast.CallExpr {
	return &ast.CallExpr{Fun: fun, Lparen: l.at, Args: args, Rparen: l.at}
}

// host calls a function of the runner.
func (l *lowerer) host(name string, args ...ast.Expr) *ast.CallExpr {
	return l.call(&ast.SelectorExpr{X: l.id(Host), Sel: l.id(name)}, args...)
}

func (l *lowerer) int(n int) ast.Expr {
	if n < 0 {
		return &ast.UnaryExpr{OpPos: l.at, Op: token.SUB, X: l.int(-n)}
	}
	return &ast.BasicLit{ValuePos: l.at, Kind: token.INT, Value: strconv.Itoa(n)}
}

func (l *lowerer) str(s string) ast.Expr {
	return &ast.BasicLit{ValuePos: l.at, Kind: token.STRING, Value: strconv.Quote(s)}
}

func (l *lowerer) stmtOf(e ast.Expr) ast.Stmt { return &ast.ExprStmt{X: e} }

func (l *lowerer) assign(lhs, rhs ast.Expr) ast.Stmt {
	return &ast.AssignStmt{Lhs: []ast.Expr{lhs}, TokPos: l.at, Tok: token.ASSIGN, Rhs: []ast.Expr{rhs}}
}

func (l *lowerer) define(name string, rhs ast.Expr) ast.Stmt {
	return &ast.AssignStmt{Lhs: []ast.Expr{l.id(name)}, TokPos: l.at, Tok: token.DEFINE, Rhs: []ast.Expr{rhs}}
}

func (l *lowerer) declare(name string, typ ast.Expr) ast.Stmt {
	return &ast.DeclStmt{Decl: &ast.GenDecl{TokPos: l.at, Tok: token.VAR, Specs: []ast.Spec{&ast.ValueSpec{Names: []*ast.Ident{l.id(name)}, Type: typ}}}}
}

func (l *lowerer) block(list ...ast.Stmt) *ast.BlockStmt {
	return &ast.BlockStmt{Lbrace: l.at, List: list, Rbrace: l.at}
}

func (l *lowerer) ret(values ...ast.Expr) ast.Stmt {
	return &ast.ReturnStmt{Return: l.at, Results: values}
}

func (l *lowerer) ifThen(cond ast.Expr, list ...ast.Stmt) ast.Stmt {
	return &ast.IfStmt{If: l.at, Cond: cond, Body: l.block(list...)}
}

func (l *lowerer) not(e ast.Expr) ast.Expr {
	return &ast.UnaryExpr{OpPos: l.at, Op: token.NOT, X: &ast.ParenExpr{X: e}}
}

func (l *lowerer) addr(e ast.Expr) ast.Expr {
	return &ast.UnaryExpr{OpPos: l.at, Op: token.AND, X: e}
}

func (l *lowerer) field(name string, typ ast.Expr) *ast.Field {
	f := &ast.Field{Type: typ}
	if name != "" {
		f.Names = []*ast.Ident{l.id(name)}
	}
	return f
}

func (l *lowerer) lambda(params, results []*ast.Field, body ...ast.Stmt) *ast.FuncLit {
	t := &ast.FuncType{Func: l.at, Params: &ast.FieldList{List: params}}
	if len(results) > 0 {
		t.Results = &ast.FieldList{List: results}
	}
	return &ast.FuncLit{Type: t, Body: l.block(body...)}
}

// temp is a new variable name.
func (l *lowerer) temp(prefix string) string {
	l.serial++
	return fmt.Sprintf("%s%s%d", prefix, mark, l.serial)
}

// topFunc adds a function to the file.
func (l *lowerer) topFunc(name string, params, results []*ast.Field, body ...ast.Stmt) {
	lit := l.lambda(params, results, body...)
	l.out = append(l.out, &ast.FuncDecl{Name: l.id(name), Type: lit.Type, Body: lit.Body})
}
