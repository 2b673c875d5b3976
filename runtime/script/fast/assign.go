package fast

import (
	"go/ast"
	"go/token"
	"go/types"
)

func (p *piece) assignment(s *ast.AssignStmt) stmt {
	switch {
	case len(s.Lhs) != len(s.Rhs):
		panic(unfit{})
	case len(s.Lhs) > 1:
		return p.tuple(s)
	}
	to, value := ast.Unparen(s.Lhs[0]), s.Rhs[0]
	if s.Tok == token.DEFINE {
		return p.define(to.(*ast.Ident), value)
	}
	if s.Tok != token.ASSIGN {
		return p.operation(to, operator[s.Tok], value, s.TokPos)
	}
	switch to := to.(type) {
	case *ast.Ident:
		p.alone(value)
		if to.Name == "_" {
			return p.set(p.temporary(p.typeOf(value)), value)
		}
		return p.set(p.variable(to), value)
	case *ast.IndexExpr:
		p.alone(to, value)
		return p.storeElement(p.target(to), value)
	}
	panic(unfit{})
}

var operator = map[token.Token]token.Token{
	token.ADD_ASSIGN: token.ADD, token.SUB_ASSIGN: token.SUB, token.MUL_ASSIGN: token.MUL, token.QUO_ASSIGN: token.QUO,
	token.REM_ASSIGN: token.REM, token.AND_ASSIGN: token.AND, token.OR_ASSIGN: token.OR, token.XOR_ASSIGN: token.XOR,
	token.SHL_ASSIGN: token.SHL, token.SHR_ASSIGN: token.SHR, token.AND_NOT_ASSIGN: token.AND_NOT,
}

// target is an element that is assigned to.
func (p *piece) target(x *ast.IndexExpr) place {
	if p.kind(x.X) != kindSlice {
		panic(unfit{}) // a string's bytes cannot be set; arrays and maps stay with the interpreter
	}
	return p.place(x)
}

func (p *piece) storeElement(to place, value ast.Expr) stmt {
	k, ok := kindOf(to.t)
	if !ok {
		panic(unfit{})
	}
	switch k {
	case kindInt:
		return storeIntAt(to, p.int(value))
	case kindFloat:
		return storeFloatAt(to, p.float(value))
	case kindString:
		return store(to, p.string(value))
	}
	return store(to, p.sliceValue(value))
}

func storeIntAt(to place, v intExpr) stmt {
	return byInteger(to.t, storeInt[int8], storeInt[int16], storeInt[int32], storeInt[int64],
		storeInt[uint8], storeInt[uint16], storeInt[uint32], storeInt[uint64])(to, v)
}

func storeFloatAt(to place, v floatExpr) stmt {
	if basic(to.t) == types.Float32 {
		return store(to, func(f *frame) float32 { return float32(v(f)) })
	}
	return store(to, v)
}

// operation compiles to op= value.
func (p *piece) operation(to ast.Expr, op token.Token, value ast.Expr, at token.Pos) stmt {
	switch to := to.(type) {
	case *ast.Ident:
		p.alone(value, nil)
		return p.operateVariable(p.variable(to), to, op, value, at)
	case *ast.IndexExpr:
		p.alone(to, value)
		return p.operateElement(p.target(to), op, value, at)
	}
	panic(unfit{})
}

func (p *piece) operateVariable(r register, to *ast.Ident, op token.Token, value ast.Expr, at token.Pos) stmt {
	k := r.n
	switch r.kind {
	case kindInt:
		if basic(r.typ) == types.Int64 && op == token.ADD {
			e := p.int(value)
			return func(f *frame) control { f.i[k] += e(f); return next }
		}
		e := p.intBinary(op, to, value, r.typ, at)
		return func(f *frame) control { f.i[k] = e(f); return next }
	case kindFloat:
		if basic(r.typ) == types.Float64 && op == token.ADD {
			e := p.float(value)
			return func(f *frame) control { f.f[k] += e(f); return next }
		}
		e := p.floatBinary(op, to, value, r.typ)
		return func(f *frame) control { f.f[k] = e(f); return next }
	case kindString:
		if op == token.ADD {
			e := p.string(value)
			return func(f *frame) control { f.s[k] += e(f); return next }
		}
	}
	panic(unfit{})
}

