package lower

import (
	"go/ast"
	"go/token"
	"go/types"
)

// yield is a loop over a function: its body is a closure that the function
// calls, and leaves by returning false after storing why.
type yield struct {
	code  string // variable: 0 goes on, -1 return, else an entry of exits
	exits []exit
}

// exit is a break or continue out of a yield to something around it.
type exit struct {
	tok    token.Token
	target *branchTarget
}

func (l *lowerer) rangeFunc(s *ast.RangeStmt, label string, sig *types.Signature) []ast.Stmt {
	params := sig.Params().At(0).Type().Underlying().(*types.Signature).Params()
	y := &yield{code: l.temp("leave")}
	over := l.temp("over")
	done := l.temp("done")
	pre := []ast.Stmt{
		l.define(over, l.expr(s.X)),
		l.define(y.code, l.int(0)),
		l.define(done, l.id("false")),
	}
	fields, first := l.yieldParams(s, params)
	at := l.at
	target := &branchTarget{label: label, loop: true, yield: y}
	l.fn.yields = append(l.fn.yields, y)
	var body []ast.Stmt
	body = l.within(target, func() []ast.Stmt { return l.stmts(s.Body.List) })
	l.fn.yields = l.fn.yields[:len(l.fn.yields)-1]
	l.at = at
	head := []ast.Stmt{
		l.ifThen(l.id(done), l.stmtOf(l.host("Exhausted"))),
		l.assign(l.id(done), l.id("true")),
	}
	body = append(append(head, first...), body...)
	body = append(body, l.assign(l.id(done), l.id("false")), l.ret(l.id("true")))
	fn := l.lambda(fields, []*ast.Field{l.field("", l.id("bool"))}, body...)
	pre = append(pre, l.stmtOf(l.call(l.id(over), fn)), l.assign(l.id(done), l.id("true")))
	pre = append(pre, l.afterYield(y)...)
	y.patch(l, done, fn)
	return []ast.Stmt{l.block(pre...)}
}

// patch lets continue allow the next call: done is false again.
func (y *yield) patch(l *lowerer, done string, fn *ast.FuncLit) {
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		b, ok := n.(*ast.BlockStmt)
		if !ok {
			if c, isCase := n.(*ast.CaseClause); isCase {
				c.Body = y.allow(l, done, c.Body)
			}
			if c, isComm := n.(*ast.CommClause); isComm {
				c.Body = y.allow(l, done, c.Body)
			}
			_, isLit := n.(*ast.FuncLit)
			return !isLit
		}
		b.List = y.allow(l, done, b.List)
		return true
	})
}

func (y *yield) allow(l *lowerer, done string, list []ast.Stmt) []ast.Stmt {
	var out []ast.Stmt
	for _, s := range list {
		if r, ok := s.(*ast.ReturnStmt); ok && l.continues[r] == y {
			out = append(out, l.assign(l.id(done), l.id("false")))
		}
		out = append(out, s)
	}
	return out
}

func (l *lowerer) yieldParams(s *ast.RangeStmt, params *types.Tuple) (fields []*ast.Field, first []ast.Stmt) {
	exprs := []ast.Expr{s.Key, s.Value}
	for i := range params.Len() {
		t := params.At(i).Type()
		n := l.temp("each")
		fields = append(fields, l.field(n, l.typ(t)))
		e := exprs[i]
		if id, ok := e.(*ast.Ident); e == nil || ok && id.Name == "_" {
			continue
		}
		if id, ok := e.(*ast.Ident); ok && s.Tok == token.DEFINE {
			first = append(first, l.define(id.Name, l.id(n)), l.assign(l.id("_"), l.id(id.Name)))
			continue
		}
		first = append(first, l.assign(l.expr(e), l.convert(l.id(n), t, l.info.TypeOf(e))))
	}
	return fields, first
}

// leave lowers break and continue inside a yield.
func (l *lowerer) leave(tok token.Token, t *branchTarget) []ast.Stmt {
	innermost := l.fn.yields[len(l.fn.yields)-1]
	if t.yield == innermost {
		r := l.ret(l.id(map[token.Token]string{token.BREAK: "false", token.CONTINUE: "true"}[tok])).(*ast.ReturnStmt)
		if tok == token.CONTINUE {
			l.continues[r] = innermost
		}
		return []ast.Stmt{r}
	}
	innermost.exits = append(innermost.exits, exit{tok, t})
	return []ast.Stmt{l.assign(l.id(innermost.code), l.int(len(innermost.exits))), l.ret(l.id("false"))}
}

func (l *lowerer) returnFromYield(s *ast.ReturnStmt) []ast.Stmt {
	out := l.storeResults(s)
	innermost := l.fn.yields[len(l.fn.yields)-1]
	return append(out, l.assign(l.id(innermost.code), l.int(-1)), l.ret(l.id("false")))
}

// afterYield goes on to where the body wanted to go; the loop is over by now.
func (l *lowerer) afterYield(y *yield) []ast.Stmt {
	var out []ast.Stmt
	returned := []ast.Stmt{}
	switch {
	case len(l.fn.yields) > 0:
		outer := l.fn.yields[len(l.fn.yields)-1]
		returned = append(returned, l.assign(l.id(outer.code), l.int(-1)), l.ret(l.id("false")))
	case l.fn.inner:
		returned = append(returned, l.ret())
	default:
		returned = append(returned, l.restore(l.fn)...)
		returned = append(returned, l.ret(l.ids(l.fn.results)...))
	}
	out = append(out, l.ifThen(&ast.BinaryExpr{X: l.id(y.code), OpPos: l.at, Op: token.EQL, Y: l.int(-1)}, returned...))
	for i, e := range y.exits {
		var jump []ast.Stmt
		if e.target.yield != nil || e.target.depth < len(l.fn.yields) {
			jump = l.leave(e.tok, e.target)
		} else {
			b := &ast.BranchStmt{TokPos: l.at, Tok: e.tok}
			if e.target.label != "" {
				b.Label = l.id(e.target.label)
			}
			jump = []ast.Stmt{b}
		}
		out = append(out, l.ifThen(&ast.BinaryExpr{X: l.id(y.code), OpPos: l.at, Op: token.EQL, Y: l.int(i + 1)}, jump...))
	}
	return out
}
