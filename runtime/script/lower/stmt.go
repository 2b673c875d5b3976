package lower

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
)

func (l *lowerer) stmts(list []ast.Stmt) []ast.Stmt {
	out := []ast.Stmt{}
	for _, s := range list {
		out = append(out, l.stmt(s, "")...)
	}
	return out
}

// stmt lowers a statement; label is the label on it, which the loop or switch
// in the result carries.
func (l *lowerer) stmt(s ast.Stmt, label string) []ast.Stmt {
	if !l.foreign && s.Pos().IsValid() {
		l.at = s.Pos()
	}
	switch s := s.(type) {
	case *ast.EmptyStmt:
		return nil
	case *ast.BlockStmt:
		return l.labelled(label, l.block(l.stmts(s.List)...))
	case *ast.LabeledStmt:
		return l.stmt(s.Stmt, s.Label.Name)
	case *ast.IfStmt:
		return l.ifStmt(s, label)
	case *ast.ForStmt:
		return l.forStmt(s, label)
	case *ast.RangeStmt:
		return append(l.mark(s.X), l.rangeStmt(s, label)...)
	case *ast.SwitchStmt:
		return l.switchStmt(s, label)
	case *ast.TypeSwitchStmt:
		return l.typeSwitch(s, label)
	case *ast.SelectStmt:
		return l.selectStmt(s, label)
	}
	out := append(l.mark(s), l.simple(s)...)
	if label == "" {
		return out
	}
	return append([]ast.Stmt{&ast.LabeledStmt{Label: l.id(label), Colon: l.at, Stmt: l.block()}}, out...)
}

// labelled puts the label on the last statement.
func (l *lowerer) labelled(label string, list ...ast.Stmt) []ast.Stmt {
	if label != "" {
		last := len(list) - 1
		list[last] = &ast.LabeledStmt{Label: l.id(label), Colon: l.at, Stmt: list[last]}
	}
	return list
}

// step is x++ or x--, which the interpreter has for numbers of most types only:
// at others its program ends without a word.
func (l *lowerer) step(x ast.Expr, tok token.Token, t types.Type) ast.Stmt {
	if b, ok := t.Underlying().(*types.Basic); ok && b.Kind() != types.Uintptr && b.Info()&types.IsComplex == 0 {
		return &ast.IncDecStmt{X: x, TokPos: l.at, Tok: tok}
	}
	op := token.ADD_ASSIGN
	if tok == token.DEC {
		op = token.SUB_ASSIGN
	}
	return &ast.AssignStmt{Lhs: []ast.Expr{x}, TokPos: l.at, Tok: op, Rhs: []ast.Expr{l.int(1)}}
}

func (l *lowerer) simple(s ast.Stmt) []ast.Stmt {
	switch s := s.(type) {
	case *ast.ExprStmt:
		return l.exprStmt(s)
	case *ast.AssignStmt:
		return l.assignStmt(s)
	case *ast.IncDecStmt:
		return []ast.Stmt{l.step(l.expr(s.X), s.Tok, l.info.TypeOf(s.X))}
	case *ast.SendStmt:
		elem := l.info.TypeOf(s.Chan).Underlying().(*types.Chan).Elem()
		return []ast.Stmt{&ast.SendStmt{Chan: l.expr(s.Chan), Arrow: l.at, Value: l.to(s.Value, elem)}}
	case *ast.DeclStmt:
		return l.declStmt(s)
	case *ast.GoStmt:
		return l.goStmt(s)
	case *ast.DeferStmt:
		return l.deferStmt(s)
	case *ast.ReturnStmt:
		return l.returnStmt(s)
	case *ast.BranchStmt:
		return l.branch(s)
	case *ast.EmptyStmt:
		return nil
	}
	panic(stop{l.problem(s.Pos(), fmt.Sprintf("this statement (%T) cannot be interpreted", s), "")})
}

func (l *lowerer) exprStmt(s *ast.ExprStmt) []ast.Stmt {
	e := l.expr(s.X)
	return []ast.Stmt{l.stmtOf(ast.Unparen(e))}
}

