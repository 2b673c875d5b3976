package fast

import (
	"go/ast"
	"go/token"
	"go/types"
)

func (p *piece) block(list []ast.Stmt) stmt {
	var steps []stmt
	for _, s := range list {
		if step := p.stmt(s, ""); step != nil {
			steps = append(steps, step)
		}
	}
	return sequence(steps)
}

func sequence(steps []stmt) stmt {
	switch len(steps) {
	case 0:
		return func(*frame) control { return next }
	case 1:
		return steps[0]
	case 2:
		a, b := steps[0], steps[1]
		return func(f *frame) control {
			if c := a(f); c != next {
				return c
			}
			return b(f)
		}
	case 3:
		a, b, last := steps[0], steps[1], steps[2]
		return func(f *frame) control {
			if c := a(f); c != next {
				return c
			}
			if c := b(f); c != next {
				return c
			}
			return last(f)
		}
	}
	return func(f *frame) control {
		for _, s := range steps {
			if c := s(f); c != next {
				return c
			}
		}
		return next
	}
}

// stmt compiles a statement; nil for one that does nothing.
func (p *piece) stmt(s ast.Stmt, label string) stmt {
	switch s := s.(type) {
	case *ast.EmptyStmt:
		return nil
	case *ast.BlockStmt:
		return p.block(s.List)
	case *ast.LabeledStmt:
		return p.stmt(s.Stmt, s.Label.Name)
	case *ast.DeclStmt:
		return p.declaration(s)
	case *ast.AssignStmt:
		return p.assignment(s)
	case *ast.IncDecStmt:
		return p.incDec(s)
	case *ast.IfStmt:
		return p.ifStmt(s)
	case *ast.ForStmt, *ast.RangeStmt:
		return p.loop(s, label)
	case *ast.SwitchStmt:
		return p.switchStmt(s, label)
	case *ast.BranchStmt:
		return p.branch(s)
	case *ast.ReturnStmt:
		return p.returnStmt(s)
	case *ast.ExprStmt:
		if call, ok := ast.Unparen(s.X).(*ast.CallExpr); ok && p.callee(call) != nil {
			p.alone(call)
			run, code := p.call(call)
			return func(f *frame) control {
				code.release(run(f))
				return next
			}
		}
	}
	panic(unfit{})
}

func (p *piece) declaration(s *ast.DeclStmt) stmt {
	d, ok := s.Decl.(*ast.GenDecl)
	if !ok || d.Tok == token.TYPE {
		panic(unfit{})
	}
	if d.Tok == token.CONST {
		return nil
	}
	var steps []stmt
	for _, spec := range d.Specs {
		v := spec.(*ast.ValueSpec)
		switch {
		case len(v.Values) == 0:
			for _, name := range v.Names {
				if name.Name != "_" {
					steps = append(steps, zero(p.declare(p.info.Defs[name])))
				}
			}
		case len(v.Values) != len(v.Names) || len(v.Names) > 1:
			panic(unfit{})
		default:
			steps = append(steps, p.define(v.Names[0], v.Values[0]))
		}
	}
	return sequence(steps)
}

// zero sets a variable to its type's zero value: registers are used again.
func zero(r register) stmt {
	k := r.n
	switch r.kind {
	case kindInt:
		return func(f *frame) control { f.i[k] = 0; return next }
	case kindFloat:
		return func(f *frame) control { f.f[k] = 0; return next }
	case kindString:
		return func(f *frame) control { f.s[k] = ""; return next }
	}
	return func(f *frame) control { f.h[k] = nil; return next }
}

// define compiles name := value, or var name T = value.
func (p *piece) define(name *ast.Ident, value ast.Expr) stmt {
	p.alone(value)
	if name.Name == "_" {
		return p.set(p.temporary(p.typeOf(value)), value)
	}
	obj := p.info.Defs[name]
	if obj == nil {
		panic(unfit{})
	}
	return p.set(p.declare(obj), value)
}

// set compiles the assignment of a value to a register.
func (p *piece) set(r register, value ast.Expr) stmt {
	k := r.n
	switch r.kind {
	case kindInt:
		if basic(r.typ) == types.Bool {
			b := p.bool(value)
			return func(f *frame) control {
				if b(f) { // b may read the variable
					f.i[k] = 1
				} else {
					f.i[k] = 0
				}
				return next
			}
		}
		if n, ok := p.constInt(value); ok {
			return func(f *frame) control { f.i[k] = n; return next }
		}
		e := p.int(value)
		return func(f *frame) control { f.i[k] = e(f); return next }
	case kindFloat:
		e := round(r.typ, p.float(value))
		return func(f *frame) control { f.f[k] = e(f); return next }
	case kindString:
		e := p.string(value)
		return func(f *frame) control { f.s[k] = e(f); return next }
	}
	e := p.sliceValue(value)
	return func(f *frame) control { *(*[]byte)(f.p[k]) = e(f); return next }
}

