package lower

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"math"
	"strconv"
	"strings"
)

// expr lowers an expression; its value has the type that go/types gave it.
func (l *lowerer) expr(e ast.Expr) ast.Expr {
	tv := l.info.Types[e]
	if tv.Value != nil {
		return l.constant(tv.Value, tv.Type)
	}
	if tv.IsType() {
		return l.typ(tv.Type)
	}
	switch x := e.(type) {
	case *ast.Ident:
		return l.ident(x)
	case *ast.ParenExpr:
		return &ast.ParenExpr{X: l.expr(x.X)}
	case *ast.FuncLit:
		return l.funcLit(x)
	case *ast.CompositeLit:
		return l.composite(x, tv.Type)
	case *ast.SelectorExpr:
		return l.selector(x)
	case *ast.IndexExpr:
		return l.index(x)
	case *ast.SliceExpr:
		return l.slice(x)
	case *ast.StarExpr:
		return &ast.StarExpr{Star: l.at, X: l.expr(x.X)}
	case *ast.TypeAssertExpr:
		return l.assertion(x)
	case *ast.CallExpr:
		return l.callExpr(x)
	case *ast.UnaryExpr:
		return l.unary(x)
	case *ast.BinaryExpr:
		return l.binary(x)
	}
	panic(stop{l.problem(e.Pos(), fmt.Sprintf("this expression (%T) cannot be interpreted", e), "")})
}

// to lowers an expression and converts it as an assignment to type t does.
func (l *lowerer) to(e ast.Expr, t types.Type) ast.Expr {
	from := l.info.TypeOf(e)
	if tv := l.info.Types[e]; tv.Value != nil && types.IsInterface(from) {
		from = types.Default(from)
	}
	return l.convert(l.expr(e), from, t)
}

func (l *lowerer) ident(x *ast.Ident) ast.Expr {
	switch o := l.info.ObjectOf(x).(type) {
	case *types.Func:
		return l.funcValue(o)
	}
	return l.id(x.Name)
}

// funcValue is a declared function as a value: a closure, which the interpreter
// handles better than the function itself.
func (l *lowerer) funcValue(f *types.Func) ast.Expr {
	sig := f.Signature()
	return l.call(l.id(l.helper("value "+f.Name(), sig, func(name string) {
		l.valueHelper(name, l.funcName(f), sig)
	})))
}

// valueHelper writes func() func(args) results for a function of the file.
func (l *lowerer) valueHelper(name, target string, sig *types.Signature) {
	names, args := l.paramNames(sig)
	c := l.call(l.id(target), args...)
	if sig.Variadic() {
		c.Ellipsis = l.at
	}
	l.topFunc(name, nil, []*ast.Field{l.field("", l.funcType(sig))},
		l.define("f", l.lambda(l.params(sig, names), l.tuple(sig.Results()), l.returning(sig, c))),
		l.ret(l.id("f")))
}

func (l *lowerer) funcName(f *types.Func) string {
	if f.Name() == "main" {
		return scriptID + "main"
	}
	return f.Name()
}

// constant writes a constant so that its type cannot be mistaken.
func (l *lowerer) constant(v constant.Value, t types.Type) ast.Expr {
	b, ok := t.Underlying().(*types.Basic)
	if !ok { // an untyped constant on its way into an interface
		b = types.Typ[defaultKind(v)]
	}
	if b.Info()&types.IsUntyped != 0 {
		b = types.Default(b).(*types.Basic)
	}
	switch {
	case l.hostNamed(t):
		return l.call(l.typ(t), l.constant(v, b))
	case b.Info()&types.IsBoolean != 0:
		return l.id(strconv.FormatBool(constant.BoolVal(v)))
	case b.Info()&types.IsString != 0:
		return l.str(constant.StringVal(v))
	case b.Info()&types.IsInteger != 0:
		return l.typed(b, types.Int, l.number(token.INT, constant.ToInt(v).ExactString()))
	case b.Info()&types.IsFloat != 0:
		return l.typed(b, types.Float64, l.float(v, b.Kind() == types.Float32))
	}
	v = constant.ToComplex(v)
	part := func(v constant.Value) ast.Expr { return l.float(v, b.Kind() == types.Complex64) }
	return l.call(l.id(b.Name()), l.host("Complex", part(constant.Real(v)), part(constant.Imag(v))))
}