// declStmt turns var into := so that each iteration has a variable of its own.
func (l *lowerer) declStmt(s *ast.DeclStmt) []ast.Stmt {
	d := s.Decl.(*ast.GenDecl)
	if d.Tok != token.VAR {
		return nil // constants are folded, types moved
	}
	var out []ast.Stmt
	for _, spec := range d.Specs {
		v := spec.(*ast.ValueSpec)
		if len(v.Values) == 1 && len(v.Names) > 1 {
			out = append(out, l.declareMulti(v)...)
			continue
		}
		var temps []ast.Stmt
		for i, n := range v.Names {
			obj := l.info.Defs[n]
			value := ast.Expr(nil)
			if len(v.Values) > 0 {
				value = l.typedValue(v.Values[i], l.declaredType(n, v, i))
			}
			if n.Name == "_" {
				if value != nil {
					temps = append(temps, l.discard(value)...)
				}
				continue
			}
			if value == nil {
				value = l.zero(obj.Type())
			}
			temps = append(temps, l.define(n.Name, value), l.assign(l.id("_"), l.id(n.Name)))
		}
		out = append(out, temps...)
	}
	return out
}

func (l *lowerer) declaredType(n *ast.Ident, v *ast.ValueSpec, i int) types.Type {
	if obj := l.info.Defs[n]; obj != nil && obj.Type() != nil {
		return obj.Type()
	}
	if v.Type != nil {
		return l.info.TypeOf(v.Type)
	}
	return types.Default(l.info.TypeOf(v.Values[i]))
}

// typedValue is a value as a new variable of type t gets it.
func (l *lowerer) typedValue(e ast.Expr, t types.Type) ast.Expr {
	if isNil(l.info.TypeOf(e)) {
		return l.zero(t)
	}
	value := l.to(e, t)
	if types.IsInterface(t) && !types.Identical(l.info.TypeOf(e), t) {
		// The variable's type must not be the value's.
		if l.isHostInterface(t) {
			return l.wrap(value, t)
		}
		return l.host("Inner", value)
	}
	return value
}

func (l *lowerer) declareMulti(v *ast.ValueSpec) []ast.Stmt {
	var pre []ast.Stmt
	var targets []target
	for i, n := range v.Names {
		if n.Name == "_" {
			targets = append(targets, target{blank: true, typ: l.tupleType(v.Values[0], i)})
			continue
		}
		obj := l.info.Defs[n]
		pre = append(pre, l.define(n.Name, l.zero(obj.Type())))
		targets = append(targets, target{expr: l.id(n.Name), typ: obj.Type()})
	}
	return append(pre, l.multiAssign(targets, v.Values[0])...)
}

// target is the left side of an assignment of several values.
type target struct {
	expr   ast.Expr
	typ    types.Type
	blank  bool
	define string
	pre    []ast.Stmt // evaluate the operands of expr
	erased bool       // expr is an erased field
}

// set assigns a value of the target's type to its place.
func (l *lowerer) set(t target, value ast.Expr) ast.Stmt {
	if t.erased {
		value = l.erase(value, t.typ)
	}
	return l.assign(t.expr, value)
}

// tupleType is the type of the i-th value of an expression with several.
func (l *lowerer) tupleType(e ast.Expr, i int) types.Type {
	if t, ok := l.info.TypeOf(e).(*types.Tuple); ok {
		return t.At(i).Type()
	}
	if i == 1 {
		return types.Typ[types.Bool]
	}
	return l.info.TypeOf(e)
}

// multi lowers an expression with two or more values: a call, v.(T), m[k], <-c.
func (l *lowerer) multi(e ast.Expr) ast.Expr {
	switch x := ast.Unparen(e).(type) {
	case *ast.TypeAssertExpr:
		t := l.info.TypeOf(x.Type)
		return l.call(l.id(l.asserted(t)), l.dynamic(x.X))
	case *ast.UnaryExpr: // v, ok := <-c
		return &ast.UnaryExpr{OpPos: l.at, Op: token.ARROW, X: l.expr(x.X)}
	default:
		return ast.Unparen(l.expr(x))
	}
}