func (p *piece) ifStmt(s *ast.IfStmt) stmt {
	var init stmt
	if s.Init != nil {
		init = p.stmt(s.Init, "")
	}
	p.alone(s.Cond, nil)
	cond, then := p.bool(s.Cond), p.block(s.Body.List)
	var whole stmt
	if s.Else == nil {
		whole = func(f *frame) control {
			if cond(f) {
				return then(f)
			}
			return next
		}
	} else {
		otherwise := p.stmt(s.Else, "")
		whole = func(f *frame) control {
			if cond(f) {
				return then(f)
			}
			return otherwise(f)
		}
	}
	if init == nil {
		return whole
	}
	return sequence([]stmt{init, whole})
}

func (p *piece) branch(s *ast.BranchStmt) stmt {
	if s.Tok != token.BREAK && s.Tok != token.CONTINUE {
		panic(unfit{})
	}
	for i := len(p.loops) - 1; i >= 0; i-- {
		to := p.loops[i]
		switch {
		case s.Label != nil && s.Label.Name != to.label, s.Tok == token.CONTINUE && !to.loop:
			continue
		}
		c := breakOf(to.number)
		if s.Tok == token.CONTINUE {
			c = continueOf(to.number)
		}
		return func(*frame) control { return c }
	}
	panic(unfit{}) // it leaves the piece
}

func (p *piece) returnStmt(s *ast.ReturnStmt) stmt {
	if p.around != nil { // a loop
		panic(unfit{})
	}
	if len(s.Results) == 0 {
		return func(*frame) control { return returned }
	}
	if p.result == nil || len(s.Results) != 1 {
		panic(unfit{})
	}
	p.alone(s.Results[0])
	set := p.set(*p.result, s.Results[0])
	return func(f *frame) control {
		set(f)
		return returned
	}
}

// switchStmt compiles a switch over simple values; what it compares with its
// cases is computed once.
func (p *piece) switchStmt(s *ast.SwitchStmt, label string) stmt {
	var steps []stmt
	if s.Init != nil {
		steps = append(steps, p.stmt(s.Init, ""))
	}
	var matches func(e ast.Expr) boolExpr
	if s.Tag == nil {
		matches = p.bool
	} else {
		var step stmt
		step, matches = p.tag(s.Tag)
		steps = append(steps, step)
	}
	number := p.enter(label, false)
	defer p.leave()
	var conds []boolExpr
	var bodies []stmt
	var fallback stmt
	for _, c := range s.Body.List {
		clause := c.(*ast.CaseClause)
		body := p.block(clause.Body)
		if clause.List == nil {
			fallback = body
			continue
		}
		var any boolExpr
		for _, e := range clause.List {
			p.alone(e, nil)
			any = either(any, matches(e))
		}
		conds, bodies = append(conds, any), append(bodies, body)
	}
	done := breakOf(number)
	return sequence(append(steps, func(f *frame) control {
		chosen := fallback
		for i, cond := range conds {
			if cond(f) {
				chosen = bodies[i]
				break
			}
		}
		if chosen == nil {
			return next
		}
		if c := chosen(f); c != done {
			return c
		}
		return next
	}))
}

func either(a, b boolExpr) boolExpr {
	if a == nil {
		return b
	}
	return func(f *frame) bool { return a(f) || b(f) }
}

// tag compiles the value of a switch into a register of its own.
func (p *piece) tag(e ast.Expr) (stmt, func(ast.Expr) boolExpr) {
	p.alone(e)
	r := p.temporary(p.typeOf(e))
	set := p.set(r, e)
	k := r.n
	return set, func(e ast.Expr) boolExpr {
		switch r.kind {
		case kindInt:
			v := p.int(e)
			return func(f *frame) bool { return f.i[k] == v(f) }
		case kindFloat:
			v := p.float(e)
			return func(f *frame) bool { return f.f[k] == v(f) }
		case kindString:
			v := p.string(e)
			return func(f *frame) bool { return f.s[k] == v(f) }
		}
		panic(unfit{})
	}
}

func (p *piece) enter(label string, loop bool) int {
	p.count++
	p.loops = append(p.loops, target{label, p.count, loop})
	return p.count
}

func (p *piece) leave() { p.loops = p.loops[:len(p.loops)-1] }