// hostNamed says whether t is a named type of the host that is no interface.
func (l *lowerer) hostNamed(t types.Type) bool {
	n, ok := types.Unalias(t).(*types.Named)
	return ok && n.Obj().Pkg() != nil && n.Obj().Pkg() != l.prog.Pkg
}

func defaultKind(v constant.Value) types.BasicKind {
	switch v.Kind() {
	case constant.Bool:
		return types.Bool
	case constant.String:
		return types.String
	case constant.Int:
		return types.Int
	case constant.Float:
		return types.Float64
	}
	return types.Complex128
}

func (l *lowerer) typed(b *types.Basic, plain types.BasicKind, literal ast.Expr) ast.Expr {
	if b.Kind() == plain {
		return literal
	}
	return l.call(l.id(b.Name()), literal)
}

func (l *lowerer) number(kind token.Token, s string) ast.Expr {
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		return &ast.ParenExpr{X: &ast.UnaryExpr{OpPos: l.at, Op: token.SUB, X: &ast.BasicLit{ValuePos: l.at, Kind: kind, Value: rest}}}
	}
	return &ast.BasicLit{ValuePos: l.at, Kind: kind, Value: s}
}

func (l *lowerer) float(v constant.Value, single bool) ast.Expr {
	f, _ := constant.Float64Val(constant.ToFloat(v))
	bits := 64
	if single {
		f32, _ := constant.Float32Val(constant.ToFloat(v))
		f, bits = float64(f32), 32
	}
	s := strconv.FormatFloat(f, 'g', -1, bits)
	if math.Trunc(f) == f && !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return l.number(token.FLOAT, s)
}

func (l *lowerer) composite(x *ast.CompositeLit, t types.Type) ast.Expr {
	if p, ok := t.Underlying().(*types.Pointer); ok { // &T elided inside another literal
		return l.addr(l.composite(x, p.Elem()))
	}
	lit := &ast.CompositeLit{Type: l.typ(t), Lbrace: l.at, Rbrace: l.at}
	switch u := t.Underlying().(type) {
	case *types.Struct:
		for i, e := range x.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				f := fieldOf(u, kv.Key.(*ast.Ident).Name)
				lit.Elts = append(lit.Elts, &ast.KeyValueExpr{Key: l.id(f.Name()), Colon: l.at, Value: l.fieldValue(kv.Value, f)})
				continue
			}
			lit.Elts = append(lit.Elts, &ast.KeyValueExpr{Key: l.id(u.Field(i).Name()), Colon: l.at, Value: l.fieldValue(e, u.Field(i))})
		}
	case *types.Map:
		for _, e := range x.Elts {
			kv := e.(*ast.KeyValueExpr)
			lit.Elts = append(lit.Elts, &ast.KeyValueExpr{Key: l.key(kv.Key, u.Key()), Colon: l.at, Value: l.entry(kv.Value, u.Elem())})
		}
	case *types.Slice:
		lit.Elts = l.elements(x.Elts, u.Elem())
	case *types.Array:
		lit.Elts = l.elements(x.Elts, u.Elem())
	}
	return lit
}

func (l *lowerer) fieldValue(e ast.Expr, f *types.Var) ast.Expr {
	if l.table.Erased[f] {
		return l.erase(l.typedArg(e, f.Type()), f.Type())
	}
	return l.element(e, f.Type())
}

func fieldOf(u *types.Struct, name string) *types.Var {
	for i := range u.NumFields() {
		if u.Field(i).Name() == name {
			return u.Field(i)
		}
	}
	return nil
}