// multiAssign assigns the values of one expression to several places.
func (l *lowerer) multiAssign(targets []target, rhs ast.Expr) []ast.Stmt {
	var names []ast.Expr
	var pre, after []ast.Stmt
	used := false
	for i, t := range targets {
		pre = append(pre, t.pre...)
		from := l.tupleType(rhs, i)
		switch {
		case t.blank:
			names = append(names, l.id("_"))
			continue
		case t.define != "" && types.Identical(from, t.typ):
			names = append(names, l.id(t.define))
			after = append(after, l.assign(l.id("_"), l.id(t.define)))
		default:
			n := l.temp("v")
			names = append(names, l.id(n))
			value := l.convert(l.id(n), from, t.typ)
			if t.define != "" {
				after = append(after, l.define(t.define, value))
			} else {
				after = append(after, l.set(t, value))
			}
		}
		used = true
	}
	tok := token.DEFINE
	if !used {
		tok = token.ASSIGN
	}
	if x, isIndex := ast.Unparen(rhs).(*ast.IndexExpr); isIndex && l.mapEntry(x) && used {
		after = append(l.absent(names, l.tupleType(rhs, 0)), after...)
	}
	first := &ast.AssignStmt{Lhs: names, TokPos: l.at, Tok: tok, Rhs: []ast.Expr{l.multi(rhs)}}
	return append(append(pre, first), after...)
}

// absent sets v of v, ok := m[k] to zero where there is no entry: the interpreter
// leaves in it what the statement found before.
func (l *lowerer) absent(names []ast.Expr, t types.Type) []ast.Stmt {
	v := names[0].(*ast.Ident).Name
	if v == "_" {
		return nil
	}
	if ok := names[1].(*ast.Ident); ok.Name == "_" {
		names[1] = l.id(l.temp("ok"))
	}
	return []ast.Stmt{l.ifThen(l.not(l.id(names[1].(*ast.Ident).Name)), l.assign(l.id(v), l.zero(t)))}
}

func (l *lowerer) assignStmt(s *ast.AssignStmt) []ast.Stmt {
	switch {
	case s.Tok != token.ASSIGN && s.Tok != token.DEFINE:
		return l.operation(s)
	case len(s.Lhs) > 1 && len(s.Rhs) == 1:
		var targets []target
		for i, e := range s.Lhs {
			targets = append(targets, l.target(s, e, i))
		}
		return l.multiAssign(targets, s.Rhs[0])
	case len(s.Lhs) == 1:
		return l.assignOne(s, s.Lhs[0], s.Rhs[0])
	}
	return l.parallel(s)
}

// operation is x op= y.
func (l *lowerer) operation(s *ast.AssignStmt) []ast.Stmt {
	x, y := s.Lhs[0], s.Rhs[0]
	var right ast.Expr
	if s.Tok == token.SHL_ASSIGN || s.Tok == token.SHR_ASSIGN {
		right = l.count(y)
	} else {
		right = l.expr(y)
	}
	var out []ast.Stmt
	var left ast.Expr
	switch _, isIdent := x.(*ast.Ident); {
	case isIdent || l.repeatable(y):
		left = l.expr(x)
	case l.repeatable(x):
		out, right = l.first(right)
		left = l.expr(x)
	default:
		left, out = l.place(x)
	}
	return append(out, &ast.AssignStmt{Lhs: []ast.Expr{left}, TokPos: l.at, Tok: s.Tok, Rhs: []ast.Expr{right}})
}

// first gives a value a name. Go leaves open when x[i] is looked for in
// x[i] = f(); the compiler does it after the calls.
func (l *lowerer) first(value ast.Expr) ([]ast.Stmt, ast.Expr) {
	n := l.temp("v")
	return []ast.Stmt{l.define(n, value)}, l.id(n)
}

func (l *lowerer) target(s *ast.AssignStmt, e ast.Expr, i int) target {
	if id, ok := e.(*ast.Ident); ok {
		if id.Name == "_" {
			return target{blank: true}
		}
		if obj := l.info.Defs[id]; s.Tok == token.DEFINE && obj != nil {
			return target{define: id.Name, typ: obj.Type()}
		}
	}
	place, pre := l.place(e)
	return target{expr: place, typ: l.info.TypeOf(e), pre: pre, erased: l.erasedField(e) != nil}
}

