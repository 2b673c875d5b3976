package lower

import (
	"go/ast"
	"go/token"
	"go/types"
)

func (l *lowerer) forStmt(s *ast.ForStmt, label string) []ast.Stmt {
	if calculated := l.fastLoop(s, label); calculated != nil {
		return calculated
	}
	shared := l.loopVars(s)
	if len(shared) > 0 {
		return l.forCopies(s, label, shared)
	}
	var pre []ast.Stmt
	n := &ast.ForStmt{For: l.at}
	if s.Init != nil {
		init := l.stmt(s.Init, "")
		pre = append(pre, init...)
	}
	body := l.within(&branchTarget{label: label, loop: true}, func() []ast.Stmt { return l.stmts(s.Body.List) })
	if s.Cond != nil {
		if mark := l.mark(s.Cond); mark != nil {
			body = append(append(mark, l.ifThen(l.not(l.expr(s.Cond)), &ast.BranchStmt{TokPos: l.at, Tok: token.BREAK})), body...)
		} else {
			n.Cond = l.expr(s.Cond)
		}
	}
	if s.Post != nil {
		post := l.simple(s.Post)
		if len(post) == 1 {
			n.Post = post[0]
		} else {
			n.Post = l.stmtOf(l.call(l.lambda(nil, nil, post...)))
		}
	}
	n.Body = l.block(body...)
	out := append(pre, l.labelled(label, n)...)
	if len(out) == 1 {
		return out
	}
	return []ast.Stmt{l.block(out...)}
}

// loopVars are the loop's variables of which a closure or a pointer is made:
// each iteration needs one of its own.
func (l *lowerer) loopVars(s *ast.ForStmt) []*types.Var {
	a, ok := s.Init.(*ast.AssignStmt)
	if !ok || a.Tok != token.DEFINE {
		return nil
	}
	var out []*types.Var
	for _, e := range a.Lhs {
		id := e.(*ast.Ident)
		if v, ok := l.info.Defs[id].(*types.Var); ok && l.shared(v, s.Body, s.Cond, s.Post) {
			out = append(out, v)
		}
	}
	return out
}

// shared says whether closures or pointers keep the variable.
func (l *lowerer) shared(v *types.Var, nodes ...ast.Node) bool {
	found := false
	var visit func(n ast.Node, depth int)
	visit = func(n ast.Node, depth int) {
		ast.Inspect(n, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.FuncLit:
				visit(x.Body, depth+1)
				return false
			case *ast.DeferStmt, *ast.GoStmt:
				found = found || l.mentions(n, v)
			case *ast.RangeStmt:
				if _, ok := l.info.TypeOf(x.X).Underlying().(*types.Signature); ok {
					visit(x.Body, depth+1)
				}
			case *ast.Ident:
				found = found || depth > 0 && l.info.Uses[x] == v
			case *ast.UnaryExpr:
				found = found || x.Op == token.AND && l.rooted(x.X, v)
			case *ast.SliceExpr:
				_, isArray := l.info.TypeOf(x.X).Underlying().(*types.Array)
				found = found || isArray && l.rooted(x.X, v)
			case *ast.SelectorExpr:
				if s := l.info.Selections[x]; s != nil && s.Kind() != types.FieldVal {
					found = found || l.rooted(x.X, v)
				}
			}
			return !found
		})
	}
	for _, n := range nodes {
		if n != nil && !isNilNode(n) {
			visit(n, 0)
		}
	}
	return found
}

func isNilNode(n ast.Node) bool {
	switch x := n.(type) {
	case ast.Expr:
		return x == nil
	case ast.Stmt:
		return x == nil
	}
	return false
}

func (l *lowerer) mentions(n ast.Node, v *types.Var) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && l.info.Uses[id] == v {
			found = true
		}
		return !found
	})
	return found
}

// rooted says whether a place is part of the variable itself.
func (l *lowerer) rooted(e ast.Expr, v *types.Var) bool {
	for {
		switch x := ast.Unparen(e).(type) {
		case *ast.Ident:
			return l.info.Uses[x] == v
		case *ast.SelectorExpr:
			e = x.X
		case *ast.IndexExpr:
			if _, ok := l.info.TypeOf(x.X).Underlying().(*types.Array); !ok {
				return false
			}
			e = x.X
		default:
			return false
		}
	}
}

