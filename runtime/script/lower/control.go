package lower

import (
	"go/ast"
	"go/token"
	"go/types"
)

func (l *lowerer) ifStmt(s *ast.IfStmt, label string) []ast.Stmt {
	at := l.at
	var out []ast.Stmt
	if s.Init != nil {
		out = append(out, l.stmt(s.Init, "")...)
	}
	out = append(out, l.mark(s.Cond)...)
	l.at = at
	n := &ast.IfStmt{If: l.at, Cond: l.expr(s.Cond), Body: l.block(l.stmts(s.Body.List)...)}
	switch e := s.Else.(type) {
	case *ast.BlockStmt:
		n.Else = l.block(l.stmts(e.List)...)
	case *ast.IfStmt:
		list := l.stmt(e, "")
		if inner, ok := list[0].(*ast.IfStmt); ok && len(list) == 1 {
			n.Else = inner
		} else {
			n.Else = l.block(list...)
		}
	}
	if s.Init == nil && label == "" {
		return append(out, n)
	}
	return l.labelled(label, l.block(append(out, n)...))
}

// branchTarget is something that break or continue can mean.
type branchTarget struct {
	label string
	loop  bool
	yield *yield // the loop is the body of a range over a function
	depth int    // how many yields are around it
}

func (l *lowerer) within(t *branchTarget, body func() []ast.Stmt) []ast.Stmt {
	t.depth = len(l.fn.yields)
	l.fn.targets = append(l.fn.targets, t)
	list := body()
	l.fn.targets = l.fn.targets[:len(l.fn.targets)-1]
	return list
}

func (l *lowerer) branch(s *ast.BranchStmt) []ast.Stmt {
	b := &ast.BranchStmt{TokPos: l.at, Tok: s.Tok}
	if s.Label != nil {
		b.Label = l.id(s.Label.Name)
	}
	if s.Tok == token.FALLTHROUGH {
		return []ast.Stmt{b}
	}
	if s.Tok == token.GOTO {
		if len(l.fn.yields) > 0 {
			l.reject(s, "goto inside a range over a function", "use break or continue with a label")
		}
		return []ast.Stmt{b}
	}
	t := l.branchTarget(s)
	if t == nil { // a labelled block
		return []ast.Stmt{b}
	}
	if t.yield != nil || t.depth < len(l.fn.yields) {
		return l.leave(s.Tok, t)
	}
	return []ast.Stmt{b}
}

func (l *lowerer) branchTarget(s *ast.BranchStmt) *branchTarget {
	for i := len(l.fn.targets) - 1; i >= 0; i-- {
		t := l.fn.targets[i]
		if s.Label != nil && t.label == s.Label.Name || s.Label == nil && (t.loop || s.Tok == token.BREAK) {
			return t
		}
	}
	return nil
}

func (l *lowerer) switchStmt(s *ast.SwitchStmt, label string) []ast.Stmt {
	at := l.at
	var pre []ast.Stmt
	if s.Init != nil {
		pre = append(pre, l.stmt(s.Init, "")...)
	}
	if s.Tag != nil {
		pre = append(pre, l.mark(s.Tag)...)
	}
	l.at = at
	n := &ast.SwitchStmt{Switch: l.at, Body: l.block()}
	cond := func(e ast.Expr) ast.Expr {
		if t := l.info.TypeOf(e); types.IsInterface(t) {
			return l.equal(l.id("true"), types.Typ[types.Bool], l.expr(e), t)
		}
		return l.expr(e)
	}
	if s.Tag != nil {
		tag := l.temp("tag")
		t := types.Default(l.info.TypeOf(s.Tag))
		pre = append(pre, l.define(tag, l.expr(s.Tag)))
		if b, ok := t.Underlying().(*types.Basic); ok && l.allBasic(s, b) {
			n.Tag = l.id(tag)
		} else {
			cond = func(e ast.Expr) ast.Expr { return l.matches(tag, t, e) }
		}
	}
	if fallsThrough(s) {
		list := append(pre, l.labelled(label, l.switchSteps(s, n, label, cond))...)
		return []ast.Stmt{l.block(list...)}
	}
	target := &branchTarget{label: label}
	for _, c := range s.Body.List {
		clause := c.(*ast.CaseClause)
		out := &ast.CaseClause{Case: l.at, Colon: l.at}
		for _, e := range clause.List {
			out.List = append(out.List, cond(e))
		}
		if n.Tag == nil && len(out.List) > 1 {
			out.List = []ast.Expr{l.or(out.List)}
		}
		out.Body = l.within(target, func() []ast.Stmt { return l.stmts(clause.Body) })
		n.Body.List = append(n.Body.List, out)
	}
	if len(pre) == 0 {
		return l.labelled(label, n)
	}
	pre = append(pre, l.labelled(label, n)...)
	return []ast.Stmt{l.block(pre...)}
}

