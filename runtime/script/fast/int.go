package fast

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
)

// int compiles an integer or boolean expression to a value in 64 bits.
func (p *piece) int(e ast.Expr) intExpr {
	e = ast.Unparen(e)
	if n, ok := p.constInt(e); ok {
		return func(*frame) int64 { return n }
	}
	if basic(p.typeOf(e)) == types.Bool {
		if r, ok := p.local(e); ok {
			k := r.n
			return func(f *frame) int64 { return f.i[k] }
		}
		b := p.bool(e)
		return func(f *frame) int64 {
			if b(f) {
				return 1
			}
			return 0
		}
	}
	switch x := e.(type) {
	case *ast.Ident:
		k := p.variable(x).n
		return func(f *frame) int64 { return f.i[k] }
	case *ast.UnaryExpr:
		return p.intUnary(x)
	case *ast.BinaryExpr:
		return p.intBinary(x.Op, x.X, x.Y, p.typeOf(x), x.OpPos)
	case *ast.IndexExpr:
		if p.kind(x.X) == kindString {
			return p.stringIndex(x)
		}
		return p.intElement(x)
	case *ast.CallExpr:
		return p.intCall(x)
	}
	panic(unfit{})
}

func (p *piece) constInt(e ast.Expr) (int64, bool) {
	v := p.constant(e)
	if v == nil {
		return 0, false
	}
	if v.Kind() == constant.Bool {
		if constant.BoolVal(v) {
			return 1, true
		}
		return 0, true
	}
	v = constant.ToInt(v)
	if n, exact := constant.Int64Val(v); exact {
		return n, true
	}
	if n, exact := constant.Uint64Val(v); exact {
		return int64(n), true
	}
	panic(unfit{})
}

func (p *piece) intUnary(x *ast.UnaryExpr) intExpr {
	t := p.typeOf(x)
	switch x.Op {
	case token.ADD:
		return p.int(x.X)
	case token.SUB:
		e := p.int(x.X)
		return wrap(t, func(f *frame) int64 { return -e(f) })
	case token.XOR:
		e := p.int(x.X)
		return wrap(t, func(f *frame) int64 { return ^e(f) })
	}
	panic(unfit{})
}

// intBinary compiles x op y of type t; at is where it says that it cannot be.
func (p *piece) intBinary(op token.Token, x, y ast.Expr, t types.Type, at token.Pos) intExpr {
	if op == token.SHL || op == token.SHR {
		return wrap(t, p.shift(op, x, y, t, at))
	}
	if n, ok := p.constInt(y); ok {
		if e := intByConst(op, p.int(x), n, wide64(t)); e != nil {
			if r, ok := p.local(x); ok && op == token.ADD {
				k := r.n
				e = func(f *frame) int64 { return f.i[k] + n }
			}
			return wrap(t, e)
		}
	}
	rx, okx := p.local(x)
	ry, oky := p.local(y)
	if okx && oky {
		if e := intByRegisters(op, rx.n, ry.n); e != nil {
			return wrap(t, e)
		}
	}
	return wrap(t, intByExprs(op, p.int(x), p.int(y), wide64(t), p.position(at)))
}

// intByConst is e op n, nil where there is no form of its own. n is not 0 in a
// division: the compiler has refused that.
func intByConst(op token.Token, e intExpr, n int64, unsigned bool) intExpr {
	switch op {
	case token.ADD:
		return func(f *frame) int64 { return e(f) + n }
	case token.SUB:
		return func(f *frame) int64 { return e(f) - n }
	case token.MUL:
		return func(f *frame) int64 { return e(f) * n }
	case token.AND:
		return func(f *frame) int64 { return e(f) & n }
	case token.QUO:
		if !unsigned {
			return func(f *frame) int64 { return e(f) / n }
		}
	case token.REM:
		if !unsigned {
			return func(f *frame) int64 { return e(f) % n }
		}
	}
	return nil
}

func intByRegisters(op token.Token, x, y int) intExpr {
	switch op {
	case token.ADD:
		return func(f *frame) int64 { return f.i[x] + f.i[y] }
	case token.SUB:
		return func(f *frame) int64 { return f.i[x] - f.i[y] }
	case token.MUL:
		return func(f *frame) int64 { return f.i[x] * f.i[y] }
	}
	return nil
}

func intByExprs(op token.Token, x, y intExpr, unsigned bool, pos int) intExpr {
	switch op {
	case token.ADD:
		return func(f *frame) int64 { return x(f) + y(f) }
	case token.SUB:
		return func(f *frame) int64 { return x(f) - y(f) }
	case token.MUL:
		return func(f *frame) int64 { return x(f) * y(f) }
	case token.AND:
		return func(f *frame) int64 { return x(f) & y(f) }
	case token.OR:
		return func(f *frame) int64 { return x(f) | y(f) }
	case token.XOR:
		return func(f *frame) int64 { return x(f) ^ y(f) }
	case token.AND_NOT:
		return func(f *frame) int64 { return x(f) &^ y(f) }
	case token.QUO, token.REM:
		return divide(op == token.REM, x, y, unsigned, pos)
	}
	panic(unfit{})
}