// forCopies gives each iteration its own variables, as Go does since 1.22:
//
//	{ i := init; prev := &i; first := true
//	  for { i := *prev; prev = &i; if !first { post }; first = false; if !cond { break }; body } }
func (l *lowerer) forCopies(s *ast.ForStmt, label string, shared []*types.Var) []ast.Stmt {
	out := l.stmt(s.Init, "")
	first := l.temp("first")
	out = append(out, l.define(first, l.id("true")))
	var body []ast.Stmt
	for _, v := range shared {
		prev := l.temp("prev")
		fresh := l.temp("copy")
		out = append(out, l.define(prev, l.addr(l.id(v.Name()))))
		body = append(body,
			l.define(fresh, &ast.StarExpr{Star: l.at, X: l.id(prev)}),
			l.define(v.Name(), l.id(fresh)),
			l.assign(l.id(prev), l.addr(l.id(v.Name()))))
	}
	if s.Post != nil {
		body = append(body, l.ifThen(&ast.UnaryExpr{OpPos: l.at, Op: token.NOT, X: l.id(first)}, l.simple(s.Post)...))
	}
	body = append(body, l.assign(l.id(first), l.id("false")))
	if s.Cond != nil {
		body = append(body, l.mark(s.Cond)...)
		body = append(body, l.ifThen(l.not(l.expr(s.Cond)), &ast.BranchStmt{TokPos: l.at, Tok: token.BREAK}))
	}
	body = append(body, l.within(&branchTarget{label: label, loop: true}, func() []ast.Stmt { return l.stmts(s.Body.List) })...)
	out = append(out, l.labelled(label, &ast.ForStmt{For: l.at, Body: l.block(body...)})...)
	return []ast.Stmt{l.block(out...)}
}

func (l *lowerer) rangeStmt(s *ast.RangeStmt, label string) []ast.Stmt {
	if calculated := l.fastLoop(s, label); calculated != nil {
		return calculated
	}
	t := l.info.TypeOf(s.X)
	switch u := t.Underlying().(type) {
	case *types.Basic:
		if u.Info()&types.IsInteger != 0 {
			return l.rangeInt(s, label)
		}
		return l.rangeString(s, label)
	case *types.Signature:
		return l.rangeFunc(s, label, u)
	}
	at := l.at
	key, value, first := l.rangeVars(s)
	x := l.expr(s.X)
	if blank(s.Value) && arrayLen(t) >= 0 { // only its length counts: a nil pointer will do
		slots := &ast.ArrayType{Lbrack: l.at, Elt: l.id("bool")}
		length := l.call(l.id("make"), slots, l.int(int(arrayLen(t))))
		if l.repeatable(s.X) {
			x = length
		} else {
			x = l.call(l.lambda([]*ast.Field{l.field("unused", l.typ(t))}, []*ast.Field{l.field("", slots)}, l.ret(length)), x)
		}
	} else if _, ok := t.Underlying().(*types.Pointer); ok {
		// The elements are read as the loop goes: a slice over the array does that.
		x = &ast.SliceExpr{X: &ast.ParenExpr{X: &ast.StarExpr{Star: l.at, X: x}}, Lbrack: l.at, Rbrack: l.at}
	}
	body := l.within(&branchTarget{label: label, loop: true}, func() []ast.Stmt { return l.stmts(s.Body.List) })
	l.at = at
	over := l.temp("over")
	if _, elem := rangeTypes(t); elem != nil && isChan(elem) && !blank(value) {
		// The interpreter takes a range that yields channels for one over a channel.
		if blank(key) {
			key = l.id(l.temp("each"))
		}
		first = append([]ast.Stmt{l.define(value.(*ast.Ident).Name,
			&ast.IndexExpr{X: l.id(over), Index: l.id(key.(*ast.Ident).Name)})}, first...)
		value = nil
	}
	n := &ast.RangeStmt{For: l.at, Key: key, Value: value, TokPos: l.at, Tok: token.DEFINE, X: l.id(over), Range: l.at, Body: l.block(append(first, body...)...)}
	if key == nil && value == nil {
		n.Key, n.Tok = nil, token.ILLEGAL
	}
	out := append([]ast.Stmt{l.define(over, x)}, l.labelled(label, n)...)
	return []ast.Stmt{l.block(out...)}
}

// rangeVars names what the loop yields and says what the body does with it first:
// new variables, or assignments to the given ones.
func (l *lowerer) rangeVars(s *ast.RangeStmt) (key, value ast.Expr, first []ast.Stmt) {
	var places []ast.Stmt
	defer func() { first = append(places, first...) }()
	one := func(e ast.Expr, from types.Type) ast.Expr {
		if e == nil {
			return nil
		}
		id, isIdent := e.(*ast.Ident)
		if isIdent && id.Name == "_" {
			return l.id("_")
		}
		n := l.temp("each")
		if s.Tok == token.DEFINE {
			first = append(first, l.define(id.Name, l.id(n)), l.assign(l.id("_"), l.id(id.Name)))
		} else {
			t := l.target(&ast.AssignStmt{Tok: token.ASSIGN}, e, 0)
			places = append(places, t.pre...)
			first = append(first, l.set(t, l.convert(l.id(n), from, t.typ)))
		}
		return l.id(n)
	}
	k, v := rangeTypes(l.info.TypeOf(s.X))
	key = one(s.Key, k)
	value = one(s.Value, v)
	if key == nil && value != nil {
		key = l.id("_")
	}
	if id, ok := key.(*ast.Ident); ok && id.Name == "_" && value == nil {
		key = nil
	}
	return key, value, first
}

