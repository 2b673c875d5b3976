package mono

import (
	"go/ast"
	"go/types"
)

func (c *copier) objectOf(id *ast.Ident) types.Object {
	if o := c.u.info.Uses[id]; o != nil {
		return o
	}
	return c.u.info.Defs[id]
}

// instance says whether the expression names a generic function or type with
// type arguments, written out or inferred.
func (c *copier) instance(e ast.Expr) bool {
	id := lastIdent(e)
	if id == nil {
		return false
	}
	_, ok := c.u.info.Instances[id]
	return ok
}

func lastIdent(e ast.Expr) *ast.Ident {
	switch x := e.(type) {
	case *ast.Ident:
		return x
	case *ast.SelectorExpr:
		return x.Sel
	case *ast.ParenExpr:
		return lastIdent(x.X)
	}
	return nil
}

func (c *copier) ident(id *ast.Ident) ast.Node {
	named := func(name string) ast.Expr { return &ast.Ident{NamePos: id.NamePos, Name: name} }
	obj := c.objectOf(id)
	if inst, ok := c.u.info.Instances[id]; ok {
		return c.at1(id).instanceName(obj, inst.TypeArgs)
	}
	switch o := obj.(type) {
	case nil, *types.Builtin, *types.Nil:
		return named(c.symbolic(id))
	case *types.Var:
		if o.IsField() {
			return c.fieldName(id, o)
		}
	case *types.TypeName:
		if tp, ok := o.Type().(*types.TypeParam); ok {
			return rePos(c.param(tp), id.Pos())
		}
	case *types.PkgName:
		return named(c.f.use(o.Imported()))
	}
	if obj.Parent() == types.Universe || obj.Pkg() == nil {
		return named(id.Name)
	}
	if obj.Parent() == obj.Pkg().Scope() {
		return named(c.global(obj))
	}
	if fn, ok := obj.(*types.Func); ok && fn.Signature().Recv() != nil {
		return named(id.Name) // a method's name
	}
	return named(c.localName(obj))
}

// symbolic is the variable of a type switch: it has an object per clause only.
func (c *copier) symbolic(id *ast.Ident) string {
	if name := c.switches[id]; name != "" {
		return name
	}
	return id.Name
}

// fieldName keeps a field's name; an embedded field is named by its type, and
// follows it when the type was renamed.
func (c *copier) fieldName(id *ast.Ident, v *types.Var) ast.Node {
	if !v.Embedded() {
		return &ast.Ident{NamePos: id.NamePos, Name: id.Name}
	}
	if tn, ok := c.u.info.Uses[id].(*types.TypeName); ok {
		return c.global1(id, tn)
	}
	t := v.Type()
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	n, ok := types.Unalias(t).(*types.Named)
	if ok && n.TypeArgs().Len() > 0 {
		return c.at1(id).instanceName(n.Origin().Obj(), n.TypeArgs()).(*ast.Ident)
	}
	if ok && n.Obj().Pkg() == c.u.pkg && n.Obj().Parent() != c.u.pkg.Scope() {
		return &ast.Ident{NamePos: id.NamePos, Name: c.localName(n.Obj())}
	}
	if ok && n.Obj().Pkg() == c.f.prog.Pkg {
		return &ast.Ident{NamePos: id.NamePos, Name: c.f.own(n.Obj())}
	}
	return &ast.Ident{NamePos: id.NamePos, Name: id.Name}
}

func (c *copier) global1(id *ast.Ident, obj types.Object) ast.Node {
	if obj.Pkg() == nil || obj.Parent() == types.Universe {
		return &ast.Ident{NamePos: id.NamePos, Name: id.Name}
	}
	if obj.Parent() == obj.Pkg().Scope() {
		return &ast.Ident{NamePos: id.NamePos, Name: c.global(obj)}
	}
	return &ast.Ident{NamePos: id.NamePos, Name: c.localName(obj)}
}

// global is the name of a package-level object of a unit: the script's own keep
// theirs, those of source packages are emitted on first use.
func (c *copier) global(obj types.Object) string {
	if obj.Pkg() == c.f.prog.Pkg {
		return c.f.own(obj)
	}
	return c.f.plain(obj)
}

// localName gives each local object a name that is unique in the whole file.
func (c *copier) localName(obj types.Object) string {
	if obj == nil {
		return "_"
	}
	if obj.Name() == "_" {
		return "_"
	}
	if name := c.names[obj]; name != "" {
		return name
	}
	if name := c.f.locals[obj]; name != "" {
		return name
	}
	name := c.f.fresh(obj.Name())
	c.names[obj] = name
	return name
}

// typeSwitch names the variable of `switch x := v.(type)`: one name for the
// clauses' implicit objects, which are different objects.
func (c *copier) typeSwitch(s *ast.TypeSwitchStmt) {
	a, ok := s.Assign.(*ast.AssignStmt)
	if !ok {
		return
	}
	id := a.Lhs[0].(*ast.Ident)
	name := c.f.fresh(id.Name)
	for _, clause := range s.Body.List {
		if obj := c.u.info.Implicits[clause]; obj != nil {
			c.names[obj] = name
		}
	}
	c.switches[id] = name
}

func (c *copier) selector(x *ast.SelectorExpr) ast.Node {
	if id, ok := x.X.(*ast.Ident); ok {
		if pkg, ok := c.u.info.Uses[id].(*types.PkgName); ok {
			return c.qualified(x, pkg)
		}
	}
	sel := &ast.Ident{NamePos: x.Sel.NamePos, Name: x.Sel.Name}
	if s := c.u.info.Selections[x]; s != nil && s.Kind() == types.FieldVal {
		sel = c.fieldName(x.Sel, s.Obj().(*types.Var)).(*ast.Ident)
	}
	return &ast.SelectorExpr{X: c.expr(x.X), Sel: sel}
}

func (c *copier) qualified(x *ast.SelectorExpr, pkg *types.PkgName) ast.Node {
	obj := c.u.info.Uses[x.Sel]
	if inst, ok := c.u.info.Instances[x.Sel]; ok {
		return c.at1(x).instanceName(obj, inst.TypeArgs)
	}
	if c.f.prog.Universe.SourceOf(pkg.Imported().Path()) != nil {
		return &ast.Ident{NamePos: x.Pos(), Name: c.f.plain(obj)}
	}
	return &ast.SelectorExpr{
		X:   &ast.Ident{NamePos: x.X.Pos(), Name: c.f.use(pkg.Imported())},
		Sel: &ast.Ident{NamePos: x.Sel.NamePos, Name: x.Sel.Name},
	}
}
