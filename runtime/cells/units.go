package cells

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"

	"cogumi/runtime/script/check"
	"cogumi/runtime/script/mono"
)

// unit is one declaration that later pieces see: a func, a method, or a group of
// types, constants or variables.
type unit struct {
	decl  ast.Decl
	text  string
	piece string
	recv  string // the type's name, for a method
	names []string
	objs  []types.Object
	uses  map[types.Object]bool // of the session's own
}

// variables are not declared again with what they use: they keep their values.
func (u *unit) variables() bool {
	d, ok := u.decl.(*ast.GenDecl)
	return ok && d.Tok == token.VAR
}

func (u *unit) types() bool {
	d, ok := u.decl.(*ast.GenDecl)
	return ok && d.Tok == token.TYPE
}

// key is what a unit is known by: Area of a method Shape.Area.
func (u *unit) key() string {
	if u.recv != "" {
		return u.recv + "." + u.names[0]
	}
	return strings.Join(u.names, ", ")
}

// declare compiles declarations, with what depends on those they replace.
func (c *compilation) declare(seg segment) []check.Problem {
	file, problems := c.parse("", seg, "")
	if problems != nil {
		return problems
	}
	var fresh []*unit
	for i, d := range file.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.IMPORT {
			if problems := c.importAll(g); problems != nil {
				return problems
			}
			continue
		}
		u := &unit{decl: d, text: c.src[seg.chunks[i].start:seg.chunks[i].end], piece: c.name}
		u.named(d)
		for _, name := range u.names {
			c.declared[name] = u.recv == ""
		}
		if !c.s.same(u) {
			fresh = append(fresh, u)
		}
	}
	maps.DeleteFunc(c.declared, func(_ string, is bool) bool { return !is })
	return c.replace(fresh, map[types.Object]bool{})
}

func (u *unit) named(d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		u.names = []string{d.Name.Name}
		if d.Recv != nil && len(d.Recv.List) > 0 {
			u.recv = baseName(d.Recv.List[0].Type)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				u.names = append(u.names, s.Name.Name)
			case *ast.ValueSpec:
				for _, n := range s.Names {
					u.names = append(u.names, n.Name)
				}
			}
		}
	}
}

func baseName(e ast.Expr) string {
	switch x := ast.Unparen(e).(type) {
	case *ast.StarExpr:
		return baseName(x.X)
	case *ast.IndexExpr:
		return baseName(x.X)
	case *ast.IndexListExpr:
		return baseName(x.X)
	case *ast.Ident:
		return x.Name
	}
	return ""
}

// same says whether the declaration is there already, word for word.
func (s *Session) same(u *unit) bool {
	if u.variables() {
		return false
	}
	for _, old := range s.units {
		if old.text == u.text && old.key() == u.key() {
			return true
		}
	}
	return false
}

func (c *compilation) importAll(d *ast.GenDecl) []check.Problem {
	for _, s := range d.Specs {
		spec := s.(*ast.ImportSpec)
		path := strings.Trim(spec.Path.Value, "\"`")
		pkg, err := c.s.universe.Import(path)
		if err != nil {
			return []check.Problem{{Pos: c.s.position(spec.Path.Pos()), Kind: "type", Message: "import " + path + ": " + err.Error()}}
		}
		name := pkg.Name()
		if spec.Name != nil {
			name = spec.Name.Name
		}
		switch {
		case name == ".":
			return []check.Problem{{Pos: c.s.position(spec.Pos()), Kind: "unsupported", Message: "import ." + " is not available here", Hint: "write the package's name before what you use of it"}}
		case name == "_":
			continue
		case c.s.checks.Live()[name] != nil:
			return []check.Problem{{Pos: c.s.position(spec.Pos()), Kind: "type", Message: name + " is declared here already", Hint: "import it under another name"}}
		}
		c.s.imports[name] = path
	}
	return nil
}

