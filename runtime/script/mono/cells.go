package mono

import (
	"go/ast"
	"go/token"
	"go/types"
	"maps"

	"cogumi/runtime/script/check"
)

// Cells flattens the pieces of one program that grows: instances made for one
// piece serve the later ones, and what is declared again gets another name.
type Cells struct{ f *flattener }

// NewCells starts a program.
func NewCells() *Cells {
	f := &flattener{names: map[string]string{}, taken: map[string]bool{"main": true, "init": true}, imports: map[string]string{},
		display: map[string]string{}, decls: map[types.Object]*decl{}, locals: map[types.Object]string{}, foreign: map[ast.Decl]bool{},
		globals: map[types.Object]string{}}
	for _, name := range types.Universe.Names() {
		f.taken[name] = true
	}
	return &Cells{f}
}

// Piece is what is flattened at a time.
type Piece struct {
	Prog *check.Program
	// Body is the function that holds the piece's statements; nil without any.
	Body *ast.FuncDecl
	// Vars are the variables that the statements declare for later pieces: the
	// body's own → the ones that later pieces see. Those with a name keep it: they
	// live on in the place of a former variable.
	Vars map[*types.Var]*types.Var
	// Show are the statements whose values are shown, by Shower.Show. Shower also
	// takes what is deferred (Defer) and is told of a return (Leave).
	Show    map[ast.Stmt]bool
	Shower  *types.Package
	Created []*types.Var // those of Vars that are declared anew, in order

	Start string // set by Flatten: what Body is called in the flattened program
}

// Display is how Go writes the names of generated types; it grows with the program.
func (c *Cells) Display() map[string]string { return c.f.display }

// Checkpoint gives a function that forgets what was flattened since.
func (c *Cells) Checkpoint() (undo func()) {
	names, globals := maps.Clone(c.f.names), maps.Clone(c.f.globals)
	return func() { c.f.names, c.f.globals = names, globals }
}

// Name is the name of an object in the flattened program, "" when it has none.
func (c *Cells) Name(obj types.Object) string { return c.f.globals[obj] }

// SetName lets an object stand for one that is there.
func (c *Cells) SetName(obj types.Object, name string) { c.f.globals[obj] = name }

// Flatten instantiates the generics of a piece and names what it declares.
func (c *Cells) Flatten(p *Piece) (*Result, []check.Problem) {
	f := c.f
	f.prog, f.problems, f.out, f.queue = p.Prog, nil, nil, nil
	f.imports, f.foreign = map[string]string{}, map[ast.Decl]bool{}
	u := &unit{pkg: p.Prog.Pkg, info: p.Prog.Info, file: p.Prog.File, script: true}
	f.index(u)
	for id, obj := range u.info.Defs {
		if obj != nil && obj.Parent() == u.pkg.Scope() && id.Name != "_" && id.Name != "init" {
			f.declare(obj)
		}
	}
	for _, v := range p.Created {
		f.declare(v)
	}
	for _, d := range u.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d == p.Body {
				f.cellBody(u, p)
			} else {
				f.scriptFunc(u, d)
			}
		case *ast.GenDecl:
			if d.Tok != token.IMPORT {
				f.scriptDecl(u, d)
			}
		}
	}
	return f.result()
}

// declare names a package-level object.
func (f *flattener) declare(obj types.Object) {
	if f.globals[obj] != "" {
		return
	}
	name := f.fresh(obj.Name())
	f.globals[obj] = name
	if _, isType := obj.(*types.TypeName); isType && name != obj.Name() {
		f.display[name] = obj.Name()
	}
}

// cellBody copies the piece's statements; their variables become the package's.
func (f *flattener) cellBody(u *unit, p *Piece) {
	c := f.copier(u, nil)
	c.at = p.Body.Pos()
	for _, v := range p.Created {
		f.out = append(f.out, &ast.GenDecl{TokPos: v.Pos(), Tok: token.VAR, Specs: []ast.Spec{
			&ast.ValueSpec{Names: []*ast.Ident{{NamePos: v.Pos(), Name: f.globals[v]}}, Type: rePos(c.typeExpr(v.Type()), v.Pos())}}})
	}
	for inner, outer := range p.Vars {
		c.names[inner] = f.globals[outer]
	}
	fn := c.decl(p.Body)
	f.ending(c, fn.Body, p.Body.Body, p)
	list := []ast.Stmt{}
	for i, s := range fn.Body.List {
		list = append(list, f.topLevel(s, p.Show[p.Body.Body.List[i]], p)...)
	}
	fn.Body.List = list
	p.Start = f.globals[u.info.Defs[p.Body.Name]]
	fn.Name.Name = p.Start
	f.out = append(f.out, fn)
}

func (f *flattener) topLevel(s ast.Stmt, show bool, p *Piece) []ast.Stmt {
	switch s := s.(type) {
	case *ast.LabeledStmt:
		list := f.topLevel(s.Stmt, show, p)
		if len(list) == 0 {
			list = []ast.Stmt{&ast.EmptyStmt{Semicolon: s.Colon}}
		}
		s.Stmt = list[0]
		return append([]ast.Stmt{s}, list[1:]...)
	case *ast.AssignStmt:
		if s.Tok == token.DEFINE {
			s.Tok = token.ASSIGN
		}
	case *ast.ExprStmt:
		if show {
			at := s.Pos()
			s.X = &ast.CallExpr{Fun: &ast.SelectorExpr{X: &ast.Ident{NamePos: at, Name: f.use(p.Shower)}, Sel: &ast.Ident{NamePos: at, Name: "Show"}},
				Lparen: at, Args: []ast.Expr{s.X}, Rparen: s.End()}
		}
	case *ast.DeclStmt:
		if d := s.Decl.(*ast.GenDecl); d.Tok == token.VAR {
			return assigned(d)
		}
	}
	return []ast.Stmt{s}
}

// assigned is a var declaration as assignments to variables that are there.
func assigned(d *ast.GenDecl) []ast.Stmt {
	var list []ast.Stmt
	for _, spec := range d.Specs {
		v := spec.(*ast.ValueSpec)
		a := &ast.AssignStmt{TokPos: v.Pos(), Tok: token.ASSIGN, Rhs: v.Values}
		for _, n := range v.Names {
			a.Lhs = append(a.Lhs, n)
			if len(v.Values) == 0 {
				zero := &ast.CallExpr{Fun: &ast.Ident{NamePos: n.Pos(), Name: "new"}, Lparen: n.Pos(), Args: []ast.Expr{rePos(v.Type, n.Pos())}, Rparen: n.Pos()}
				a.Rhs = append(a.Rhs, &ast.StarExpr{Star: n.Pos(), X: zero})
			}
		}
		list = append(list, a)
	}
	return list
}

// own is the name of a package-level object of the script.
func (f *flattener) own(obj types.Object) string {
	if name := f.globals[obj]; name != "" {
		return name
	}
	return obj.Name()
}