func (l *lowerer) assignOne(s *ast.AssignStmt, lhs, rhs ast.Expr) []ast.Stmt {
	id, isIdent := lhs.(*ast.Ident)
	if isIdent && id.Name == "_" {
		if isNil(l.info.TypeOf(rhs)) {
			return nil
		}
		return l.discard(l.expr(rhs))
	}
	if isIdent && s.Tok == token.DEFINE {
		return []ast.Stmt{l.define(id.Name, l.expr(rhs)), l.assign(l.id("_"), l.id(id.Name))}
	}
	if isIdent {
		return []ast.Stmt{l.assign(l.id(id.Name), l.to(rhs, l.info.TypeOf(lhs)))}
	}
	if l.erasedField(lhs) != nil {
		t := l.target(s, lhs, 0)
		return append(t.pre, l.set(t, l.typedArg(rhs, t.typ)))
	}
	// The interpreter deletes a map's entry if what it is to hold is behind a nil pointer.
	if _, isStar := ast.Unparen(rhs).(*ast.StarExpr); isStar && l.mapEntry(lhs) || l.calls(rhs) && l.repeatable(lhs) {
		out, value := l.first(l.typedValue(rhs, l.info.TypeOf(lhs)))
		return append(out, l.assign(l.expr(lhs), value))
	}
	return []ast.Stmt{l.assign(l.expr(lhs), l.to(rhs, l.info.TypeOf(lhs)))}
}

func (l *lowerer) mapEntry(e ast.Expr) bool {
	x, ok := ast.Unparen(e).(*ast.IndexExpr)
	if !ok {
		return false
	}
	_, ok = l.info.TypeOf(x.X).Underlying().(*types.Map)
	return ok
}

// discard evaluates an expression: the interpreter skips what is assigned to _.
func (l *lowerer) discard(e ast.Expr) []ast.Stmt {
	n := l.temp("unused")
	return []ast.Stmt{l.define(n, e), l.assign(l.id("_"), l.id(n))}
}

// parallel is a, b = x, y: all right sides before any assignment.
func (l *lowerer) parallel(s *ast.AssignStmt) []ast.Stmt {
	var places, pre, post []ast.Stmt
	late := false // what leads to the places is evaluated after the calls
	for _, rhs := range s.Rhs {
		late = late || l.calls(rhs)
	}
	for _, lhs := range s.Lhs {
		late = late && !l.calls(lhs)
	}
	for i, rhs := range s.Rhs {
		t := l.target(s, s.Lhs[i], i)
		if t.blank {
			if !isNil(l.info.TypeOf(rhs)) {
				pre = append(pre, l.discard(l.expr(rhs))...)
			}
			continue
		}
		n := l.temp("v")
		pre = append(pre, l.define(n, l.copied(rhs, t.typ)))
		if t.define != "" {
			post = append(post, l.define(t.define, l.id(n)), l.assign(l.id("_"), l.id(t.define)))
			continue
		}
		post = append(post, l.set(t, l.id(n)))
		places = append(places, t.pre...)
	}
	if late {
		return append(append(pre, places...), post...)
	}
	return append(append(places, pre...), post...)
}

func (l *lowerer) copied(rhs ast.Expr, t types.Type) ast.Expr { return l.typedValue(rhs, t) }

