package fast

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
)

// bool compiles a boolean expression.
func (p *piece) bool(e ast.Expr) boolExpr {
	e = ast.Unparen(e)
	if v := p.constant(e); v != nil {
		b := constant.BoolVal(v)
		return func(*frame) bool { return b }
	}
	switch x := e.(type) {
	case *ast.Ident:
		k := p.variable(x).n
		return func(f *frame) bool { return f.i[k] != 0 }
	case *ast.UnaryExpr:
		if x.Op == token.NOT {
			b := p.bool(x.X)
			return func(f *frame) bool { return !b(f) }
		}
	case *ast.BinaryExpr:
		return p.comparison(x)
	case *ast.IndexExpr:
		b := p.intElement(x)
		return func(f *frame) bool { return b(f) != 0 }
	case *ast.CallExpr:
		if t := p.conversion(x); t != nil {
			return p.bool(x.Args[0])
		}
		if p.builtin(x) == "" {
			b := p.intCall(x)
			return func(f *frame) bool { return b(f) != 0 }
		}
	}
	panic(unfit{})
}

func (p *piece) comparison(x *ast.BinaryExpr) boolExpr {
	switch x.Op {
	case token.LAND:
		a, b := p.bool(x.X), p.bool(x.Y)
		return func(f *frame) bool { return a(f) && b(f) }
	case token.LOR:
		a, b := p.bool(x.X), p.bool(x.Y)
		return func(f *frame) bool { return a(f) || b(f) }
	}
	switch p.operands(x) {
	case kindInt:
		return p.compareInts(x)
	case kindFloat:
		return compare(x.Op, p.float(x.X), p.float(x.Y))
	case kindString:
		return compare(x.Op, p.string(x.X), p.string(x.Y))
	}
	panic(unfit{}) // slices, compared with nil
}

// operands is the kind of what a comparison compares: a constant without a type
// of its own takes the other side's.
func (p *piece) operands(x *ast.BinaryExpr) kind {
	if p.constant(x.X) != nil {
		return p.kind(x.Y)
	}
	return p.kind(x.X)
}

func (p *piece) compareInts(x *ast.BinaryExpr) boolExpr {
	t := p.typeOf(x.X)
	if p.constant(x.X) != nil {
		t = p.typeOf(x.Y)
	}
	if wide64(t) && x.Op != token.EQL && x.Op != token.NEQ {
		a, b := p.int(x.X), p.int(x.Y)
		return compare(x.Op, func(f *frame) uint64 { return uint64(a(f)) }, func(f *frame) uint64 { return uint64(b(f)) })
	}
	if basic(t) != types.Bool {
		left, ok := p.local(x.X)
		if n, isConst := p.constInt(x.Y); ok && isConst {
			return compareWithConst(x.Op, left.n, n)
		}
		if right, also := p.local(x.Y); ok && also {
			return compareRegisters(x.Op, left.n, right.n)
		}
		if n, isConst := p.constInt(x.Y); isConst && x.Op == token.EQL {
			e := p.int(x.X)
			return func(f *frame) bool { return e(f) == n }
		}
	}
	return compare(x.Op, p.int(x.X), p.int(x.Y))
}

func compareWithConst(op token.Token, k int, n int64) boolExpr {
	switch op {
	case token.EQL:
		return func(f *frame) bool { return f.i[k] == n }
	case token.NEQ:
		return func(f *frame) bool { return f.i[k] != n }
	case token.LSS:
		return func(f *frame) bool { return f.i[k] < n }
	case token.LEQ:
		return func(f *frame) bool { return f.i[k] <= n }
	case token.GTR:
		return func(f *frame) bool { return f.i[k] > n }
	}
	return func(f *frame) bool { return f.i[k] >= n }
}

func compareRegisters(op token.Token, a, b int) boolExpr {
	switch op {
	case token.EQL:
		return func(f *frame) bool { return f.i[a] == f.i[b] }
	case token.NEQ:
		return func(f *frame) bool { return f.i[a] != f.i[b] }
	case token.LSS:
		return func(f *frame) bool { return f.i[a] < f.i[b] }
	case token.LEQ:
		return func(f *frame) bool { return f.i[a] <= f.i[b] }
	case token.GTR:
		return func(f *frame) bool { return f.i[a] > f.i[b] }
	}
	return func(f *frame) bool { return f.i[a] >= f.i[b] }
}

func compare[T int64 | uint64 | float64 | string](op token.Token, a, b func(*frame) T) boolExpr {
	switch op {
	case token.EQL:
		return func(f *frame) bool { return a(f) == b(f) }
	case token.NEQ:
		return func(f *frame) bool { return a(f) != b(f) }
	case token.LSS:
		return func(f *frame) bool { return a(f) < b(f) }
	case token.LEQ:
		return func(f *frame) bool { return a(f) <= b(f) }
	case token.GTR:
		return func(f *frame) bool { return a(f) > b(f) }
	case token.GEQ:
		return func(f *frame) bool { return a(f) >= b(f) }
	}
	panic(unfit{})
}
