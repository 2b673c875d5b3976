package stage

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"

	"cogumi/stdlib/experiment"
)

// Flag is one flag that a script defines on its experiment run, as read from
// the source: x.Int("seed", 1, "what it decides").
type Flag struct {
	Name         string
	Kind         string // string, int, float, bool
	Default      string // as text; valid when HasDefault
	HasDefault   bool   // the default is a literal
	Usage        string
	Line, Column int
}

const experimentPath = "cogumi/stdlib/experiment"

// flagKinds maps the methods that define flags to what the flag holds.
var flagKinds = map[string]string{"String": "string", "Int": "int", "Float": "float", "Bool": "bool"}

// reserved flags belong to the command line itself.
var reserved = map[string]bool{"json": true, "quiet": true, "help": true, "runs": true, "force": true, "from": true}

type scanned struct {
	list    []Flag
	dynamic bool
}

// scanFlags finds the flags without running or type-checking: calls of the
// flag methods on what came from experiment.Start or Current, or on a parameter
// of type *experiment.Run. A file that does not parse has none.
func scanFlags(path string, src []byte) (scanned, []Problem) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", src, parser.SkipObjectResolution)
	if file == nil || err != nil {
		return scanned{dynamic: true}, nil
	}
	name := importName(file, experimentPath, "experiment")
	if name == "" {
		return scanned{}, nil
	}
	s := flagScan{at: newPlace(path, src), fset: fset, pkg: name, runs: map[string]bool{}, seen: map[string]Flag{}}
	ast.Inspect(file, s.findRuns)
	ast.Inspect(file, s.findFlags)
	return s.found, s.problems
}

// importName returns the name under which file imports path, or "".
func importName(file *ast.File, path, base string) string {
	for _, imp := range file.Imports {
		if p, err := strconv.Unquote(imp.Path.Value); err != nil || p != path {
			continue
		}
		if imp.Name != nil {
			return imp.Name.Name
		}
		return base
	}
	return ""
}

type flagScan struct {
	at       place
	fset     *token.FileSet
	pkg      string
	runs     map[string]bool // identifiers that hold the run
	seen     map[string]Flag
	found    scanned
	problems []Problem
}

// isRun reports whether e is the run: a known name, or Start() or Current().
func (s *flagScan) isRun(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return s.isRun(e.X)
	case *ast.Ident:
		return s.runs[e.Name]
	case *ast.CallExpr:
		if sel, ok := e.Fun.(*ast.SelectorExpr); ok {
			pkg, ok := sel.X.(*ast.Ident)
			return ok && pkg.Name == s.pkg && (sel.Sel.Name == "Start" || sel.Sel.Name == "Current")
		}
	}
	return false
}

func (s *flagScan) findRuns(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.AssignStmt:
		for i, right := range n.Rhs {
			if i < len(n.Lhs) && s.isRun(right) {
				s.hold(n.Lhs[i])
			}
		}
	case *ast.ValueSpec:
		for i, right := range n.Values {
			if i < len(n.Names) && s.isRun(right) {
				s.hold(n.Names[i])
			}
		}
		if s.isRunType(n.Type) {
			for _, id := range n.Names {
				s.hold(id)
			}
		}
	case *ast.Field:
		if s.isRunType(n.Type) {
			for _, id := range n.Names {
				s.hold(id)
			}
		}
	}
	return true
}

func (s *flagScan) hold(e ast.Expr) {
	if id, ok := e.(*ast.Ident); ok && id.Name != "_" {
		s.runs[id.Name] = true
	}
}

func (s *flagScan) isRunType(e ast.Expr) bool {
	star, ok := e.(*ast.StarExpr)
	if !ok {
		return false
	}
	sel, ok := star.X.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != "Run" {
		return false
	}
	pkg, ok := sel.X.(*ast.Ident)
	return ok && pkg.Name == s.pkg
}

