package cells

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"strings"
)

// statement is a statement as main has it: what was shown is printed, what is
// declared already is assigned.
func (v *saving) statement(d *done, stmt ast.Stmt) string {
	switch x := stmt.(type) {
	case *ast.ExprStmt:
		text := v.renamed(d, x)
		_, calls := ast.Unparen(x.X).(*ast.CallExpr)
		switch {
		case d.shown[stmt]:
			return "fmt.Println(" + text + ")"
		case !calls && !d.info.Types[x.X].IsVoid() && !receives(x.X):
			return "_ = " + text
		}
		return text
	case *ast.AssignStmt:
		if x.Tok == token.DEFINE {
			return v.define(d, x)
		}
	case *ast.DeclStmt:
		if g := x.Decl.(*ast.GenDecl); g.Tok == token.VAR {
			var list []string
			for _, spec := range g.Specs {
				list = append(list, v.variable(d, spec.(*ast.ValueSpec))...)
			}
			return strings.Join(list, "\n\t")
		}
	}
	return v.renamed(d, stmt)
}

func receives(e ast.Expr) bool {
	x, ok := ast.Unparen(e).(*ast.UnaryExpr)
	return ok && x.Op == token.ARROW
}

// define is a := with what of it is new.
func (v *saving) define(d *done, x *ast.AssignStmt) string {
	fresh, global := v.fresh(d, x.Lhs)
	assign := v.list(d, x.Lhs) + " = " + v.list(d, x.Rhs)
	switch {
	case len(fresh) == 0:
		return assign
	case !global:
		return v.renamed(d, x)
	}
	var b strings.Builder
	for _, o := range fresh {
		fmt.Fprintf(&b, "var %s %s\n\t", v.names[o], v.typeText(o.Type()))
	}
	return b.String() + assign
}

func (v *saving) list(d *done, list []ast.Expr) string {
	var parts []string
	for _, e := range list {
		parts = append(parts, v.renamed(d, e))
	}
	return strings.Join(parts, ", ")
}

// fresh are the variables on the left that main has not declared yet; global:
// one of all is the package's.
func (v *saving) fresh(d *done, left []ast.Expr) (list []*types.Var, global bool) {
	for _, e := range left {
		id, ok := e.(*ast.Ident)
		if !ok || id.Name == "_" {
			continue
		}
		o := d.object(id)
		if o == nil {
			continue
		}
		global = global || v.global[o]
		if !v.declared[o] {
			v.declared[o] = true
			list = append(list, o)
		}
	}
	return list, global
}

// variable is a var, new or again.
func (v *saving) variable(d *done, spec *ast.ValueSpec) (list []string) {
	var left []ast.Expr
	var names []string
	for _, id := range spec.Names {
		left = append(left, id)
		name := id.Name
		if o := d.object(id); o != nil && v.names[o] != "" {
			name = v.names[o]
		}
		names = append(names, name)
	}
	known := map[*types.Var]bool{}
	for o := range v.declared {
		known[o] = true
	}
	fresh, global := v.fresh(d, left)
	typ := ""
	if spec.Type != nil {
		typ = " " + v.renamed(d, spec.Type)
	}
	whole := !global && len(fresh) > 0 && len(fresh) == len(names)
	switch {
	case whole && len(spec.Values) > 0:
		return []string{"var " + strings.Join(names, ", ") + typ + " = " + v.list(d, spec.Values)}
	case whole:
		return []string{"var " + strings.Join(names, ", ") + typ}
	}
	for _, o := range fresh {
		list = append(list, "var "+v.names[o]+" "+v.typeText(o.Type()))
	}
	if len(spec.Values) > 0 {
		return append(list, strings.Join(names, ", ")+" = "+v.list(d, spec.Values))
	}
	for i, id := range spec.Names {
		if o := d.object(id); o != nil && known[o] {
			list = append(list, names[i]+" = *new("+strings.TrimSpace(typ)+")")
		}
	}
	return list
}

// OneLine is a piece on one line, for a history that has lines: "" when a comment
// is all there is of it.
func OneLine(src string) string {
	if !strings.Contains(src, "\n") {
		return strings.TrimSpace(src)
	}
	list, _ := lex(src)
	var b strings.Builder
	end := 0
	for i, t := range list {
		switch {
		case t.tok == token.SEMICOLON && t.lit == "\n":
			if i+1 < len(list) && list[i+1].tok != token.RBRACE && list[i+1].tok != token.RPAREN {
				b.WriteByte(';')
			}
			continue
		case b.Len() > 0 && t.offset > end:
			b.WriteByte(' ')
		}
		text := t.lit
		if text == "" || !t.tok.IsLiteral() && !t.tok.IsKeyword() {
			text = t.tok.String()
		}
		if t.tok == token.STRING && strings.Contains(text, "\n") {
			text = fmt.Sprintf("%q", strings.Trim(text, "`"))
		}
		b.WriteString(text)
		end = t.offset + len(t.lit)
		if t.lit == "" {
			end = t.offset + len(text)
		}
	}
	return b.String()
}

// Definitions is what a file declares, as a piece: of a script everything but the
// package clause and main, with every line where it was. A file of pieces, which
// has no package clause, is all of it.
func Definitions(file, src string) (string, error) {
	list, _ := lex(src)
	if len(list) == 0 || list[0].tok != token.PACKAGE {
		return src, nil
	}
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, file, src, parser.SkipObjectResolution)
	if err != nil {
		return "", err
	}
	b := []byte(src)
	blank := func(from, to token.Pos) {
		for i := fset.Position(from).Offset; i < fset.Position(to).Offset; i++ {
			if b[i] != '\n' {
				b[i] = ' '
			}
		}
	}
	blank(f.Package, f.Name.End())
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "main" {
			blank(fn.Pos(), fn.End())
		}
	}
	return string(b), nil
}
