package notebook

import (
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
)

// shown is a cell's text with "_ = x" at its outer level as "x", columns kept: a
// script may hold the first, which does nothing there, and a notebook shows it.
func shown(text string) string {
	file := token.NewFileSet().AddFile("", -1, len(text))
	var s scanner.Scanner
	s.Init(file, []byte(text), nil, 0)
	out := []byte(text)
	depth, blank, begins := 0, -1, true
	for {
		pos, tok, lit := s.Scan()
		at := file.Offset(pos)
		switch {
		case tok == token.EOF:
			return string(out)
		case tok == token.ASSIGN && blank >= 0:
			out[blank], out[at] = ' ', ' '
		}
		blank = -1
		switch tok {
		case token.LPAREN, token.LBRACK, token.LBRACE:
			depth++
		case token.RPAREN, token.RBRACK, token.RBRACE:
			depth--
		case token.IDENT:
			if begins && depth == 0 && lit == "_" {
				blank = at
			}
		}
		begins = tok == token.SEMICOLON
	}
}

// assigned is the names whose values a cell's text changes other than by declaring
// them: x of x = 1, x.f++, x[0] += 2.
func assigned(text string, kind Kind) map[string]bool {
	names := map[string]bool{}
	if kind != Steps {
		return names
	}
	f, _ := parser.ParseFile(token.NewFileSet(), "", "package p; func _() {\n"+text+"\n}", parser.SkipObjectResolution)
	if f == nil {
		return names
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				for _, e := range n.Lhs {
					names[root(e)] = true
				}
			}
		case *ast.IncDecStmt:
			names[root(n.X)] = true
		case *ast.RangeStmt:
			if n.Tok == token.ASSIGN {
				names[root(n.Key)] = true
				names[root(n.Value)] = true
			}
		}
		return true
	})
	delete(names, "")
	delete(names, "_")
	return names
}

func root(e ast.Expr) string {
	switch x := e.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.SelectorExpr:
		return root(x.X)
	case *ast.IndexExpr:
		return root(x.X)
	case *ast.StarExpr:
		return root(x.X)
	case *ast.ParenExpr:
		return root(x.X)
	}
	return ""
}
