package mono

import (
	"go/ast"
	"go/token"
	"go/types"
	"reflect"
)

// copier copies declarations of one unit, for one choice of type arguments.
type copier struct {
	f     *flattener
	u     *unit
	env   map[*types.TypeParam]ast.Expr
	names map[types.Object]string // locals
	// switches names the variables of type switches.
	switches map[*ast.Ident]string
	at       token.Pos // position for nodes that have none of their own
}

func (f *flattener) copier(u *unit, env map[*types.TypeParam]ast.Expr) *copier {
	return &copier{f: f, u: u, env: env, names: map[types.Object]string{}, switches: map[*ast.Ident]string{}}
}

func (c *copier) decl(d *ast.FuncDecl) *ast.FuncDecl {
	n := *d
	n.Doc = nil
	n.Name = &ast.Ident{NamePos: d.Name.NamePos, Name: d.Name.Name}
	if d.Recv != nil {
		n.Recv = c.node(d.Recv).(*ast.FieldList)
	}
	n.Type = c.node(d.Type).(*ast.FuncType)
	n.Body = c.node(d.Body).(*ast.BlockStmt)
	return &n
}

func (c *copier) expr(e ast.Expr) ast.Expr { return c.node(e).(ast.Expr) }

// node copies a tree and rewrites names in it.
func (c *copier) node(n ast.Node) ast.Node {
	if n == nil || reflect.ValueOf(n).IsNil() {
		return n
	}
	switch x := n.(type) {
	case *ast.Ident:
		return c.ident(x)
	case *ast.SelectorExpr:
		return c.selector(x)
	case *ast.IndexExpr:
		if c.instance(x.X) {
			return c.node(x.X)
		}
	case *ast.IndexListExpr:
		if c.instance(x.X) {
			return c.node(x.X)
		}
	case *ast.TypeSwitchStmt:
		c.typeSwitch(x)
	case *ast.BlockStmt:
		return c.block(x)
	case *ast.CaseClause:
		y := *x
		y.List = copyList(c, x.List)
		y.Body = c.stmts(x.Body)
		return &y
	case *ast.CommClause:
		y := *x
		if x.Comm != nil {
			y.Comm = c.node(x.Comm).(ast.Stmt)
		}
		y.Body = c.stmts(x.Body)
		return &y
	case *ast.LabeledStmt, *ast.BranchStmt:
		return c.labels(n)
	case *ast.FuncType:
		if x.TypeParams != nil {
			y := *x
			y.TypeParams = nil
			return c.fields(&y)
		}
	case *ast.CommentGroup:
		return (*ast.CommentGroup)(nil)
	case *ast.KeyValueExpr:
		return &ast.KeyValueExpr{Key: c.expr(x.Key), Colon: x.Colon, Value: c.expr(x.Value)}
	}
	return c.fields(n)
}

// fields copies a node of any type field by field.
func (c *copier) fields(n ast.Node) ast.Node {
	old := reflect.ValueOf(n).Elem()
	dup := reflect.New(old.Type())
	dup.Elem().Set(old)
	for i := range old.NumField() {
		c.field(dup.Elem().Field(i))
	}
	return dup.Interface().(ast.Node)
}

func (c *copier) field(v reflect.Value) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return
		}
		if n, ok := v.Interface().(ast.Node); ok {
			r := reflect.ValueOf(c.node(n))
			if r.Kind() == reflect.Pointer && r.IsNil() {
				v.SetZero()
				return
			}
			v.Set(r)
		}
	case reflect.Slice:
		if v.IsNil() || !v.Type().Elem().Implements(reflect.TypeFor[ast.Node]()) {
			return
		}
		list := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(list, v)
		for i := range list.Len() {
			c.field(list.Index(i))
		}
		v.Set(list)
	}
}

func copyList(c *copier, list []ast.Expr) []ast.Expr {
	var out []ast.Expr
	for _, e := range list {
		out = append(out, c.expr(e))
	}
	return out
}

func (c *copier) block(b *ast.BlockStmt) *ast.BlockStmt {
	y := *b
	y.List = c.stmts(b.List)
	return &y
}

// stmts copies a list; declarations of local types move to package level first,
// so that a type may be used by the one before it only as Go allows.
func (c *copier) stmts(list []ast.Stmt) []ast.Stmt {
	out := []ast.Stmt{}
	for _, s := range list {
		if d, ok := s.(*ast.DeclStmt); ok && d.Decl.(*ast.GenDecl).Tok == token.TYPE {
			for _, spec := range d.Decl.(*ast.GenDecl).Specs {
				c.hoist(spec.(*ast.TypeSpec))
			}
			continue
		}
		out = append(out, c.node(s).(ast.Stmt))
	}
	return out
}

func (c *copier) hoist(s *ast.TypeSpec) {
	obj := c.u.info.Defs[s.Name]
	if s.TypeParams != nil {
		c.f.reject(s, "generic type "+s.Name.Name+" inside a function", "declare it at package level")
		return
	}
	if s.Name.Name == "_" {
		return
	}
	name := c.f.fresh(s.Name.Name)
	c.names[obj] = name
	if c.env == nil {
		c.f.locals[obj] = name
	}
	if name != s.Name.Name {
		c.f.display[name] = s.Name.Name
	}
	spec := &ast.TypeSpec{Name: &ast.Ident{NamePos: s.Name.Pos(), Name: name}, Assign: s.Assign, Type: c.expr(s.Type)}
	c.f.out = append(c.f.out, &ast.GenDecl{TokPos: s.Pos(), Tok: token.TYPE, Specs: []ast.Spec{spec}})
}

// labels get names of their own too: the interpreter keeps them by name.
func (c *copier) labels(n ast.Node) ast.Node {
	rename := func(id *ast.Ident) *ast.Ident {
		if id == nil {
			return nil
		}
		obj := c.u.info.Defs[id]
		if obj == nil {
			obj = c.u.info.Uses[id]
		}
		return &ast.Ident{NamePos: id.NamePos, Name: c.localName(obj)}
	}
	switch x := n.(type) {
	case *ast.LabeledStmt:
		stmt := x.Stmt
		if d, ok := stmt.(*ast.DeclStmt); ok && d.Decl.(*ast.GenDecl).Tok == token.TYPE {
			c.stmts([]ast.Stmt{stmt})
			stmt = &ast.EmptyStmt{Semicolon: x.Colon}
		}
		return &ast.LabeledStmt{Label: rename(x.Label), Colon: x.Colon, Stmt: c.node(stmt).(ast.Stmt)}
	case *ast.BranchStmt:
		return &ast.BranchStmt{TokPos: x.TokPos, Tok: x.Tok, Label: rename(x.Label)}
	}
	return n
}
