package source

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
)

// Flag is a flag that a script defines through its run.
type Flag struct {
	Name    string
	Kind    string // string, int, float, bool
	Default string // as Go writes it, unquoted; "" when it is not a constant
	Usage   string
	Line    int
}

var flagKinds = map[string]string{"String": "string", "Int": "int", "Float": "float", "Bool": "bool"}

// Flags lists the script's flags in the order of the text. complete is false
// when a flag's name is not written out, so that more may exist.
func (s *Script) Flags() (flags []Flag, complete bool) {
	complete = true
	ast.Inspect(s.file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		f, ok := s.flagCall(call)
		switch {
		case !ok:
		case f.Name == "":
			complete = false
		case !slices.ContainsFunc(flags, func(g Flag) bool { return g.Name == f.Name }):
			flags = append(flags, f)
		}
		return true
	})
	return flags, complete
}

// flagCall recognises x.Int("name", default, "usage"). Calls on an imported
// package or on a type of the script are not the run's.
func (s *Script) flagCall(call *ast.CallExpr) (Flag, bool) {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || len(call.Args) != 3 || flagKinds[sel.Sel.Name] == "" || s.info.Selections[sel] != nil {
		return Flag{}, false
	}
	if id, ok := sel.X.(*ast.Ident); ok {
		if _, isPkg := s.info.Uses[id].(*types.PkgName); isPkg {
			return Flag{}, false
		}
	}
	f := Flag{Kind: flagKinds[sel.Sel.Name], Line: s.fset.Position(call.Pos()).Line}
	f.Name, _ = s.literal(call.Args[0])
	f.Default = s.constant(call.Args[1])
	f.Usage, _ = s.literal(call.Args[2])
	return f, true
}

// constant is the text of a constant expression, "" for anything else.
func (s *Script) constant(e ast.Expr) string {
	if v, ok := s.literal(e); ok {
		return v
	}
	switch e := e.(type) {
	case *ast.BasicLit:
		return e.Value
	case *ast.UnaryExpr:
		if v := s.constant(e.X); v != "" && e.Op == token.SUB {
			return "-" + v
		}
	case *ast.Ident:
		if c, ok := s.info.Uses[e].(*types.Const); ok && c.Val() != nil && c.Val().Kind() != constant.Unknown {
			return c.Val().ExactString()
		}
	}
	return ""
}

// Steps lists the names of the steps that the script itself defines, as far as
// they are written out.
func (s *Script) Steps() []string {
	var names []string
	ast.Inspect(s.file, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && isStepCall(call) {
			if name, ok := s.literal(call.Args[0]); ok && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		return true
	})
	return names
}

func isStepCall(call *ast.CallExpr) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	return ok && sel.Sel.Name == "Step" && len(call.Args) == 4
}
