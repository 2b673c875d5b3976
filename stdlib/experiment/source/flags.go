package source

import (
	"go/ast"
	"go/constant"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// Flag is a flag that a script defines through its run:
// x.Int("seed", 1, "what it decides").
type Flag struct {
	Name         string // "" when it is computed
	Kind         string // string, int, float, bool
	Default      string // as a person would give it; valid when HasDefault
	HasDefault   bool   // the default is a constant
	Usage        string
	Line, Column int // of the name
}

// Meta is what stands for the flag's value in help: N, X, S; "" for a switch.
func (f Flag) Meta() string {
	return map[string]string{"int": "N", "float": "X", "string": "S"}[f.Kind]
}

var flagKinds = map[string]string{"String": "string", "Int": "int", "Float": "float", "Bool": "bool"}

// Flags lists the script's flags in the order of the text. complete is false
// when a flag's name is not written out, so that more may exist.
func (s *Script) Flags() (flags []Flag, complete bool) {
	complete = true
	for _, f := range s.FlagCalls() {
		switch {
		case f.Name == "":
			complete = false
		case !slices.ContainsFunc(flags, func(g Flag) bool { return g.Name == f.Name }):
			flags = append(flags, f)
		}
	}
	return flags, complete
}

// FlagCalls lists every place that defines a flag, also those that repeat a name
// or compute it.
func (s *Script) FlagCalls() (flags []Flag) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if f, ok := s.flagCall(call); ok {
				flags = append(flags, f)
			}
		}
		return true
	})
	return flags
}

// flagCall recognises x.Int("name", default, "usage") on the run.
func (s *Script) flagCall(call *ast.CallExpr) (Flag, bool) {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || len(call.Args) != 3 || flagKinds[sel.Sel.Name] == "" || !s.isRun(sel.X) {
		return Flag{}, false
	}
	at := s.fset.Position(call.Args[0].Pos())
	f := Flag{Kind: flagKinds[sel.Sel.Name], Line: at.Line, Column: at.Column}
	f.Name, _ = s.literal(call.Args[0])
	f.Default, f.HasDefault = s.constant(call.Args[1])
	f.Usage, _ = s.literal(call.Args[2])
	return f, true
}

// SplitFlag splits --name and --name=value; one dash works too. Negative
// numbers and a lone dash are no flags.
func SplitFlag(arg string) (name, value string, given, isFlag bool) {
	rest := strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-")
	if rest == arg || rest == "" || !(rest[0] >= 'a' && rest[0] <= 'z' || rest[0] >= 'A' && rest[0] <= 'Z' || rest[0] == '_') {
		return "", "", false, false
	}
	name, value, given = strings.Cut(rest, "=")
	return name, value, given, true
}

// constant is the text of a constant expression: a number that is written out
// stays as it is written.
func (s *Script) constant(e ast.Expr) (string, bool) {
	if v, ok := s.literal(e); ok {
		return v, true
	}
	switch e := e.(type) {
	case *ast.BasicLit:
		return strings.ReplaceAll(e.Value, "_", ""), e.Kind == token.INT || e.Kind == token.FLOAT
	case *ast.UnaryExpr:
		if lit, ok := e.X.(*ast.BasicLit); ok && e.Op == token.SUB {
			v, ok := s.constant(lit)
			return "-" + v, ok
		}
	}
	v := s.info.Types[e].Value
	if v == nil {
		return "", false
	}
	switch v.Kind() {
	case constant.Bool, constant.Int:
		return v.ExactString(), true
	case constant.Float:
		f, _ := constant.Float64Val(v)
		return strconv.FormatFloat(f, 'g', -1, 64), true
	}
	return "", false
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
