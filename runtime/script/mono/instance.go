package mono

import (
	"fmt"
	"go/ast"
	"go/printer"
	"go/token"
	"go/types"
	"reflect"
	"strconv"
	"strings"
)

func (c *copier) at1(n ast.Node) *copier { c.at = n.Pos(); return c }

func (c *copier) param(tp *types.TypeParam) ast.Expr {
	if e := c.env[tp]; e != nil {
		return e
	}
	return &ast.Ident{Name: tp.Obj().Name()}
}

// instanceName is the name of a generic object with type arguments; the
// instance is emitted when it is first asked for.
func (c *copier) instanceName(obj types.Object, args *types.TypeList) ast.Expr {
	at := c.at
	exprs := make([]ast.Expr, args.Len())
	for i := range args.Len() {
		exprs[i] = c.typeExpr(args.At(i))
	}
	return &ast.Ident{NamePos: at, Name: c.f.instantiate(obj, exprs)}
}

// maxInstances ends scripts whose instances beget instances without end.
const maxInstances = 2000

// source is a type expression in full; types.ExprString leaves out struct tags.
func source(e ast.Expr) string {
	var b strings.Builder
	if err := printer.Fprint(&b, token.NewFileSet(), e); err != nil {
		return types.ExprString(e)
	}
	return b.String()
}

func (f *flattener) instantiate(obj types.Object, args []ast.Expr) string {
	parts := make([]string, len(args))
	for i, a := range args {
		parts[i] = source(a)
	}
	key := fmt.Sprintf("%p[%s]", obj, strings.Join(parts, ","))
	if name := f.names[key]; name != "" {
		return name
	}
	d := f.decls[obj]
	if d == nil {
		f.load(obj.Pkg())
		d = f.decls[obj]
	}
	if d == nil || len(f.names) > maxInstances {
		f.problems = append(f.problems, problemAt(f, obj, "too many or unknown instances of "+obj.Name()))
		return obj.Name()
	}
	base := obj.Name()
	if !d.unit.script {
		base = d.unit.pkg.Name() + Dot + base
	}
	name := f.fresh(base + Dot + identifier(parts))
	f.names[key] = name
	f.queue = append(f.queue, func() { f.emit(d, obj, name, args) })
	if d.typ != nil {
		f.display[name] = obj.Name() + "[" + strings.Join(f.displayed(parts), ",") + "]"
	}
	return name
}

// displayed writes type arguments as Go does inside a type's name.
func (f *flattener) displayed(parts []string) []string {
	out := make([]string, len(parts))
	for i, p := range parts {
		out[i] = p
		if s := f.display[p]; s != "" {
			out[i] = "main." + s
		} else if obj := f.prog.Pkg.Scope().Lookup(p); obj != nil {
			out[i] = "main." + p
		}
	}
	return out
}

// plain is the name of a source package's object that is not generic.
func (f *flattener) plain(obj types.Object) string {
	key := fmt.Sprintf("%p", obj)
	if name := f.names[key]; name != "" {
		return name
	}
	if f.decls[obj] == nil {
		f.load(obj.Pkg())
	}
	d := f.decls[obj]
	if d == nil {
		f.problems = append(f.problems, problemAt(f, obj, obj.Pkg().Name()+"."+obj.Name()+" is not available to scripts"))
		return obj.Name()
	}
	name := f.fresh(obj.Pkg().Name() + Dot + obj.Name())
	f.names[key] = name
	f.queue = append(f.queue, func() { f.emit(d, obj, name, nil) })
	return name
}

func (f *flattener) load(pkg *types.Package) {
	src := f.prog.Universe.SourceOf(pkg.Path())
	if src == nil {
		return
	}
	f.index(&unit{pkg: src.Pkg, info: src.Info, file: src.File})
}

