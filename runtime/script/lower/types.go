package lower

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strconv"
)

// typ writes the type by which the interpreter knows t: named types other than
// structs are their underlying types, a script's interfaces are any.
func (l *lowerer) typ(t types.Type) ast.Expr {
	switch t := types.Unalias(t).(type) {
	case *types.Basic:
		return l.basicType(t)
	case *types.Named:
		return l.namedType(t)
	case *types.Pointer:
		return &ast.StarExpr{Star: l.at, X: l.typ(t.Elem())}
	case *types.Slice:
		return &ast.ArrayType{Lbrack: l.at, Elt: l.typ(t.Elem())}
	case *types.Array:
		return &ast.ArrayType{Lbrack: l.at, Len: &ast.BasicLit{ValuePos: l.at, Kind: token.INT, Value: strconv.FormatInt(t.Len(), 10)}, Elt: l.typ(t.Elem())}
	case *types.Map:
		return &ast.MapType{Map: l.at, Key: l.typ(t.Key()), Value: l.typ(t.Elem())}
	case *types.Chan:
		dir := map[types.ChanDir]ast.ChanDir{types.SendRecv: ast.SEND | ast.RECV, types.SendOnly: ast.SEND, types.RecvOnly: ast.RECV}
		return &ast.ChanType{Begin: l.at, Dir: dir[t.Dir()], Value: l.typ(t.Elem())}
	case *types.Signature:
		return l.funcType(t)
	case *types.Interface:
		return l.anyType()
	case *types.Struct:
		return l.structType(t)
	}
	panic(stop{l.problem(l.at, fmt.Sprintf("type %s cannot be interpreted", t), "")})
}

func (l *lowerer) anyType() ast.Expr {
	return &ast.InterfaceType{Interface: l.at, Methods: &ast.FieldList{Opening: l.at, Closing: l.at}}
}

func (l *lowerer) basicType(t *types.Basic) ast.Expr {
	if t.Info()&types.IsUntyped != 0 {
		t = types.Default(t).(*types.Basic)
	}
	return l.id(t.Name())
}

func (l *lowerer) namedType(t *types.Named) ast.Expr {
	obj := t.Obj()
	if obj.Pkg() == nil {
		if obj.Name() == "error" {
			return l.id("error")
		}
		return l.anyType()
	}
	if obj.Pkg() != l.prog.Pkg {
		return l.hostType(t)
	}
	if _, ok := t.Underlying().(*types.Struct); ok {
		return l.id(obj.Name())
	}
	if l.named[t] {
		panic(stop{l.problem(obj.Pos(), "type "+obj.Name()+" refers to itself without a struct in between", "put it in a struct: the interpreter has recursive structs only")})
	}
	l.named[t] = true
	defer delete(l.named, t)
	return l.typ(t.Underlying())
}

func (l *lowerer) hostType(t *types.Named) ast.Expr {
	obj := t.Obj()
	if !obj.Exported() {
		if types.IsInterface(t) {
			return l.anyType()
		}
		panic(stop{l.problem(l.at, fmt.Sprintf("a value of the unexported type %s.%s cannot be interpreted", obj.Pkg().Name(), obj.Name()), "")})
	}
	return &ast.SelectorExpr{X: l.id(l.importName(obj.Pkg())), Sel: l.id(obj.Name())}
}

func (l *lowerer) importName(pkg *types.Package) string {
	if name := l.byPath[pkg.Path()]; name != "" {
		return name
	}
	name := l.temp(pkg.Name())
	l.byPath[pkg.Path()] = name
	l.imports[name] = pkg.Path()
	return name
}

func (l *lowerer) funcType(t *types.Signature) *ast.FuncType {
	f := &ast.FuncType{Func: l.at, Params: &ast.FieldList{List: l.params(t, nil)}}
	if t.Results().Len() > 0 {
		f.Results = &ast.FieldList{List: l.tuple(t.Results())}
	}
	return f
}

// params writes a signature's parameters with the given names, or none.
func (l *lowerer) params(t *types.Signature, names []string) []*ast.Field {
	list := l.tuple(t.Params())
	for i, f := range list {
		if t.Variadic() && i == len(list)-1 {
			f.Type = &ast.Ellipsis{Ellipsis: l.at, Elt: f.Type.(*ast.ArrayType).Elt}
		}
		if names != nil {
			f.Names = []*ast.Ident{l.id(names[i])}
		}
	}
	return list
}