// divide evaluates both sides before it looks at the divisor, as Go does.
func divide(rest bool, x, y intExpr, unsigned bool, pos int) intExpr {
	switch {
	case unsigned && rest:
		return func(f *frame) int64 {
			a, b := x(f), y(f)
			if b == 0 {
				f.pos = pos
			}
			return int64(uint64(a) % uint64(b))
		}
	case unsigned:
		return func(f *frame) int64 {
			a, b := x(f), y(f)
			if b == 0 {
				f.pos = pos
			}
			return int64(uint64(a) / uint64(b))
		}
	case rest:
		return func(f *frame) int64 {
			a, b := x(f), y(f)
			if b == 0 {
				f.pos = pos
			}
			return a % b
		}
	}
	return func(f *frame) int64 {
		a, b := x(f), y(f)
		if b == 0 {
			f.pos = pos
		}
		return a / b
	}
}

// shift compiles a shift. The count may be of any integer type; a negative one panics.
func (p *piece) shift(op token.Token, x, y ast.Expr, t types.Type, at token.Pos) intExpr {
	e, pos := p.int(x), p.position(at)
	logical := op == token.SHR && wide64(t)
	if n, ok := p.constInt(y); ok {
		switch {
		case op == token.SHL:
			return func(f *frame) int64 { return e(f) << uint64(n) }
		case logical:
			return func(f *frame) int64 { return int64(uint64(e(f)) >> uint64(n)) }
		}
		return func(f *frame) int64 { return e(f) >> uint64(n) }
	}
	count := p.int(y)
	if wide64(p.typeOf(y)) { // what is above 63 bits is as large as a shift can be
		whole := count
		count = func(f *frame) int64 { return int64(min(uint64(whole(f)), 64)) }
	}
	// by evaluates both sides, then lets a negative count panic.
	by := func(f *frame) (a, n int64) {
		a, n = e(f), count(f)
		if n < 0 {
			f.pos = pos
		}
		return a, n
	}
	switch {
	case op == token.SHL:
		return func(f *frame) int64 { a, n := by(f); return a << n }
	case logical:
		return func(f *frame) int64 { a, n := by(f); return int64(uint64(a) >> n) }
	}
	return func(f *frame) int64 { a, n := by(f); return a >> n }
}

// intCall compiles calls and conversions that give an integer.
func (p *piece) intCall(x *ast.CallExpr) intExpr {
	if t := p.conversion(x); t != nil {
		return p.toInt(x.Args[0], t)
	}
	switch p.builtin(x) {
	case "len", "cap":
		return p.length(x)
	case "min", "max":
		return p.intExtreme(x)
	case "":
		call, code := p.call(x)
		k := code.outer[len(code.outer)-1].reg
		return func(f *frame) int64 {
			g := call(f)
			n := g.i[k]
			code.release(g)
			return n
		}
	}
	panic(unfit{})
}

func (p *piece) toInt(e ast.Expr, t types.Type) intExpr {
	switch p.kind(e) {
	case kindInt:
		return wrap(t, p.int(e))
	case kindFloat:
		x := p.float(e)
		return byInteger(t, fromFloat[int8], fromFloat[int16], fromFloat[int32], fromFloat[int64],
			fromFloat[uint8], fromFloat[uint16], fromFloat[uint32], fromFloat[uint64])(x)
	}
	panic(unfit{})
}

// fromFloat converts as the compiler does for that very type, also where the
// value does not fit and the result is the machine's.
func fromFloat[T integers](x floatExpr) intExpr {
	return func(f *frame) int64 { return int64(T(x(f))) }
}

func (p *piece) intExtreme(x *ast.CallExpr) intExpr {
	least, unsigned := p.builtin(x) == "min", wide64(p.typeOf(x))
	e := p.int(x.Args[0])
	for _, arg := range x.Args[1:] {
		a, b := e, p.int(arg)
		switch {
		case least && unsigned:
			e = func(f *frame) int64 { return int64(min(uint64(a(f)), uint64(b(f)))) }
		case unsigned:
			e = func(f *frame) int64 { return int64(max(uint64(a(f)), uint64(b(f)))) }
		case least:
			e = func(f *frame) int64 { return min(a(f), b(f)) }
		default:
			e = func(f *frame) int64 { return max(a(f), b(f)) }
		}
	}
	return e
}