// emit writes one instance of a declaration.
func (f *flattener) emit(d *decl, obj types.Object, name string, args []ast.Expr) {
	if d.fn != nil {
		c := f.copier(d.unit, bind(obj.(*types.Func).Signature().TypeParams(), args))
		fn := c.decl(d.fn)
		fn.Name = &ast.Ident{NamePos: d.fn.Name.Pos(), Name: name}
		f.append(d, fn)
		return
	}
	var env map[*types.TypeParam]ast.Expr
	switch t := obj.Type().(type) {
	case *types.Named:
		env = bind(t.TypeParams(), args)
	case *types.Alias:
		env = bind(t.TypeParams(), args)
	}
	c := f.copier(d.unit, env)
	spec := &ast.TypeSpec{Name: &ast.Ident{NamePos: d.typ.Name.Pos(), Name: name}, Assign: d.typ.Assign, Type: c.expr(d.typ.Type)}
	f.append(d, &ast.GenDecl{TokPos: d.typ.Pos(), Tok: token.TYPE, Specs: []ast.Spec{spec}})
	for _, m := range d.methods {
		f.method(d, m, name, args)
	}
}

func (f *flattener) method(d *decl, m *ast.FuncDecl, name string, args []ast.Expr) {
	sig := d.unit.info.Defs[m.Name].(*types.Func).Signature()
	c := f.copier(d.unit, bind(sig.RecvTypeParams(), args))
	fn := *m
	fn.Doc = nil
	fn.Name = &ast.Ident{NamePos: m.Name.Pos(), Name: m.Name.Name}
	fn.Type = c.node(m.Type).(*ast.FuncType)
	recv := &ast.Field{Type: &ast.Ident{NamePos: m.Recv.Pos(), Name: name}}
	if _, ok := types.Unalias(sig.Recv().Type()).(*types.Pointer); ok {
		recv.Type = &ast.StarExpr{Star: m.Recv.Pos(), X: recv.Type}
	}
	if n := m.Recv.List[0].Names; len(n) > 0 {
		recv.Names = []*ast.Ident{c.node(n[0]).(*ast.Ident)}
	}
	fn.Recv = &ast.FieldList{Opening: m.Recv.Opening, List: []*ast.Field{recv}, Closing: m.Recv.Closing}
	fn.Body = c.node(m.Body).(*ast.BlockStmt)
	f.append(d, &fn)
}

// append adds a declaration. A source package's positions belong to another
// file set: they are good for the order of declarations in it, not for messages.
func (f *flattener) append(d *decl, n ast.Decl) {
	if !d.unit.script {
		f.foreign[n] = true
	}
	f.out = append(f.out, n)
}

func bind(params *types.TypeParamList, args []ast.Expr) map[*types.TypeParam]ast.Expr {
	env := map[*types.TypeParam]ast.Expr{}
	for i := range params.Len() {
		env[params.At(i)] = args[i]
	}
	return env
}

// identifier makes part of a name out of type expressions.
func identifier(parts []string) string {
	s := strings.Join(parts, Dot)
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '*':
			b.WriteString("ptr")
		case r == '[':
			b.WriteString("of")
		case r == '_' || r == []rune(Dot)[0] || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
			b.WriteRune(r)
		}
	}
	if b.Len() > 40 {
		return strconv.Itoa(len(s))
	}
	return b.String()
}

// rePos is a copy of a type expression at another position.
func rePos(e ast.Expr, pos token.Pos) ast.Expr {
	dup := duplicate(reflect.ValueOf(e)).Interface().(ast.Expr)
	ast.Inspect(dup, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			id.NamePos = pos
		}
		return true
	})
	return dup
}

func duplicate(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Interface:
		if v.IsNil() {
			return v
		}
		r := reflect.New(v.Type()).Elem()
		r.Set(duplicate(v.Elem()))
		return r
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		r := reflect.New(v.Type().Elem())
		r.Elem().Set(duplicate(v.Elem()))
		return r
	case reflect.Struct:
		r := reflect.New(v.Type()).Elem()
		for i := range v.NumField() {
			r.Field(i).Set(duplicate(v.Field(i)))
		}
		return r
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		r := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			r.Index(i).Set(duplicate(v.Index(i)))
		}
		return r
	}
	return v
}