func (l *lowerer) tuple(t *types.Tuple) []*ast.Field {
	var list []*ast.Field
	for i := range t.Len() {
		list = append(list, l.field("", l.typ(t.At(i).Type())))
	}
	return list
}

// structType hides unexported fields from encoders: the interpreter exports all.
func (l *lowerer) structType(t *types.Struct) ast.Expr {
	list := &ast.FieldList{Opening: l.at, Closing: l.at}
	for i := range t.NumFields() {
		v := t.Field(i)
		tag := t.Tag(i)
		if !v.Exported() {
			tag = `json:"-" parquet:"-" yaml:"-"`
		}
		name := v.Name()
		if name == "_" {
			name = l.temp("blank")
		}
		f := l.field(name, nil)
		if l.table.Erased[v] {
			f.Type = l.anyType()
		} else {
			f.Type = l.typ(v.Type())
		}
		if tag != "" {
			f.Tag = &ast.BasicLit{ValuePos: l.at, Kind: token.STRING, Value: strconv.Quote(tag)}
		}
		list.List = append(list.List, f)
	}
	return &ast.StructType{Struct: l.at, Fields: list}
}

// hostInterface says whether t is an interface type of the host with methods:
// error, io.Reader. Other interface types are any to the interpreter.
func hostInterface(t types.Type, main *types.Package) bool {
	n, ok := types.Unalias(t).(*types.Named)
	if !ok || n.Obj().Pkg() == main {
		return false
	}
	i, ok := n.Underlying().(*types.Interface)
	return ok && i.NumMethods() > 0 && (n.Obj().Pkg() == nil || n.Obj().Exported())
}

func (l *lowerer) isHostInterface(t types.Type) bool { return hostInterface(t, l.prog.Pkg) }

// pure says whether the interpreter's reflect type for t is the one that
// compiled Go has: a value of it needs no Box.
func (l *lowerer) pure(t types.Type) bool {
	switch t := types.Unalias(t).(type) {
	case *types.Basic:
		return true
	case *types.Named:
		return t.Obj().Pkg() != l.prog.Pkg
	case *types.Pointer:
		return l.pure(t.Elem())
	case *types.Slice:
		return l.pure(t.Elem())
	case *types.Array:
		return l.pure(t.Elem())
	case *types.Chan:
		return l.pure(t.Elem())
	case *types.Map:
		return l.pure(t.Key()) && l.pure(t.Elem())
	case *types.Signature:
		return l.pureTuple(t.Params()) && l.pureTuple(t.Results())
	case *types.Interface:
		return t.NumMethods() == 0
	case *types.Struct:
		for i := range t.NumFields() {
			if f := t.Field(i); !f.Exported() || f.Embedded() || !l.pure(f.Type()) {
				return false
			}
		}
		return true
	}
	return false
}

func (l *lowerer) pureTuple(t *types.Tuple) bool {
	for i := range t.Len() {
		if !l.pure(t.At(i).Type()) {
			return false
		}
	}
	return true
}

// intern gives t a number, and all types that a value of t holds, so that fmt
// and JSON find their methods.
func (l *lowerer) intern(t types.Type) int {
	id := l.table.Intern(t).ID
	l.internParts(t)
	return id
}

func (l *lowerer) internParts(t types.Type) {
	if l.interned[t] {
		return
	}
	l.interned[t] = true
	var parts []types.Type
	if n, ok := types.Unalias(t).(*types.Named); ok {
		if n.Obj().Pkg() != l.prog.Pkg {
			return
		}
		l.table.Intern(n)
		if !types.IsInterface(n) {
			parts = append(parts, types.NewPointer(n))
		}
	}
	switch u := t.Underlying().(type) {
	case *types.Pointer:
		parts = append(parts, u.Elem())
	case *types.Slice:
		parts = append(parts, u.Elem())
	case *types.Array:
		parts = append(parts, u.Elem())
	case *types.Map:
		parts = append(parts, u.Key(), u.Elem())
	case *types.Struct:
		for i := range u.NumFields() {
			parts = append(parts, u.Field(i).Type())
		}
	}
	for _, p := range parts {
		if !l.pure(p) {
			if p, ok := types.Unalias(p).(*types.Pointer); ok {
				l.table.Intern(p)
			}
			l.internParts(p)
		}
	}
}
