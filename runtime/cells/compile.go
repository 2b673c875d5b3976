package cells

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"strings"

	"cogumi/runtime/script/check"
	"cogumi/runtime/script/interp"
	"cogumi/runtime/script/mono"
	"cogumi/runtime/script/symbols"
)

const (
	bodyName = "cell" + mono.Dot
	// pieceFile ends the file name of every piece: the interpreter keeps what is
	// imported by the base name of the file.
	pieceFile = "/cell"
)

// compilation is one piece on its way to running.
type compilation struct {
	s        *Session
	name     string
	src      string
	steps    []*step
	notes    []string
	declared map[string]bool
	used     map[string]bool
}

// step is one segment, compiled.
type step struct {
	program *interp.Compiled
	body    bool // it has statements
	created []variable
	done    *done // for Script; nil: nothing that main would do
}

// variable is a variable that statements declare, and what had its name before.
type variable struct {
	object *types.Var
	former types.Object
}

func (c *compilation) all() []check.Problem {
	chunks, state := split(c.src)
	if state == broken {
		chunks = []chunk{{start: 0, end: len(c.src)}}
	}
	list := segments(chunks)
	for i, seg := range list {
		var problems []check.Problem
		if seg.decls {
			problems = c.declare(seg)
		} else {
			problems = c.statements(seg, i == len(list)-1)
		}
		if problems != nil {
			return problems
		}
	}
	return nil
}

// parse reads a segment with the positions of the piece.
func (c *compilation) parse(before string, seg segment, after string) (*ast.File, []check.Problem) {
	text := fmt.Sprintf("package main;%s/*line %s:1:1*/", before, c.name+pieceFile) + only(c.src, seg.chunks) + after
	file, err := parser.ParseFile(c.s.fset(), strings.TrimPrefix(pieceFile, "/"), text, parser.SkipObjectResolution)
	if err == nil {
		return file, nil
	}
	list, ok := err.(scanner.ErrorList)
	if !ok || len(list) == 0 {
		return nil, []check.Problem{{Pos: token.Position{Filename: c.name}, Kind: "syntax", Message: err.Error()}}
	}
	list.RemoveMultiples()
	return nil, []check.Problem{{Pos: list[0].Pos, Kind: "syntax", Message: list[0].Msg}}
}

func (s *Session) fset() *token.FileSet { return s.machine.Machine().FileSet() }

func (s *Session) position(pos token.Pos) token.Position { return s.fset().Position(pos) }

// statements compiles statements as the body of a function.
func (c *compilation) statements(seg segment, last bool) []check.Problem {
	file, problems := c.parse("func "+bodyName+"(){", seg, "\n}")
	if problems != nil {
		return problems
	}
	body, ok := file.Decls[0].(*ast.FuncDecl)
	if !ok || len(file.Decls) > 1 {
		return []check.Problem{{Pos: c.s.position(file.Decls[1].Pos()), Kind: "syntax", Message: "unexpected }"}}
	}
	if at := jump(body.Body); at != token.NoPos {
		return []check.Problem{{Pos: c.s.position(at), Kind: "unsupported", Message: "goto outside of a function", Hint: "put the statements into a func, or use a loop"}}
	}
	c.imports(file, nil)
	prog, problems := c.s.checks.Check(c.s.fset(), file, nil, unusedIn(body.Body))
	if problems != nil {
		return problems
	}
	c.noteUses(prog)
	c.s.capture(prog)
	piece := &mono.Piece{Prog: prog, Body: body, Vars: map[*types.Var]*types.Var{}, Shower: c.s.shower,
		Show: shown(body.Body, prog.Info, last && !strings.HasSuffix(strings.TrimSpace(c.src), ";"))}
	st := &step{body: true}
	replaced := map[types.Object]bool{}
	for _, inner := range declaredVars(body.Body, prog.Info) {
		c.declared[inner.Name()] = true
		former := c.s.checks.Live()[inner.Name()]
		if old, ok := former.(*types.Var); ok && types.Identical(old.Type(), inner.Type()) && !c.s.captured[old] && !c.s.captured[inner] {
			piece.Vars[inner] = old
			continue
		}
		outer := types.NewVar(inner.Pos(), prog.Pkg, inner.Name(), inner.Type())
		piece.Vars[inner] = outer
		piece.Created = append(piece.Created, outer)
		st.created = append(st.created, variable{outer, former})
		c.s.captured[outer] = c.s.captured[inner]
		c.s.insert(outer)
		if former != nil {
			replaced[former] = true
		}
	}
	st.done = c.record(body.Body.List, prog.Info, piece.Show, piece.Vars)
	if problems := c.finish(piece, st); problems != nil {
		return problems
	}
	for _, v := range piece.Vars {
		c.s.checks.Live()[v.Name()] = v
	}
	if len(replaced) > 0 {
		return c.replace(nil, replaced)
	}
	return nil
}