func (s *flagScan) findFlags(n ast.Node) bool {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) == 0 {
		return true
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || flagKinds[sel.Sel.Name] == "" || !s.isRun(sel.X) {
		return true
	}
	at := s.fset.Position(call.Args[0].Pos())
	name, ok := stringLiteral(call.Args[0])
	if !ok {
		s.found.dynamic = true
		s.problems = append(s.problems, s.at.problem(at.Line, at.Column,
			`write the name as a string in quotes: x.Int("seed", 1, "…")`, "the flag's name is not a literal"))
		return true
	}
	f := Flag{Name: name, Kind: flagKinds[sel.Sel.Name], Line: at.Line, Column: at.Column}
	if len(call.Args) > 1 {
		f.Default, f.HasDefault = literal(call.Args[1])
	}
	if len(call.Args) > 2 {
		f.Usage, _ = stringLiteral(call.Args[2])
	}
	s.add(f)
	return true
}

func (s *flagScan) add(f Flag) {
	if reserved[f.Name] {
		s.problems = append(s.problems, s.at.problem(f.Line, f.Column, "choose another name",
			"--%s belongs to cogumi itself", f.Name))
	}
	if first, ok := s.seen[f.Name]; ok {
		s.problems = append(s.problems, s.at.problem(f.Line, f.Column, "keep its value in a variable",
			"--%s is defined twice, first in line %d", f.Name, first.Line))
		return
	}
	s.seen[f.Name] = f
	s.found.list = append(s.found.list, f)
}

func stringLiteral(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

// literal reads a flag's default as the text that a person would give.
func literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			return stringLiteral(e)
		}
		return strings.ReplaceAll(e.Value, "_", ""), e.Kind == token.INT || e.Kind == token.FLOAT
	case *ast.UnaryExpr:
		text, ok := literal(e.X)
		return "-" + text, ok && e.Op == token.SUB
	case *ast.Ident:
		return e.Name, e.Name == "true" || e.Name == "false"
	}
	return "", false
}

// compareFlags checks the header's flags against the program's, both ways.
func compareFlags(s *Script) (problems []Problem) {
	at := newPlace(s.Path, s.Source)
	named := map[string]bool{}
	check := func(flag, def string, line, column int) {
		if flag == "" {
			return
		}
		named[flag] = true
		f := s.Flag(flag)
		if f == nil {
			if !s.DynamicFlags {
				hint := "define it with x.String, x.Int, x.Float or x.Bool, or take it out of the header"
				if near := experiment.Nearest(flag, s.flagNames()); near != "" {
					hint = "did you mean --" + near + "?"
				}
				problems = append(problems, at.problem(line, column, hint, "the header names --%s, which the script does not define", flag))
			}
			return
		}
		if def != "" && f.HasDefault && !sameDefault(def, f.Default, f.Kind) {
			problems = append(problems, at.problem(line, column, "one of the two is out of date: the script's line "+strconv.Itoa(f.Line)+" counts",
				"the header says --%s has the default %s, the script says %q", flag, def, f.Default))
		}
	}
	for _, p := range s.Header.Inputs {
		check(p.Flag, p.Default, p.Line, p.Column)
	}
	for _, p := range s.Header.Outputs {
		check(p.Flag, p.Default, p.Line, p.Column)
	}
	for _, d := range s.Header.FlagDocs {
		check(d.Flag, d.Default, d.Line, d.Column)
	}
	for _, f := range s.Flags {
		if !named[f.Name] {
			problems = append(problems, at.problem(f.Line, f.Column,
				"add to the header: // FLAGS: --"+f.Name+" "+meta(f.Kind)+" "+f.Usage,
				"the header does not name --%s", f.Name))
		}
	}
	return problems
}

func (s *Script) flagNames() []string {
	var names []string
	for _, f := range s.Flags {
		names = append(names, f.Name)
	}
	return names
}

func sameDefault(a, b, kind string) bool {
	if a == b || b == "" && (a == `""` || strings.ContainsRune(a, ' ')) {
		return true // words say what the empty default stands for
	}
	if kind != "int" && kind != "float" {
		return false
	}
	x, err1 := strconv.ParseFloat(strings.ReplaceAll(a, ",", ""), 64)
	y, err2 := strconv.ParseFloat(b, 64)
	return err1 == nil && err2 == nil && x == y
}

// Meta is what stands for the flag's value in help: N, X, S; "" for a switch.
func (f Flag) Meta() string { return meta(f.Kind) }

func meta(kind string) string {
	switch kind {
	case "int":
		return "N"
	case "float":
		return "X"
	case "bool":
		return ""
	}
	return "S"
}
