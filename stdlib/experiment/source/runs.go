package source

import (
	"go/ast"
	"go/types"
	"strings"
)

// findRuns collects what holds the script's run: variables and fields that are
// given experiment.Start() or Current(), or another of them, and those of type
// *experiment.Run.
func (s *Script) findRuns() {
	for before := -1; before < len(s.runs); {
		before = len(s.runs)
		ast.Inspect(s.file, s.findRun)
	}
}

func (s *Script) findRun(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.AssignStmt:
		for i, right := range n.Rhs {
			if i < len(n.Lhs) && s.isRun(right) {
				s.hold(n.Lhs[i])
			}
		}
	case *ast.ValueSpec:
		for i, name := range n.Names {
			if s.isRunType(n.Type) || i < len(n.Values) && s.isRun(n.Values[i]) {
				s.hold(name)
			}
		}
	case *ast.Field:
		for _, name := range n.Names {
			if s.isRunType(n.Type) {
				s.hold(name)
			}
		}
	}
	return true
}

func (s *Script) hold(e ast.Expr) {
	if obj := s.object(e); obj != nil {
		s.runs[obj] = true
	}
}

// object is the variable or field that e names.
func (s *Script) object(e ast.Expr) types.Object {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		if obj := s.info.Defs[e]; obj != nil {
			return obj
		}
		return s.info.Uses[e]
	case *ast.SelectorExpr:
		return s.info.Uses[e.Sel]
	}
	return nil
}

// isRun reports whether e is the run: something that holds it, or Start() or
// Current().
func (s *Script) isRun(e ast.Expr) bool {
	if call, ok := ast.Unparen(e).(*ast.CallExpr); ok {
		sel, ok := call.Fun.(*ast.SelectorExpr)
		return ok && s.isExperiment(sel.X) && (sel.Sel.Name == "Start" || sel.Sel.Name == "Current")
	}
	obj := s.object(e)
	return obj != nil && s.runs[obj]
}

func (s *Script) isRunType(e ast.Expr) bool {
	star, ok := e.(*ast.StarExpr)
	if !ok {
		return false
	}
	sel, ok := star.X.(*ast.SelectorExpr)
	return ok && sel.Sel.Name == "Run" && s.isExperiment(sel.X)
}

// isExperiment: e names the package experiment.
func (s *Script) isExperiment(e ast.Expr) bool {
	return strings.HasSuffix(s.packageOf(e), "stdlib/experiment")
}

// packageOf is the import path that e names, or "".
func (s *Script) packageOf(e ast.Expr) string {
	if id, ok := e.(*ast.Ident); ok {
		if p, ok := s.info.Uses[id].(*types.PkgName); ok {
			return p.Imported().Path()
		}
	}
	return ""
}