// record keeps what Script needs of statements, all of one file.
func (c *compilation) record(stmts []ast.Stmt, info *types.Info, shown map[ast.Stmt]bool, vars map[*types.Var]*types.Var) *done {
	if len(stmts) == 0 || c.name == "" {
		return nil
	}
	fset, lines := c.s.fset(), []int{0}
	for i := range c.src {
		if c.src[i] == '\n' {
			lines = append(lines, i+1)
		}
	}
	return &done{piece: c.name, src: c.src, stmts: stmts, info: info, shown: shown, vars: vars,
		offset: func(pos token.Pos) int {
			p := fset.Position(pos)
			return lines[p.Line-1] + p.Column - 1
		}}
}

// finish flattens, lowers and compiles what was checked.
func (c *compilation) finish(p *mono.Piece, st *step) []check.Problem {
	flat, problems := c.s.flats.Flatten(p)
	if problems != nil {
		return problems
	}
	prog, problems := c.s.universe.CheckInto(c.s.flatPkg, c.s.fset(), flat.File)
	if problems != nil {
		for i := range problems {
			problems[i].Kind, problems[i].Hint = "unsupported", "this is beyond the interpreter; write it in a simpler way"
		}
		return problems
	}
	lowered, problems := c.s.lowers.Lower(prog, flat, p.Start)
	if problems != nil {
		return problems
	}
	program, problem := c.s.machine.Compile(lowered)
	if problem != nil {
		return []check.Problem{*problem}
	}
	st.program = program
	c.steps = append(c.steps, st)
	return nil
}

// insert makes an object visible to pieces that are checked from now on.
func (s *Session) insert(obj types.Object) {
	*s.checks.Package().Scope() = *types.NewScope(types.Universe, token.NoPos, token.NoPos, "package main")
	s.checks.Package().Scope().Insert(obj) // it gets the scope as its parent
}

// imports adds what the file uses of packages: as pieces imported them, else by
// the package's name.
func (c *compilation) imports(file *ast.File, own map[string]bool) {
	wanted := map[string]bool{}
	var specs []ast.Decl
	for _, d := range file.Decls {
		ast.Inspect(d, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			id, ok := sel.X.(*ast.Ident)
			if !ok || wanted[id.Name] || own[id.Name] || c.s.checks.Live()[id.Name] != nil {
				return true
			}
			path := c.s.imports[id.Name]
			if path == "" {
				path = PackagePath(id.Name)
			}
			if path != "" {
				wanted[id.Name] = true
				specs = append(specs, importDecl(file, id.Name, path))
			}
			return true
		})
	}
	for _, d := range specs {
		file.Imports = append(file.Imports, d.(*ast.GenDecl).Specs[0].(*ast.ImportSpec))
	}
	file.Decls = append(specs, file.Decls...)
}

func importDecl(file *ast.File, name, path string) ast.Decl {
	at := file.Name.End()
	spec := &ast.ImportSpec{Name: &ast.Ident{NamePos: at, Name: name}, Path: &ast.BasicLit{ValuePos: at, Kind: token.STRING, Value: fmt.Sprintf("%q", path)}}
	return &ast.GenDecl{TokPos: at, Tok: token.IMPORT, Specs: []ast.Spec{spec}}
}