// replace compiles fresh declarations together with what depends on the objects
// that go, and drops what does not fit any more.
func (c *compilation) replace(fresh []*unit, gone map[types.Object]bool) []check.Problem {
	group, gone := c.s.dependents(fresh, gone)
	if len(group) == 0 {
		return nil
	}
	var dropped []*unit
	for {
		kept, problems := c.compileUnits(group, dropped, len(fresh))
		if problems != nil {
			return problems
		}
		if len(kept) == len(group) {
			break
		}
		for _, u := range group {
			if !slices.Contains(kept, u) {
				dropped = append(dropped, u)
			}
		}
		group = kept
	}
	c.s.drop(dropped)
	c.forgetValues(gone, group)
	return nil
}

// drop forgets declarations, where nothing has taken their names.
func (s *Session) drop(units []*unit) {
	live := s.checks.Live()
	for _, u := range units {
		s.units = slices.DeleteFunc(s.units, func(o *unit) bool { return o == u })
		for _, obj := range u.objs {
			if live[obj.Name()] == obj {
				delete(live, obj.Name())
			}
		}
	}
}

// dependents is the fresh units and those that have to be compiled with them,
// and the objects that they replace.
func (s *Session) dependents(fresh []*unit, gone map[types.Object]bool) ([]*unit, map[types.Object]bool) {
	group := slices.Clone(fresh)
	keys := map[string]bool{}
	names := map[string]bool{}
	gone = maps.Clone(gone)
	note := func(u *unit) {
		keys[u.key()] = true
		for _, name := range u.names {
			if u.recv == "" {
				names[name] = true
				if old := s.checks.Live()[name]; old != nil {
					gone[old] = true
				}
			}
		}
	}
	for _, u := range fresh {
		note(u)
	}
	methodOf := func(name string) bool {
		return slices.ContainsFunc(group, func(u *unit) bool { return u.recv == name })
	}
	for again := true; again; {
		again = false
		for _, u := range s.units {
			if slices.Contains(group, u) || u.variables() || u.recv == "" && slices.ContainsFunc(u.names, func(n string) bool { return names[n] }) || keys[u.key()] {
				continue
			}
			needed := u.recv != "" && names[u.recv] || u.types() && slices.ContainsFunc(u.names, methodOf)
			for obj := range u.uses {
				needed = needed || gone[obj]
			}
			if needed {
				group = append(group, u)
				note(u)
				again = true
			}
		}
	}
	return group, gone
}

// compileUnits compiles a group of declarations, of which the first are new. When
// others of it are wrong it returns those that may still be right.
func (c *compilation) compileUnits(group, dropped []*unit, fresh int) (kept []*unit, problems []check.Problem) {
	hide := map[string]bool{}
	for _, u := range append(slices.Clone(group), dropped...) {
		for _, name := range u.names {
			if u.recv == "" {
				hide[name] = true
			}
		}
	}
	file := &ast.File{Name: &ast.Ident{Name: "main"}}
	for _, u := range group {
		file.Decls = append(file.Decls, u.decl)
	}
	if len(group) == 0 {
		return group, nil
	}
	file.Package = group[0].decl.Pos()
	file.Name.NamePos = file.Package
	file.FileStart, file.FileEnd = group[0].decl.Pos(), group[0].decl.End()
	c.imports(file, hide)
	wrong := map[*unit]string{}
	prog, problems := c.s.checks.Check(c.s.fset(), file, hide, func(e types.Error) bool {
		if strings.HasSuffix(e.Msg, " and not used") {
			return true
		}
		for _, u := range group[fresh:] {
			if u.decl.Pos() <= e.Pos && e.Pos < u.decl.End() {
				if wrong[u] == "" {
					wrong[u] = e.Msg
				}
				return true
			}
		}
		return false
	})
	if problems != nil {
		return nil, problems
	}
	if len(wrong) > 0 {
		for _, u := range group[fresh:] {
			if wrong[u] != "" {
				c.notes = append(c.notes, fmt.Sprintf("%s is gone, it does not fit any more: %s", u.key(), wrong[u]))
			}
		}
		return slices.DeleteFunc(slices.Clone(group), func(u *unit) bool { return wrong[u] != "" }), nil
	}
	c.noteUses(prog)
	c.s.capture(prog)
	st := &step{done: c.recordVars(group[:fresh], prog)}
	if problems := c.finish(&mono.Piece{Prog: prog, Shower: c.s.shower}, st); problems != nil {
		return nil, problems
	}
	c.s.keep(prog, group, hide)
	return group, nil
}

