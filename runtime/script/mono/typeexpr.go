package mono

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strconv"

	"cogumi/runtime/script/check"
)

// typeExpr writes a type so that the flattened file can declare it.
func (c *copier) typeExpr(t types.Type) ast.Expr {
	switch t := types.Unalias(t).(type) {
	case *types.Basic:
		return ast.NewIdent(t.Name())
	case *types.TypeParam:
		return rePos(c.param(t), c.at)
	case *types.Named:
		return c.namedExpr(t)
	case *types.Pointer:
		return &ast.StarExpr{X: c.typeExpr(t.Elem())}
	case *types.Slice:
		return &ast.ArrayType{Elt: c.typeExpr(t.Elem())}
	case *types.Array:
		return &ast.ArrayType{Len: &ast.BasicLit{Kind: token.INT, Value: strconv.FormatInt(t.Len(), 10)}, Elt: c.typeExpr(t.Elem())}
	case *types.Map:
		return &ast.MapType{Key: c.typeExpr(t.Key()), Value: c.typeExpr(t.Elem())}
	case *types.Chan:
		dir := map[types.ChanDir]ast.ChanDir{types.SendRecv: ast.SEND | ast.RECV, types.SendOnly: ast.SEND, types.RecvOnly: ast.RECV}
		return &ast.ChanType{Dir: dir[t.Dir()], Value: c.typeExpr(t.Elem())}
	case *types.Signature:
		return c.funcExpr(t)
	case *types.Interface:
		return c.interfaceExpr(t)
	case *types.Struct:
		return c.structExpr(t)
	}
	panic(fmt.Sprintf("type expression of %T", t))
}

func (c *copier) namedExpr(t *types.Named) ast.Expr {
	obj := t.Obj()
	if t.TypeArgs().Len() > 0 {
		return c.instanceName(t.Origin().Obj(), t.TypeArgs())
	}
	if obj.Pkg() == nil {
		return ast.NewIdent(obj.Name())
	}
	if obj.Pkg() == c.f.prog.Pkg {
		if obj.Parent() == obj.Pkg().Scope() {
			return ast.NewIdent(c.f.own(obj))
		}
		return ast.NewIdent(c.localName(obj))
	}
	if c.f.prog.Universe.SourceOf(obj.Pkg().Path()) != nil {
		return ast.NewIdent(c.f.plain(obj))
	}
	if !obj.Exported() {
		c.f.problems = append(c.f.problems, problemAt(c.f, obj, "type "+obj.Pkg().Name()+"."+obj.Name()+" is not exported and cannot be a type argument"))
	}
	return &ast.SelectorExpr{X: ast.NewIdent(c.f.use(obj.Pkg())), Sel: ast.NewIdent(obj.Name())}
}

func (c *copier) funcExpr(t *types.Signature) ast.Expr {
	fields := func(tuple *types.Tuple, variadic bool) *ast.FieldList {
		list := &ast.FieldList{}
		for i := range tuple.Len() {
			e := c.typeExpr(tuple.At(i).Type())
			if variadic && i == tuple.Len()-1 {
				e = &ast.Ellipsis{Elt: e.(*ast.ArrayType).Elt}
			}
			list.List = append(list.List, &ast.Field{Type: e})
		}
		return list
	}
	return &ast.FuncType{Params: fields(t.Params(), t.Variadic()), Results: fields(t.Results(), false)}
}

func (c *copier) interfaceExpr(t *types.Interface) ast.Expr {
	list := &ast.FieldList{}
	for i := range t.NumMethods() {
		m := t.Method(i)
		list.List = append(list.List, &ast.Field{Names: []*ast.Ident{ast.NewIdent(m.Name())}, Type: c.funcExpr(m.Signature())})
	}
	return &ast.InterfaceType{Methods: list}
}

func (c *copier) structExpr(t *types.Struct) ast.Expr {
	list := &ast.FieldList{}
	for i := range t.NumFields() {
		v := t.Field(i)
		f := &ast.Field{Type: c.typeExpr(v.Type())}
		if !v.Embedded() {
			f.Names = []*ast.Ident{ast.NewIdent(v.Name())}
		}
		if t.Tag(i) != "" {
			f.Tag = &ast.BasicLit{Kind: token.STRING, Value: strconv.Quote(t.Tag(i))}
		}
		list.List = append(list.List, f)
	}
	return &ast.StructType{Fields: list}
}

func problemAt(f *flattener, obj types.Object, message string) check.Problem {
	p := check.Problem{Kind: "unsupported", Message: message, Pos: f.prog.Fset.Position(f.prog.File.Name.Pos())}
	if obj.Pkg() == f.prog.Pkg && obj.Pos().IsValid() {
		p.Pos = f.prog.Fset.Position(obj.Pos())
	}
	return p
}