func fallsThrough(s *ast.SwitchStmt) bool {
	for _, c := range s.Body.List {
		body := c.(*ast.CaseClause).Body
		if len(body) == 0 {
			continue
		}
		if b, ok := body[len(body)-1].(*ast.BranchStmt); ok && b.Tok == token.FALLTHROUGH {
			return true
		}
	}
	return false
}

// switchSteps finds the clause first and then goes through the clauses in their
// order: the interpreter's fallthrough misses a default in the middle. The
// steps are in a switch of one clause, so that break leaves them.
func (l *lowerer) switchSteps(s *ast.SwitchStmt, n *ast.SwitchStmt, label string, cond func(ast.Expr) ast.Expr) ast.Stmt {
	step := l.temp("step")
	target := &branchTarget{label: label}
	var steps []ast.Stmt
	var find ast.Stmt
	last := &find
	fallback := -1
	for i, c := range s.Body.List {
		clause := c.(*ast.CaseClause)
		if clause.List == nil {
			fallback = i
		} else {
			var list []ast.Expr
			for _, e := range clause.List {
				if n.Tag != nil {
					list = append(list, &ast.BinaryExpr{X: l.id(n.Tag.(*ast.Ident).Name), OpPos: l.at, Op: token.EQL, Y: l.expr(e)})
				} else {
					list = append(list, cond(e))
				}
			}
			next := &ast.IfStmt{If: l.at, Cond: l.or(list), Body: l.block(l.assign(l.id(step), l.int(i)))}
			*last, last = next, &next.Else
		}
		body := clause.Body
		var after []ast.Stmt
		if k := len(body) - 1; k >= 0 {
			if b, ok := body[k].(*ast.BranchStmt); ok && b.Tok == token.FALLTHROUGH {
				body, after = body[:k], []ast.Stmt{l.assign(l.id(step), l.int(i+1))}
			}
		}
		list := append(l.within(target, func() []ast.Stmt { return l.stmts(body) }), after...)
		steps = append(steps, l.ifThen(&ast.BinaryExpr{X: l.id(step), OpPos: l.at, Op: token.EQL, Y: l.int(i)}, list...))
	}
	all := []ast.Stmt{l.define(step, l.int(fallback))}
	if find != nil {
		all = append(all, find)
	}
	all = append(all, steps...)
	return &ast.SwitchStmt{Switch: l.at, Body: l.block(&ast.CaseClause{Case: l.at, Colon: l.at, Body: all})}
}

// allBasic says whether the switch compares basic values only.
func (l *lowerer) allBasic(s *ast.SwitchStmt, b *types.Basic) bool {
	for _, c := range s.Body.List {
		for _, e := range c.(*ast.CaseClause).List {
			if l.info.Types[e].Value == nil {
				return false
			}
		}
	}
	return true
}

func (l *lowerer) or(list []ast.Expr) ast.Expr {
	e := ast.Expr(&ast.ParenExpr{X: list[0]})
	for _, next := range list[1:] {
		e = &ast.BinaryExpr{X: e, OpPos: l.at, Op: token.LOR, Y: &ast.ParenExpr{X: next}}
	}
	return e
}

// matches compares a switch's tag with a case.
func (l *lowerer) matches(tag string, t types.Type, e ast.Expr) ast.Expr {
	other := l.info.TypeOf(e)
	if isNil(other) || !types.IsInterface(t) && !types.IsInterface(other) {
		return &ast.BinaryExpr{X: l.id(tag), OpPos: l.at, Op: token.EQL, Y: l.expr(e)}
	}
	return l.equal(l.id(tag), t, l.expr(e), other)
}