// PackagePath is the import path of the package that is called name; cogumi's own
// come before Go's, and math/rand/v2 before math/rand. "" when there is none.
func PackagePath(name string) string {
	best := ""
	for _, path := range append([]string{"slices", "maps", "cmp", "iter"}, symbols.Paths()...) {
		base := path[strings.LastIndex(path, "/")+1:]
		if base == "v2" {
			rest := strings.TrimSuffix(path, "/v2")
			base = rest[strings.LastIndex(rest, "/")+1:]
		}
		if base == name && (best == "" || strings.HasPrefix(path, "cogumi/stdlib/") || strings.HasSuffix(path, "/v2") || strings.HasPrefix(best, "crypto/")) {
			best = path
		}
	}
	return best
}

// unusedIn ignores what is wrong in a function and right in a piece: variables
// for later pieces, and expressions whose value is shown.
func unusedIn(body *ast.BlockStmt) func(types.Error) bool {
	return func(e types.Error) bool {
		switch {
		case strings.HasSuffix(e.Msg, "imported and not used") || strings.Contains(e.Msg, "imported as ") && strings.HasSuffix(e.Msg, " and not used"):
			return true
		case strings.HasPrefix(e.Msg, "declared and not used"):
			for _, id := range declaredIdents(body) {
				if id.Pos() == e.Pos {
					return true
				}
			}
		case strings.HasSuffix(e.Msg, "is not used"):
			for _, s := range body.List {
				if x, ok := s.(*ast.ExprStmt); ok && x.Pos() <= e.Pos && e.Pos < x.End() {
					return true
				}
			}
		}
		return false
	}
}

// declaredIdents are the names on the left of := and after var, outside of blocks.
func declaredIdents(body *ast.BlockStmt) (list []*ast.Ident) {
	for _, s := range body.List {
		for {
			l, ok := s.(*ast.LabeledStmt)
			if !ok {
				break
			}
			s = l.Stmt
		}
		switch s := s.(type) {
		case *ast.AssignStmt:
			for _, e := range s.Lhs {
				if id, ok := e.(*ast.Ident); ok && s.Tok == token.DEFINE {
					list = append(list, id)
				}
			}
		case *ast.DeclStmt:
			for _, spec := range s.Decl.(*ast.GenDecl).Specs {
				if v, ok := spec.(*ast.ValueSpec); ok && s.Decl.(*ast.GenDecl).Tok == token.VAR {
					list = append(list, v.Names...)
				}
			}
		}
	}
	return list
}

func declaredVars(body *ast.BlockStmt, info *types.Info) (list []*types.Var) {
	for _, id := range declaredIdents(body) {
		if v, ok := info.Defs[id].(*types.Var); ok && v.Name() != "_" {
			list = append(list, v)
		}
	}
	return list
}

// shown are the statements whose values are shown: expressions, and a call that
// comes last and is not one of fmt's that print.
func shown(body *ast.BlockStmt, info *types.Info, last bool) map[ast.Stmt]bool {
	show := map[ast.Stmt]bool{}
	for i, s := range body.List {
		x, ok := s.(*ast.ExprStmt)
		if !ok || info.Types[x.X].IsVoid() || !info.Types[x.X].IsValue() && !isTuple(info.TypeOf(x.X)) {
			continue
		}
		call, isCall := ast.Unparen(x.X).(*ast.CallExpr)
		_, receives := ast.Unparen(x.X).(*ast.UnaryExpr)
		receives = receives && ast.Unparen(x.X).(*ast.UnaryExpr).Op == token.ARROW
		if !isCall && !receives || last && i == len(body.List)-1 && !(isCall && prints(call, info)) {
			show[s] = true
		}
	}
	return show
}

func isTuple(t types.Type) bool { tuple, ok := t.(*types.Tuple); return ok && tuple.Len() > 0 }

func prints(call *ast.CallExpr, info *types.Info) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	f, ok := info.Uses[sel.Sel].(*types.Func)
	return ok && f.Pkg() != nil && f.Pkg().Path() == "fmt" && (strings.HasPrefix(f.Name(), "Print") || strings.HasPrefix(f.Name(), "Fprint"))
}

// jump is the position of a goto outside of func literals.
func jump(body *ast.BlockStmt) (at token.Pos) {
	ast.Inspect(body, func(n ast.Node) bool {
		if b, ok := n.(*ast.BranchStmt); ok && b.Tok == token.GOTO && at == token.NoPos {
			at = b.Pos()
		}
		_, isFunc := n.(*ast.FuncLit)
		return !isFunc
	})
	return at
}