// recordVars keeps the variables among fresh declarations, for Script: their
// values came in the order in which they need each other.
func (c *compilation) recordVars(fresh []*unit, prog *check.Program) *done {
	specs := map[types.Object]*ast.ValueSpec{}
	vars := map[*types.Var]*types.Var{}
	var stmts []ast.Stmt
	add := func(spec *ast.ValueSpec) {
		stmts = append(stmts, &ast.DeclStmt{Decl: &ast.GenDecl{TokPos: spec.Pos(), Tok: token.VAR, Specs: []ast.Spec{spec}}})
	}
	for _, u := range fresh {
		if !u.variables() {
			continue
		}
		for _, s := range u.decl.(*ast.GenDecl).Specs {
			spec := s.(*ast.ValueSpec)
			for _, id := range spec.Names {
				if v, ok := prog.Info.Defs[id].(*types.Var); ok {
					specs[v], vars[v] = spec, v
				}
			}
			if len(spec.Values) == 0 {
				add(spec)
			}
		}
	}
	added := map[*ast.ValueSpec]bool{}
	for _, init := range prog.Info.InitOrder {
		if spec := specs[init.Lhs[0]]; spec != nil && !added[spec] {
			added[spec] = true
			add(spec)
		}
	}
	return c.record(stmts, prog.Info, nil, vars)
}

// keep makes a compiled group what later pieces see.
func (s *Session) keep(prog *check.Program, group []*unit, hide map[string]bool) {
	live := s.checks.Live()
	keys := map[string]bool{}
	for i, u := range group {
		n := *u
		n.uses, n.objs = map[types.Object]bool{}, nil
		ast.Inspect(u.decl, func(x ast.Node) bool {
			id, ok := x.(*ast.Ident)
			if !ok {
				return true
			}
			if obj := prog.Info.Uses[id]; obj != nil && obj.Pkg() == prog.Pkg && obj.Parent() == prog.Pkg.Scope() {
				n.uses[obj] = true
			}
			if obj := prog.Info.Defs[id]; obj != nil && obj.Parent() == prog.Pkg.Scope() {
				n.objs = append(n.objs, obj)
			}
			return true
		})
		keys[n.key()] = true
		group[i] = &n
	}
	s.units = slices.DeleteFunc(s.units, func(u *unit) bool {
		return keys[u.key()] || u.recv == "" && slices.ContainsFunc(u.names, func(n string) bool { return hide[n] }) || u.recv != "" && hide[u.recv]
	})
	for name := range hide {
		delete(live, name)
	}
	for _, u := range group {
		s.units = append(s.units, u)
		for _, obj := range u.objs {
			if obj.Name() != "_" && obj.Name() != "init" {
				live[obj.Name()] = obj
			}
		}
	}
}

// forgetValues takes variables of types that are no more out of sight.
func (c *compilation) forgetValues(gone map[types.Object]bool, group []*unit) {
	old := map[types.Object]bool{}
	for obj := range gone {
		if _, ok := obj.(*types.TypeName); ok {
			old[obj] = true
		}
	}
	if len(old) == 0 {
		return
	}
	live := c.s.checks.Live()
	for _, name := range slices.Sorted(maps.Keys(live)) {
		if v, ok := live[name].(*types.Var); ok && mentions(v.Type(), old, map[types.Type]bool{}) {
			delete(live, name)
			c.s.units = slices.DeleteFunc(c.s.units, func(u *unit) bool { return u.variables() && slices.Contains(u.names, name) })
			c.notes = append(c.notes, fmt.Sprintf("%s is gone: it was of a type that is declared anew (%s); make it again", name, types.TypeString(v.Type(), brief)))
		}
	}
}