func isChan(t types.Type) bool {
	_, ok := t.Underlying().(*types.Chan)
	return ok
}

func blank(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return e == nil || ok && id.Name == "_"
}

// arrayLen is the length of an array or of what a pointer to one points to, else -1.
func arrayLen(t types.Type) int64 {
	u := t.Underlying()
	if p, ok := u.(*types.Pointer); ok {
		u = p.Elem().Underlying()
	}
	if a, ok := u.(*types.Array); ok {
		return a.Len()
	}
	return -1
}

// rangeString goes over offsets and runes that the host found: the
// interpreter's own loop is wrong where a string is not valid UTF-8.
func (l *lowerer) rangeString(s *ast.RangeStmt, label string) []ast.Stmt {
	key, value, first := l.rangeVars(s)
	offsets, runes, i := l.temp("offsets"), l.temp("runes"), l.temp("i")
	get := &ast.AssignStmt{Lhs: []ast.Expr{l.id(offsets), l.id(runes)}, TokPos: l.at, Tok: token.DEFINE,
		Rhs: []ast.Expr{l.host("Runes", l.call(l.id("string"), l.expr(s.X)))}}
	var head []ast.Stmt
	if !blank(key) {
		head = append(head, l.define(key.(*ast.Ident).Name, &ast.IndexExpr{X: l.id(offsets), Index: l.id(i)}))
	}
	if !blank(value) {
		head = append(head, l.define(value.(*ast.Ident).Name, &ast.IndexExpr{X: l.id(runes), Index: l.id(i)}))
	}
	at := l.at
	body := l.within(&branchTarget{label: label, loop: true}, func() []ast.Stmt { return l.stmts(s.Body.List) })
	l.at = at
	n := &ast.ForStmt{For: l.at,
		Init: l.define(i, l.int(0)),
		Cond: &ast.BinaryExpr{X: l.id(i), OpPos: l.at, Op: token.LSS, Y: l.call(l.id("len"), l.id(runes))},
		Post: &ast.IncDecStmt{X: l.id(i), TokPos: l.at, Tok: token.INC},
		Body: l.block(append(append(head, first...), body...)...)}
	return []ast.Stmt{l.block(append([]ast.Stmt{get}, l.labelled(label, n)...)...)}
}

func rangeTypes(t types.Type) (key, value types.Type) {
	switch u := t.Underlying().(type) {
	case *types.Map:
		return u.Key(), u.Elem()
	case *types.Slice:
		return types.Typ[types.Int], u.Elem()
	case *types.Array:
		return types.Typ[types.Int], u.Elem()
	case *types.Pointer:
		return rangeTypes(u.Elem())
	case *types.Chan:
		return u.Elem(), nil
	}
	return types.Typ[types.Int], types.Typ[types.Rune]
}

func (l *lowerer) rangeInt(s *ast.RangeStmt, label string) []ast.Stmt {
	t := types.Default(l.info.TypeOf(s.X))
	if id, ok := s.Key.(*ast.Ident); ok && s.Tok == token.DEFINE && l.info.Defs[id] != nil {
		t = l.info.Defs[id].Type()
	}
	i, limit := l.temp("i"), l.temp("limit")
	zero := l.call(l.typ(t), l.int(0))
	pre := []ast.Stmt{l.define(limit, l.call(l.typ(t), l.expr(s.X))), l.define(i, zero)}
	var first []ast.Stmt
	if id, ok := s.Key.(*ast.Ident); ok && id.Name != "_" || s.Key != nil && !ok {
		if s.Tok == token.DEFINE {
			first = append(first, l.define(id.Name, l.id(i)), l.assign(l.id("_"), l.id(id.Name)))
		} else {
			first = append(first, l.assign(l.expr(s.Key), l.id(i)))
		}
	}
	body := l.within(&branchTarget{label: label, loop: true}, func() []ast.Stmt { return l.stmts(s.Body.List) })
	n := &ast.ForStmt{For: l.at,
		Cond: &ast.BinaryExpr{X: l.id(i), OpPos: l.at, Op: token.LSS, Y: l.id(limit)},
		Post: l.step(l.id(i), token.INC, t),
		Body: l.block(append(first, body...)...)}
	return []ast.Stmt{l.block(append(pre, l.labelled(label, n)...)...)}
}
