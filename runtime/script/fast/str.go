package fast

import (
	"go/ast"
	"go/constant"
	"go/token"
)

// string compiles a string expression.
func (p *piece) string(e ast.Expr) strExpr {
	e = ast.Unparen(e)
	if v := p.constant(e); v != nil {
		s := constant.StringVal(v)
		return func(*frame) string { return s }
	}
	switch x := e.(type) {
	case *ast.Ident:
		k := p.variable(x).n
		return func(f *frame) string { return f.s[k] }
	case *ast.BinaryExpr:
		if x.Op == token.ADD {
			a, b := p.string(x.X), p.string(x.Y)
			return func(f *frame) string { return a(f) + b(f) }
		}
	case *ast.IndexExpr:
		return p.stringElement(x)
	case *ast.SliceExpr:
		return p.substring(x)
	case *ast.CallExpr:
		return p.stringCall(x)
	}
	panic(unfit{})
}

func (p *piece) stringCall(x *ast.CallExpr) strExpr {
	if t := p.conversion(x); t != nil {
		if p.kind(x.Args[0]) == kindString {
			return p.string(x.Args[0])
		}
		panic(unfit{})
	}
	if p.builtin(x) != "" {
		panic(unfit{})
	}
	call, code := p.call(x)
	k := code.outer[len(code.outer)-1].reg
	return func(f *frame) string {
		g := call(f)
		s := g.s[k]
		code.release(g)
		return s
	}
}

func (p *piece) stringIndex(x *ast.IndexExpr) intExpr {
	s, at, pos := p.string(x.X), p.index(x.Index), p.position(x.Index.Pos())
	return func(f *frame) int64 {
		v, k := s(f), at(f)
		if uint64(k) >= uint64(len(v)) {
			f.pos = pos
		}
		return int64(v[k])
	}
}

// index compiles an index. One that only fits without a sign stays with the
// interpreter: a panic names it.
func (p *piece) index(e ast.Expr) intExpr {
	if p.kind(e) != kindInt || wide64(p.typeOf(e)) && p.constant(e) == nil {
		panic(unfit{})
	}
	return p.int(e)
}

func (p *piece) substring(x *ast.SliceExpr) strExpr {
	s, pos := p.string(x.X), p.position(x.Pos())
	low, high := p.bounds(x)
	return func(f *frame) string {
		v := s(f)
		a, b := low(f), int64(len(v))
		if high != nil {
			b = high(f)
		}
		if a < 0 || b < a || b > int64(len(v)) {
			f.pos = pos
		}
		if high == nil {
			return v[a:] // the panic's words depend on what was written
		}
		return v[a:b]
	}
}

func (p *piece) bounds(x *ast.SliceExpr) (low, high intExpr) {
	low = func(*frame) int64 { return 0 }
	if x.Low != nil {
		low = p.index(x.Low)
	}
	if x.High != nil {
		high = p.index(x.High)
	}
	return low, high
}