// brief writes no package before the session's own names.
func brief(p *types.Package) string {
	if p.Path() == "main" {
		return ""
	}
	return p.Name()
}

// mentions says whether a type is made of one of those.
func mentions(t types.Type, of map[types.Object]bool, seen map[types.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	in := func(t types.Type) bool { return mentions(t, of, seen) }
	switch t := t.(type) {
	case *types.Alias:
		return of[t.Obj()] || in(types.Unalias(t))
	case *types.Named:
		for i := range t.TypeArgs().Len() {
			if in(t.TypeArgs().At(i)) {
				return true
			}
		}
		return of[t.Obj()] || of[t.Origin().Obj()] || t.Obj().Pkg() != nil && t.Obj().Pkg().Path() == "main" && in(t.Underlying())
	case *types.Pointer:
		return in(t.Elem())
	case *types.Slice:
		return in(t.Elem())
	case *types.Array:
		return in(t.Elem())
	case *types.Chan:
		return in(t.Elem())
	case *types.Map:
		return in(t.Key()) || in(t.Elem())
	case *types.Struct:
		for i := range t.NumFields() {
			if in(t.Field(i).Type()) {
				return true
			}
		}
	case *types.Interface:
		for i := range t.NumMethods() {
			if in(t.Method(i).Type()) {
				return true
			}
		}
	case *types.Tuple:
		for i := range t.Len() {
			if in(t.At(i).Type()) {
				return true
			}
		}
	case *types.Signature:
		return in(t.Params()) || in(t.Results())
	}
	return false
}

// noteUses records which names of former pieces a piece uses.
func (c *compilation) noteUses(prog *check.Program) {
	for _, obj := range prog.Info.Uses {
		if obj.Pkg() == prog.Pkg && obj.Parent() == prog.Pkg.Scope() && c.s.checks.Live()[obj.Name()] == obj && !c.declared[obj.Name()] {
			c.used[obj.Name()] = true
		}
	}
}

// capture notes which variables closures and pointers hold: declared again they
// must be other variables.
func (s *Session) capture(prog *check.Program) {
	info := prog.Info
	hold := func(e ast.Expr) {
		if id := root(e, info); id != nil {
			s.captured[info.ObjectOf(id)] = true
		}
	}
	var visit func(n ast.Node, within bool)
	visit = func(n ast.Node, within bool) {
		ast.Inspect(n, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.FuncLit:
				visit(x.Body, true)
				return false
			case *ast.Ident:
				if v, ok := info.Uses[x].(*types.Var); ok && within && !v.IsField() {
					s.captured[v] = true
				}
			case *ast.UnaryExpr:
				if x.Op == token.AND {
					hold(x.X)
				}
			case *ast.SliceExpr:
				if t := info.TypeOf(x.X); t != nil {
					if _, isArray := t.Underlying().(*types.Array); isArray {
						hold(x.X)
					}
				}
			case *ast.SelectorExpr:
				if sel := info.Selections[x]; sel != nil && sel.Kind() == types.MethodVal {
					hold(x.X)
				}
			}
			return true
		})
	}
	for _, d := range prog.File.Decls {
		visit(d, false)
	}
}

// root is the variable that a place is part of; nil behind a pointer or slice.
func root(e ast.Expr, info *types.Info) *ast.Ident {
	switch x := ast.Unparen(e).(type) {
	case *ast.Ident:
		return x
	case *ast.SelectorExpr:
		if t := info.TypeOf(x.X); t != nil {
			if _, isPtr := t.Underlying().(*types.Pointer); !isPtr && info.Selections[x] != nil {
				return root(x.X, info)
			}
		}
	case *ast.IndexExpr:
		if t := info.TypeOf(x.X); t != nil {
			if _, isArray := t.Underlying().(*types.Array); isArray {
				return root(x.X, info)
			}
		}
	}
	return nil
}