// operateElement computes the index once, into a register.
func (p *piece) operateElement(to place, op token.Token, value ast.Expr, at token.Pos) stmt {
	r := p.temporary(types.Typ[types.Int])
	index, k := to.at, r.n
	to.at, to.direct = func(f *frame) int64 { return f.i[k] }, false
	kind, _ := kindOf(to.t)
	var set stmt
	switch {
	case kind == kindInt && op != token.SHL && op != token.SHR && basic(to.t) != types.Bool:
		set = storeIntAt(to, wrap(to.t, intByExprs(op, intAt(to), p.int(value), wide64(to.t), p.position(at))))
	case kind == kindFloat:
		a, b := floatAt(to), p.float(value)
		switch op {
		case token.ADD:
			set = storeFloatAt(to, func(f *frame) float64 { return a(f) + b(f) })
		case token.SUB:
			set = storeFloatAt(to, func(f *frame) float64 { return a(f) - b(f) })
		case token.MUL:
			set = storeFloatAt(to, func(f *frame) float64 { return a(f) * b(f) })
		case token.QUO:
			set = storeFloatAt(to, func(f *frame) float64 { return a(f) / b(f) })
		default:
			panic(unfit{})
		}
	case kind == kindString && op == token.ADD:
		a, b := load[string](to), p.string(value)
		set = store(to, func(f *frame) string { return a(f) + b(f) })
	default:
		panic(unfit{})
	}
	return func(f *frame) control {
		f.i[k] = index(f)
		return set(f)
	}
}

func (p *piece) incDec(s *ast.IncDecStmt) stmt {
	one := int64(1)
	if s.Tok == token.DEC {
		one = -1
	}
	switch to := ast.Unparen(s.X).(type) {
	case *ast.Ident:
		r := p.variable(to)
		k := r.n
		switch {
		case r.kind == kindFloat:
			e := round(r.typ, func(f *frame) float64 { return f.f[k] + float64(one) })
			return func(f *frame) control { f.f[k] = e(f); return next }
		case basic(r.typ) == types.Int64:
			return func(f *frame) control { f.i[k] += one; return next }
		}
		e := wrap(r.typ, func(f *frame) int64 { return f.i[k] + one })
		return func(f *frame) control { f.i[k] = e(f); return next }
	case *ast.IndexExpr:
		p.alone(to, nil)
		return p.stepElement(p.target(to), one)
	}
	panic(unfit{})
}

func (p *piece) stepElement(to place, one int64) stmt {
	r := p.temporary(types.Typ[types.Int])
	index, k := to.at, r.n
	to.at, to.direct = func(f *frame) int64 { return f.i[k] }, false
	var set stmt
	switch kind, _ := kindOf(to.t); kind {
	case kindInt:
		old := intAt(to)
		set = storeIntAt(to, func(f *frame) int64 { return old(f) + one })
	case kindFloat:
		old := floatAt(to)
		set = storeFloatAt(to, func(f *frame) float64 { return old(f) + float64(one) })
	default:
		panic(unfit{})
	}
	return func(f *frame) control {
		f.i[k] = index(f)
		return set(f)
	}
}

// tuple compiles a, b = b, a: all values and indices first, then the
// assignments from left to right.
func (p *piece) tuple(s *ast.AssignStmt) stmt {
	p.alone(append(append([]ast.Expr{}, s.Lhs...), s.Rhs...)...)
	if s.Tok != token.ASSIGN && s.Tok != token.DEFINE {
		panic(unfit{})
	}
	var compute, assign []stmt
	for i, to := range s.Lhs {
		to := ast.Unparen(to)
		t := p.typeOf(s.Rhs[i])
		if id, ok := to.(*ast.Ident); !ok || id.Name != "_" {
			t = p.typeOf(to)
		}
		if k, ok := kindOf(t); !ok || k == kindSlice {
			panic(unfit{}) // a slice that changes while its elements do
		}
		value := p.temporary(t)
		compute = append(compute, p.set(value, s.Rhs[i]))
		step := p.tupleTarget(s, to, value, &compute)
		assign = append(assign, step)
	}
	return sequence(append(compute, assign...))
}

// tupleTarget compiles the assignment of a value that lies in a register.
func (p *piece) tupleTarget(s *ast.AssignStmt, to ast.Expr, value register, compute *[]stmt) stmt {
	switch to := to.(type) {
	case *ast.Ident:
		if to.Name == "_" {
			return func(*frame) control { return next }
		}
		if obj := p.info.Defs[to]; s.Tok == token.DEFINE && obj != nil {
			return move(p.declare(obj), value)
		}
		return move(p.variable(to), value)
	case *ast.IndexExpr:
		e := p.target(to)
		r := p.temporary(types.Typ[types.Int])
		*compute = append(*compute, func(index intExpr, k int) stmt {
			return func(f *frame) control { f.i[k] = index(f); return next }
		}(e.at, r.n))
		e.at, e.direct = func(f *frame) int64 { return f.i[r.n] }, false
		k := value.n
		switch value.kind {
		case kindInt:
			return storeIntAt(e, func(f *frame) int64 { return f.i[k] })
		case kindFloat:
			return storeFloatAt(e, func(f *frame) float64 { return f.f[k] })
		case kindString:
			return store(e, func(f *frame) string { return f.s[k] })
		}
	}
	panic(unfit{})
}

func move(to, from register) stmt {
	a, b := to.n, from.n
	switch to.kind {
	case kindInt:
		return func(f *frame) control { f.i[a] = f.i[b]; return next }
	case kindFloat:
		return func(f *frame) control { f.f[a] = f.f[b]; return next }
	case kindString:
		return func(f *frame) control { f.s[a] = f.s[b]; return next }
	}
	panic(unfit{})
}
