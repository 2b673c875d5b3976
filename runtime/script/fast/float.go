package fast

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"math"
)

// float compiles a floating-point expression. A float32 is computed in float64
// and rounded after each operation, which gives float32's own result: 53 bits
// are more than twice 24 and two.
func (p *piece) float(e ast.Expr) floatExpr {
	e = ast.Unparen(e)
	t := p.typeOf(e)
	if v := p.constant(e); v != nil {
		n, _ := constant.Float64Val(constant.ToFloat(v))
		if basic(t) == types.Float32 {
			small, _ := constant.Float32Val(constant.ToFloat(v))
			n = float64(small)
		}
		return func(*frame) float64 { return n }
	}
	switch x := e.(type) {
	case *ast.Ident:
		k := p.variable(x).n
		return func(f *frame) float64 { return f.f[k] }
	case *ast.UnaryExpr:
		switch x.Op {
		case token.ADD:
			return p.float(x.X)
		case token.SUB:
			a := p.float(x.X)
			return func(f *frame) float64 { return -a(f) }
		}
	case *ast.BinaryExpr:
		return p.floatBinary(x.Op, x.X, x.Y, t)
	case *ast.IndexExpr:
		return p.floatElement(x)
	case *ast.CallExpr:
		return p.floatCall(x)
	}
	panic(unfit{})
}

func round(t types.Type, e floatExpr) floatExpr {
	if basic(t) == types.Float32 {
		return func(f *frame) float64 { return float64(float32(e(f))) }
	}
	return e
}

func (p *piece) floatBinary(op token.Token, x, y ast.Expr, t types.Type) floatExpr {
	rx, okx := p.local(x)
	ry, oky := p.local(y)
	if okx && oky {
		a, b := rx.n, ry.n
		switch op {
		case token.ADD:
			return round(t, func(f *frame) float64 { return f.f[a] + f.f[b] })
		case token.MUL:
			return round(t, func(f *frame) float64 { return f.f[a] * f.f[b] })
		}
	}
	a, b := p.float(x), p.float(y)
	switch op {
	case token.ADD:
		return round(t, func(f *frame) float64 { return a(f) + b(f) })
	case token.SUB:
		return round(t, func(f *frame) float64 { return a(f) - b(f) })
	case token.MUL:
		return round(t, func(f *frame) float64 { return a(f) * b(f) })
	case token.QUO:
		return round(t, func(f *frame) float64 { return a(f) / b(f) })
	}
	panic(unfit{})
}

func (p *piece) floatCall(x *ast.CallExpr) floatExpr {
	if t := p.conversion(x); t != nil {
		return p.toFloat(x.Args[0], t)
	}
	switch p.builtin(x) {
	case "min", "max":
		return p.floatExtreme(x)
	case "":
		if e := p.mathCall(x); e != nil {
			return e
		}
		call, code := p.call(x)
		k := code.outer[len(code.outer)-1].reg
		return func(f *frame) float64 {
			g := call(f)
			n := g.f[k]
			code.release(g)
			return n
		}
	}
	panic(unfit{})
}

func (p *piece) toFloat(e ast.Expr, t types.Type) floatExpr {
	switch {
	case p.kind(e) == kindFloat:
		return round(t, p.float(e))
	case p.kind(e) != kindInt:
		panic(unfit{})
	}
	x, small := p.int(e), basic(t) == types.Float32
	switch {
	case wide64(p.typeOf(e)) && small:
		return func(f *frame) float64 { return float64(float32(uint64(x(f)))) }
	case wide64(p.typeOf(e)):
		return func(f *frame) float64 { return float64(uint64(x(f))) }
	case small: // at once: by way of float64 it would be rounded twice
		return func(f *frame) float64 { return float64(float32(x(f))) }
	}
	return func(f *frame) float64 { return float64(x(f)) }
}

func (p *piece) floatExtreme(x *ast.CallExpr) floatExpr {
	least := p.builtin(x) == "min"
	e := p.float(x.Args[0])
	for _, arg := range x.Args[1:] {
		a, b := e, p.float(arg)
		if least {
			e = func(f *frame) float64 { return min(a(f), b(f)) }
		} else {
			e = func(f *frame) float64 { return max(a(f), b(f)) }
		}
	}
	return e
}

// Functions of package math that code may call as they are.
var (
	math1 = map[string]func(float64) float64{
		"Abs": math.Abs, "Acos": math.Acos, "Asin": math.Asin, "Atan": math.Atan, "Cbrt": math.Cbrt, "Ceil": math.Ceil,
		"Cos": math.Cos, "Cosh": math.Cosh, "Erf": math.Erf, "Exp": math.Exp, "Exp2": math.Exp2, "Expm1": math.Expm1,
		"Floor": math.Floor, "Log": math.Log, "Log10": math.Log10, "Log1p": math.Log1p, "Log2": math.Log2,
		"Round": math.Round, "RoundToEven": math.RoundToEven, "Sin": math.Sin, "Sinh": math.Sinh, "Sqrt": math.Sqrt,
		"Tan": math.Tan, "Tanh": math.Tanh, "Trunc": math.Trunc,
	}
	math2 = map[string]func(x, y float64) float64{
		"Atan2": math.Atan2, "Hypot": math.Hypot, "Max": math.Max, "Min": math.Min, "Mod": math.Mod, "Pow": math.Pow,
	}
)

func (p *piece) mathCall(x *ast.CallExpr) floatExpr {
	sel, ok := ast.Unparen(x.Fun).(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	fn, ok := p.info.Uses[sel.Sel].(*types.Func)
	if !ok || fn.Pkg() == nil || fn.Pkg().Path() != "math" {
		return nil
	}
	if one := math1[fn.Name()]; one != nil {
		a := p.float(x.Args[0])
		return func(f *frame) float64 { return one(a(f)) }
	}
	if two := math2[fn.Name()]; two != nil && len(x.Args) == 2 {
		a, b := p.float(x.Args[0]), p.float(x.Args[1])
		return func(f *frame) float64 { return two(a(f), b(f)) }
	}
	return nil
}