// place evaluates the operands of a left side, which Go does before it assigns
// anything: indexes, and the slices, maps and pointers that lead to the place.
func (l *lowerer) place(e ast.Expr) (ast.Expr, []ast.Stmt) {
	var pre []ast.Stmt
	hold := func(e ast.Expr) ast.Expr {
		n := l.temp("at")
		pre = append(pre, l.define(n, e))
		return l.id(n)
	}
	var walk func(e ast.Expr) ast.Expr
	walk = func(e ast.Expr) ast.Expr {
		switch x := ast.Unparen(e).(type) {
		case *ast.IndexExpr:
			lowered := l.index(x).(*ast.IndexExpr)
			if _, isArray := l.info.TypeOf(x.X).Underlying().(*types.Array); isArray {
				lowered.X = walk(x.X)
			} else if _, isPtr := l.info.TypeOf(x.X).Underlying().(*types.Pointer); !isPtr {
				lowered.X = hold(lowered.X)
			}
			if l.info.Types[x.Index].Value == nil {
				lowered.Index = hold(lowered.Index)
			}
			return lowered
		case *ast.StarExpr:
			return &ast.StarExpr{Star: l.at, X: hold(l.expr(x.X))}
		case *ast.SelectorExpr:
			s := l.info.Selections[x]
			if s == nil || s.Kind() != types.FieldVal {
				return l.expr(e)
			}
			if _, isPtr := l.info.TypeOf(x.X).Underlying().(*types.Pointer); isPtr {
				p, _ := l.path(hold(l.expr(x.X)), l.info.TypeOf(x.X), s.Index())
				return p
			}
			p, _ := l.path(walk(x.X), l.info.TypeOf(x.X), s.Index())
			return p
		}
		return l.expr(e)
	}
	return walk(e), pre
}

func (l *lowerer) returnStmt(s *ast.ReturnStmt) []ast.Stmt {
	fn := l.fn
	if len(fn.yields) > 0 {
		return l.returnFromYield(s)
	}
	results := fn.sig.Results()
	if fn.inner {
		return append(l.storeResults(s), l.ret())
	}
	if len(s.Results) == 0 {
		return append(l.restore(fn), l.ret(l.ids(fn.results)...))
	}
	if fn.results != nil && len(s.Results) > 0 {
		return append(append(l.storeResults(s), l.restore(fn)...), l.ret(l.ids(fn.results)...))
	}
	if len(s.Results) == 1 && results.Len() > 1 {
		return l.returnCall(s, results)
	}
	var values []ast.Expr
	simple := true
	for i, e := range s.Results {
		v := l.to(e, results.At(i).Type())
		simple = simple && !l.risky(e)
		values = append(values, v)
	}
	if simple || fn.saved == "" && fn.own == "" {
		return append(l.restore(fn), l.ret(values...))
	}
	var out []ast.Stmt
	for i := range values {
		n := l.temp("v")
		if isNil(l.info.TypeOf(s.Results[i])) {
			continue
		}
		out = append(out, l.define(n, values[i]))
		values[i] = l.id(n)
	}
	return append(append(out, l.restore(fn)...), l.ret(values...))
}

func (l *lowerer) returnCall(s *ast.ReturnStmt, results *types.Tuple) []ast.Stmt {
	var names, values []ast.Expr
	for i := range results.Len() {
		n := l.temp("v")
		names = append(names, l.id(n))
		values = append(values, l.convert(l.id(n), l.tupleType(s.Results[0], i), results.At(i).Type()))
	}
	out := []ast.Stmt{&ast.AssignStmt{Lhs: names, TokPos: l.at, Tok: token.DEFINE, Rhs: []ast.Expr{l.multi(s.Results[0])}}}
	return append(append(out, l.restore(l.fn)...), l.ret(values...))
}

// storeResults assigns what a return statement returns to the result variables.
func (l *lowerer) storeResults(s *ast.ReturnStmt) []ast.Stmt {
	results := l.fn.sig.Results()
	if len(s.Results) == 0 {
		return nil
	}
	if len(s.Results) == 1 && results.Len() > 1 {
		var targets []target
		for i := range results.Len() {
			targets = append(targets, target{expr: l.id(l.fn.results[i]), typ: results.At(i).Type()})
		}
		return l.multiAssign(targets, s.Results[0])
	}
	if len(s.Results) == 1 {
		return []ast.Stmt{l.assign(l.id(l.fn.results[0]), l.to(s.Results[0], results.At(0).Type()))}
	}
	var pre, post []ast.Stmt
	for i, e := range s.Results {
		n := l.temp("v")
		pre = append(pre, l.define(n, l.copied(e, results.At(i).Type())))
		post = append(post, l.assign(l.id(l.fn.results[i]), l.id(n)))
	}
	return append(pre, post...)
}