func (l *lowerer) elements(list []ast.Expr, elem types.Type) []ast.Expr {
	var out []ast.Expr
	for _, e := range list {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			out = append(out, &ast.KeyValueExpr{Key: l.expr(kv.Key), Colon: l.at, Value: l.element(kv.Value, elem)})
			continue
		}
		out = append(out, l.element(e, elem))
	}
	return out
}

// entry is a map literal's value; the interpreter leaves out what a nil pointer points to.
func (l *lowerer) entry(e ast.Expr, t types.Type) ast.Expr {
	v := l.element(e, t)
	if _, isStar := ast.Unparen(e).(*ast.StarExpr); !isStar {
		return v
	}
	n := l.temp("v")
	return l.call(l.lambda(nil, []*ast.Field{l.field("", l.typ(t))}, l.define(n, v), l.ret(l.id(n))))
}

func (l *lowerer) element(e ast.Expr, t types.Type) ast.Expr { return l.to(e, t) }

func (l *lowerer) selector(x *ast.SelectorExpr) ast.Expr {
	s := l.info.Selections[x]
	if s == nil { // a package's name
		if o, ok := l.info.Uses[x.Sel].(*types.Func); ok {
			l.checkHostValue(x, o)
		}
		return &ast.SelectorExpr{X: l.id(x.X.(*ast.Ident).Name), Sel: l.id(x.Sel.Name)}
	}
	switch s.Kind() {
	case types.FieldVal:
		e, t := l.path(l.expr(x.X), l.info.TypeOf(x.X), s.Index())
		return l.unerased(e, s.Obj().(*types.Var), t)
	case types.MethodVal:
		return l.methodValue(x, s)
	}
	return l.methodExpr(x, s)
}

// path walks to a field, or to an embedded field, writing out what Go leaves
// out. The last field is left as it is kept: see unerased.
func (l *lowerer) path(e ast.Expr, t types.Type, index []int) (ast.Expr, types.Type) {
	var last *types.Var
	for _, i := range index {
		if last != nil {
			e = l.unerased(e, last, t)
		}
		u := t.Underlying()
		if p, ok := u.(*types.Pointer); ok {
			u = p.Elem().Underlying()
		}
		f := u.(*types.Struct).Field(i)
		e, t, last = &ast.SelectorExpr{X: e, Sel: l.id(f.Name())}, f.Type(), f
	}
	return e, t
}

// unerased takes a field's value out of any, if it is kept so.
func (l *lowerer) unerased(e ast.Expr, f *types.Var, t types.Type) ast.Expr {
	if !l.table.Erased[f] {
		return e
	}
	return l.call(l.id(l.into(t)), e)
}

func (l *lowerer) assertion(x *ast.TypeAssertExpr) ast.Expr {
	static := l.info.TypeOf(x.X)
	t := l.info.TypeOf(x.Type)
	return l.call(l.id(l.must(t, static)), l.dynamic(x.X))
}

// dynamic is an interface value as any.
func (l *lowerer) dynamic(e ast.Expr) ast.Expr {
	v := l.expr(e)
	if l.isHostInterface(l.info.TypeOf(e)) {
		return l.host("Inner", v)
	}
	return v
}

func (l *lowerer) unary(x *ast.UnaryExpr) ast.Expr {
	if x.Op == token.SUB && isFloat(l.info.TypeOf(x)) {
		b := l.info.TypeOf(x).Underlying().(*types.Basic)
		// The interpreter computes 0-x, which is wrong for 0.
		return &ast.BinaryExpr{X: l.typed(b, types.Float64, l.number(token.FLOAT, "-1.0")), OpPos: l.at, Op: token.MUL, Y: &ast.ParenExpr{X: l.expr(x.X)}}
	}
	if x.Op == token.ARROW {
		return l.receiveExpr(x)
	}
	if x.Op == token.AND && l.erasedField(x.X) != nil {
		l.reject(x, "the address of a field by which structs refer to each other", "put the value into a variable first")
	}
	return &ast.UnaryExpr{OpPos: l.at, Op: x.Op, X: l.expr(x.X)}
}