// typeSwitch asks the runner for the case, and switches over its number.
func (l *lowerer) typeSwitch(s *ast.TypeSwitchStmt, label string) []ast.Stmt {
	var pre []ast.Stmt
	if s.Init != nil {
		pre = append(pre, l.stmt(s.Init, "")...)
	}
	var x ast.Expr
	name := ""
	switch a := s.Assign.(type) {
	case *ast.AssignStmt:
		name = a.Lhs[0].(*ast.Ident).Name
		x = a.Rhs[0].(*ast.TypeAssertExpr).X
	case *ast.ExprStmt:
		x = a.X.(*ast.TypeAssertExpr).X
	}
	pre = append(pre, l.mark(x)...)
	static := l.info.TypeOf(x)
	whole, inner := l.temp("whole"), l.temp("inner")
	pre = append(pre, l.define(whole, l.expr(x)), l.define(inner, l.host("Inner", l.id(whole))))
	find := l.host("Case", l.id(inner))
	n := &ast.SwitchStmt{Switch: l.at, Body: l.block()}
	target := &branchTarget{label: label}
	var body []ast.Stmt
	for _, c := range s.Body.List {
		clause := c.(*ast.CaseClause)
		out := &ast.CaseClause{Case: l.at, Colon: l.at}
		for _, e := range clause.List {
			id := -1
			if !isNil(l.info.TypeOf(e)) {
				id = l.intern(l.info.TypeOf(e))
			}
			out.List = append(out.List, l.int(len(find.Args)-1))
			find.Args = append(find.Args, l.int(id))
		}
		body = nil
		if obj := l.info.Implicits[clause]; obj != nil && name != "" {
			v := ast.Expr(l.id(whole))
			if len(clause.List) == 1 && !isNil(l.info.TypeOf(clause.List[0])) {
				v = l.taken(l.id(inner), obj.Type())
			} else if !types.Identical(obj.Type(), static) {
				v = l.zero(obj.Type())
			}
			body = append(body, l.define(name, v), l.assign(l.id("_"), l.id(name)))
		}
		out.Body = append(body, l.within(target, func() []ast.Stmt { return l.stmts(clause.Body) })...)
		n.Body.List = append(n.Body.List, out)
	}
	tag := l.temp("case")
	pre = append(pre, l.define(tag, find))
	n.Tag = l.id(tag)
	pre = append(pre, l.labelled(label, n)...)
	return []ast.Stmt{l.block(pre...)}
}

// selectStmt lets the host select: the interpreter keeps the state of a select
// statement in one place for all goroutines that run it.
func (l *lowerer) selectStmt(s *ast.SelectStmt, label string) []ast.Stmt {
	sel, chosen := l.temp("select"), l.temp("chosen")
	pre := []ast.Stmt{l.define(sel, l.host("NewSelect"))}
	n := &ast.SwitchStmt{Switch: l.at, Tag: l.id(chosen), Body: l.block()}
	target := &branchTarget{label: label}
	cases := 0
	blocking := "true"
	for _, c := range s.Body.List {
		clause := c.(*ast.CommClause)
		out := &ast.CaseClause{Case: l.at, Colon: l.at}
		var first []ast.Stmt
		if clause.Comm == nil {
			blocking = "false"
			out.List = []ast.Expr{l.int(-1)}
		} else {
			out.List = []ast.Expr{l.int(cases)}
			cases++
			pre = append(pre, l.mark(clause.Comm)...)
		}
		switch comm := clause.Comm.(type) {
		case *ast.SendStmt:
			elem := l.info.TypeOf(comm.Chan).Underlying().(*types.Chan).Elem()
			pre = append(pre, l.stmtOf(l.host("SelectSend", l.id(sel), l.expr(comm.Chan), l.typedArg(comm.Value, elem))))
		case *ast.ExprStmt:
			pre = append(pre, l.stmtOf(l.host("SelectRecv", l.id(sel), l.expr(received(comm.X)))))
		case *ast.AssignStmt:
			pre = append(pre, l.stmtOf(l.host("SelectRecv", l.id(sel), l.expr(received(comm.Rhs[0])))))
			first = l.receive(comm, sel)
		}
		out.Body = append(first, l.within(target, func() []ast.Stmt { return l.stmts(clause.Body) })...)
		n.Body.List = append(n.Body.List, out)
	}
	pre = append(pre, l.define(chosen, l.host("Select", l.id(sel), l.id(blocking))))
	return []ast.Stmt{l.block(append(pre, l.labelled(label, n)...)...)}
}

// received is the channel of <-c.
func received(e ast.Expr) ast.Expr { return ast.Unparen(e).(*ast.UnaryExpr).X }

// receive is case v, ok := <-c: what was received goes where it belongs.
func (l *lowerer) receive(s *ast.AssignStmt, sel string) []ast.Stmt {
	from := []types.Type{l.info.TypeOf(received(s.Rhs[0])).Underlying().(*types.Chan).Elem(), types.Typ[types.Bool]}
	var first []ast.Stmt
	for i, e := range s.Lhs {
		t := l.target(s, e, i)
		if t.blank {
			continue
		}
		n := l.temp("v")
		first = append(first,
			l.define(n, l.zero(from[i])),
			l.stmtOf(l.host([]string{"Received", "Open"}[i], l.id(sel), l.addr(l.id(n)))))
		if t.define != "" {
			first = append(first, l.define(t.define, l.id(n)), l.assign(l.id("_"), l.id(t.define)))
			continue
		}
		first = append(first, t.pre...)
		first = append(first, l.set(t, l.convert(l.id(n), from[i], t.typ)))
	}
	return first
}
