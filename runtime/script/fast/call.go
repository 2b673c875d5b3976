package fast

import (
	"go/ast"
	"go/types"
)

// call compiles a call of one of the script's functions: what runs it and leaves
// its frame for who takes the result and releases the frame.
func (p *piece) call(x *ast.CallExpr) (run func(*frame) *frame, code *Code) {
	fn := p.callee(x)
	if fn == nil {
		panic(unfit{})
	}
	if code = p.funcs[fn]; code == nil {
		if code = p.Func(fn); code == nil {
			panic(unfit{})
		}
	}
	arguments := p.arguments(x, fn, code)
	if len(arguments) == 1 {
		only := arguments[0]
		return func(f *frame) *frame {
			g := code.frame(f.thread)
			only(f, g)
			g.enter(code)
			return g
		}, code
	}
	return func(f *frame) *frame {
		g := code.frame(f.thread)
		for _, set := range arguments {
			set(f, g)
		}
		g.enter(code)
		return g
	}, code
}

// enter runs the function in its own frame.
func (g *frame) enter(code *Code) {
	if g.stop.Load() {
		panic(stopped{})
	}
	code.body(g)
}

func (p *piece) callee(x *ast.CallExpr) *types.Func {
	id, ok := ast.Unparen(x.Fun).(*ast.Ident)
	if !ok || x.Ellipsis.IsValid() {
		return nil
	}
	fn, ok := p.info.Uses[id].(*types.Func)
	if !ok || p.decls[fn] == nil || len(x.Args) != fn.Signature().Params().Len() {
		return nil
	}
	return fn
}

// arguments compiles the assignments to the parameters.
func (p *piece) arguments(x *ast.CallExpr, fn *types.Func, code *Code) []func(f, g *frame) {
	list := make([]func(f, g *frame), len(x.Args))
	for i, arg := range x.Args {
		k, ok := kindOf(fn.Signature().Params().At(i).Type())
		if !ok {
			panic(unfit{})
		}
		reg := code.outer[i].reg
		switch k {
		case kindInt:
			v := p.int(arg)
			list[i] = func(f, g *frame) { g.i[reg] = v(f) }
		case kindFloat:
			v := p.float(arg)
			list[i] = func(f, g *frame) { g.f[reg] = v(f) }
		case kindString:
			v := p.string(arg)
			list[i] = func(f, g *frame) { g.s[reg] = v(f) }
		case kindSlice:
			v := p.sliceValue(arg)
			list[i] = func(f, g *frame) { g.h[reg] = v(f) }
		}
	}
	return list
}

// pure says whether a function only reads: it assigns to no element of a slice.
// Go leaves open when an operand is read that a call beside it changes, and what
// the compiler makes of it is not what is written from left to right.
func (c *Compiler) pure(fn *types.Func, seen map[*types.Func]bool) bool {
	if seen[fn] {
		return true
	}
	seen[fn] = true
	pure := true
	ast.Inspect(c.decls[fn].Body, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.AssignStmt:
			for _, to := range x.Lhs {
				if _, element := ast.Unparen(to).(*ast.IndexExpr); element {
					pure = false
				}
			}
		case *ast.IncDecStmt:
			if _, element := ast.Unparen(x.X).(*ast.IndexExpr); element {
				pure = false
			}
		case *ast.CallExpr: // append writes where there is room
			if id, ok := ast.Unparen(x.Fun).(*ast.Ident); ok {
				if b, ok := c.info.Uses[id].(*types.Builtin); ok && (b.Name() == "append" || b.Name() == "copy" || b.Name() == "clear") {
					pure = false
				}
			}
		}
		return pure
	})
	for _, called := range c.calls(c.decls[fn].Body) {
		pure = pure && c.pure(called, seen)
	}
	return pure
}

// alone refuses a statement in which a function that writes is called beside
// anything that reads.
func (p *piece) alone(parts ...ast.Expr) {
	for _, part := range parts {
		if part == nil {
			continue
		}
		top, _ := ast.Unparen(part).(*ast.CallExpr)
		ast.Inspect(part, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || call == top && len(parts) == 1 {
				return true
			}
			if fn := p.callee(call); fn != nil && !p.pure(fn, map[*types.Func]bool{}) {
				panic(unfit{})
			}
			return true
		})
	}
}