// receiveExpr receives in a helper: the interpreter leaves a value behind that
// cannot be assigned to, wherever <-c stands.
func (l *lowerer) receiveExpr(x *ast.UnaryExpr) ast.Expr {
	t := l.info.TypeOf(x.X)
	elem := t.Underlying().(*types.Chan).Elem()
	return l.call(l.id(l.helper("receive", t, func(name string) {
		get := &ast.AssignStmt{Lhs: []ast.Expr{l.id("v"), l.id("ok")}, TokPos: l.at, Tok: token.DEFINE,
			Rhs: []ast.Expr{&ast.UnaryExpr{OpPos: l.at, Op: token.ARROW, X: l.id("c")}}}
		l.topFunc(name, []*ast.Field{l.field("c", l.typ(t))}, []*ast.Field{l.field("", l.typ(elem))},
			get, l.assign(l.id("_"), l.id("ok")), l.ret(l.id("v")))
	})), l.expr(x.X))
}

func (l *lowerer) binary(x *ast.BinaryExpr) ast.Expr {
	plain := func() ast.Expr {
		return &ast.BinaryExpr{X: l.expr(x.X), OpPos: l.at, Op: x.Op, Y: l.expr(x.Y)}
	}
	if v := l.info.Types[x.Y].Value; x.Op == token.SUB && v != nil && isFloat(l.info.TypeOf(x)) && constant.Sign(v) == 0 {
		return &ast.ParenExpr{X: l.expr(x.X)} // the interpreter adds the negated constant, which is wrong for -0
	}
	if x.Op == token.SHL || x.Op == token.SHR {
		return l.shift(x)
	}
	if x.Op != token.EQL && x.Op != token.NEQ {
		return plain()
	}
	a, b := l.info.TypeOf(x.X), l.info.TypeOf(x.Y)
	if isNil(a) || isNil(b) || !types.IsInterface(a) && !types.IsInterface(b) {
		if isChan(a) && isChan(b) && !types.Identical(a.Underlying(), b.Underlying()) {
			same := ast.Expr(l.host("SameChannel", l.expr(x.X), l.expr(x.Y)))
			if x.Op == token.NEQ {
				same = l.not(same)
			}
			return same
		}
		return plain()
	}
	equal := ast.Expr(l.equal(l.expr(x.X), a, l.expr(x.Y), b))
	if x.Op == token.NEQ {
		equal = l.not(equal)
	}
	return equal
}

func isFloat(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsFloat != 0
}

// shift gives a constant left operand its type, and counts of any type one that
// the interpreter takes.
func (l *lowerer) shift(x *ast.BinaryExpr) ast.Expr {
	left := l.expr(x.X)
	if l.info.Types[x.X].Value != nil {
		t := l.info.TypeOf(x)
		left = l.call(l.id(l.helper("typed", t, func(name string) {
			l.topFunc(name, []*ast.Field{l.field("x", l.typ(t))}, []*ast.Field{l.field("", l.typ(t))}, l.ret(l.id("x")))
		})), l.constant(l.info.Types[x.X].Value, t))
	}
	return &ast.BinaryExpr{X: left, OpPos: l.at, Op: x.Op, Y: l.count(x.Y)}
}

// count is by how much a shift shifts.
func (l *lowerer) count(e ast.Expr) ast.Expr {
	n := l.expr(e)
	if l.info.Types[e].Value != nil {
		return n
	}
	if b := l.info.TypeOf(e).Underlying().(*types.Basic); b.Info()&types.IsUnsigned != 0 {
		return l.call(l.id("uint64"), n)
	}
	return l.host("Shift", l.call(l.id("int"), n))
}

func isNil(t types.Type) bool {
	b, ok := t.(*types.Basic)
	return ok && b.Kind() == types.UntypedNil
}

// equal compares two values of which one is in an interface.
func (l *lowerer) equal(x ast.Expr, a types.Type, y ast.Expr, b types.Type) ast.Expr {
	anything := types.NewInterfaceType(nil, nil)
	return l.host("Equal", l.convert(x, a, anything), l.convert(y, b, anything))
}
