package chat

import (
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// tuple reads one expression, or several with commas between.
func (p *parser) tuple(cond bool) expr {
	one := p.or
	if cond {
		one = p.expression
	}
	first := one()
	if !p.isOp(",") {
		return first
	}
	items := []expr{first}
	for p.skipOp(",") {
		switch {
		case p.cur().kind == tokVarEnd, p.cur().kind == tokBlockEnd, p.isOp(")"):
			return tupleExpr{items}
		}
		items = append(items, one())
	}
	return tupleExpr{items}
}

func (p *parser) expression() expr {
	defer p.enter()()
	e := p.or()
	for p.skipName("if") {
		c := condExpr{cond: p.or(), then: e}
		if p.skipName("else") {
			c.otherwise = p.expression()
		}
		e = c
	}
	return e
}

func (p *parser) or() expr {
	defer p.enter()()
	e := p.and()
	for p.skipName("or") {
		e = p.binary("or", e, p.and())
	}
	return e
}

func (p *parser) and() expr {
	e := p.not()
	for p.skipName("and") {
		e = p.binary("and", e, p.not())
	}
	return e
}

// binary nests to the left, so that a long chain is a deep tree.
func (p *parser) binary(op string, left, right expr) expr {
	depth := 0
	for e, ok := left.(binaryExpr); ok; e, ok = e.left.(binaryExpr) {
		depth++
	}
	if depth > 1000 {
		p.fail("more than 1000 operators in a row")
	}
	return binaryExpr{op, left, right}
}

func (p *parser) not() expr {
	if p.skipName("not") {
		defer p.enter()()
		return unaryExpr{"not", p.not()}
	}
	return p.compare()
}

func (p *parser) compare() expr {
	c := compareExpr{first: p.sum()}
	for {
		op := ""
		switch {
		case p.cur().kind == tokOp && slices.Contains([]string{"==", "!=", "<", "<=", ">", ">="}, p.cur().text):
			op = p.next().text
		case p.skipName("in"):
			op = "in"
		case p.isName("not") && p.toks[p.pos+1].kind == tokName && p.toks[p.pos+1].text == "in":
			p.pos += 2
			op = "not in"
		}
		if op == "" {
			break
		}
		c.ops = append(c.ops, op)
		c.rest = append(c.rest, p.sum())
	}
	if len(c.ops) == 0 {
		return c.first
	}
	return c
}

func (p *parser) sum() expr {
	e := p.concat()
	for p.isOp("+") || p.isOp("-") {
		op := p.next().text
		e = p.binary(op, e, p.concat())
	}
	return e
}

func (p *parser) concat() expr {
	e := p.product()
	for p.skipOp("~") {
		e = p.binary("~", e, p.product())
	}
	return e
}

func (p *parser) product() expr {
	e := p.power()
	for p.isOp("*") || p.isOp("/") || p.isOp("//") || p.isOp("%") {
		op := p.next().text
		e = p.binary(op, e, p.power())
	}
	return e
}

// power nests to the left here, unlike in Python.
func (p *parser) power() expr {
	e := p.unary(true)
	for p.skipOp("**") {
		e = p.binary("**", e, p.unary(true))
	}
	return e
}

func (p *parser) unary(filters bool) expr {
	defer p.enter()()
	var e expr
	switch {
	case p.skipOp("-"):
		e = unaryExpr{"-", p.unary(false)}
	case p.skipOp("+"):
		e = unaryExpr{"+", p.unary(false)}
	default:
		e = p.primary()
	}
	e = p.postfix(e)
	if filters {
		e = p.filtersAndTests(e)
	}
	return e
}

func (p *parser) primary() expr {
	t := p.next()
	switch t.kind {
	case tokName:
		switch t.text {
		case "true", "True":
			return constExpr{true}
		case "false", "False":
			return constExpr{false}
		case "none", "None":
			return constExpr{nil}
		case "caller", "varargs", "kwargs", "self", "super":
			failf("line %d: %q is not supported", t.line, t.text)
		}
		return nameExpr{t.text}
	case tokString:
		text := t.text
		for p.cur().kind == tokString {
			text += p.next().text
		}
		return constExpr{text}
	case tokInt:
		if len(t.text) > 1000 {
			failf("line %d: a number of %d digits", t.line, len(t.text))
		}
		v, _ := new(big.Int).SetString(t.text, 10)
		return constExpr{normInt(v)}
	case tokFloat:
		v, _ := strconv.ParseFloat(t.text, 64)
		return constExpr{v}
	case tokOp:
		switch t.text {
		case "(":
			return p.parenthesis()
		case "[":
			return listExpr{p.items("]")}
		case "{":
			return p.dict()
		}
	}
	failf("line %d: unexpected %v", t.line, t)
	return nil
}

func (p *parser) parenthesis() expr {
	if p.skipOp(")") {
		return tupleExpr{}
	}
	e := p.tuple(true)
	p.expect(tokOp, ")")
	return e
}

func (p *parser) items(end string) []expr {
	var out []expr
	for !p.skipOp(end) {
		if len(out) > 0 {
			p.expect(tokOp, ",")
			if p.skipOp(end) {
				break
			}
		}
		out = append(out, p.expression())
	}
	return out
}

func (p *parser) dict() expr {
	var d dictExpr
	for !p.skipOp("}") {
		if len(d.keys) > 0 {
			p.expect(tokOp, ",")
			if p.skipOp("}") {
				break
			}
		}
		d.keys = append(d.keys, p.expression())
		p.expect(tokOp, ":")
		d.values = append(d.values, p.expression())
	}
	return d
}

// postfix reads .name, [index], (call) in any number.
func (p *parser) postfix(e expr) expr {
	for n := 0; ; n++ {
		if n > maxDepth {
			p.fail("more than %d subscripts in a row", maxDepth)
		}
		switch {
		case p.skipOp("."):
			e = p.attribute(e)
		case p.skipOp("["):
			e = p.subscript(e)
		case p.isOp("("):
			e = p.call(e)
		default:
			return e
		}
	}
}

func (p *parser) attribute(of expr) expr {
	t := p.next()
	switch t.kind {
	case tokName:
		if strings.HasPrefix(t.text, "_") {
			failf("line %d: the attribute %q is not supported", t.line, t.text)
		}
		return attrExpr{of, t.text}
	case tokInt:
		v, _ := new(big.Int).SetString(t.text, 10)
		return itemExpr{of, constExpr{normInt(v)}}
	}
	failf("line %d: %v where a name belongs", t.line, t)
	return nil
}

func (p *parser) subscript(of expr) expr {
	var parts [3]expr
	if !p.isOp(":") {
		parts[0] = p.expression()
		if p.skipOp("]") {
			return itemExpr{of, parts[0]}
		}
		if p.isOp(",") {
			p.fail("more than one index is not supported")
		}
	}
	p.expect(tokOp, ":")
	for i := 1; i < 3 && !p.isOp("]"); i++ {
		if !p.isOp(":") {
			parts[i] = p.expression()
		}
		if i == 1 && !p.skipOp(":") {
			break
		}
	}
	p.expect(tokOp, "]")
	return sliceExpr{of, parts[0], parts[1], parts[2]}
}

// call reads a call's arguments. What is called must be known: a function, a
// macro of this template, or a method.
func (p *parser) call(fn expr) expr {
	switch f := fn.(type) {
	case nameExpr:
		p.calls = append(p.calls, token{tokName, f.name, p.cur().line})
	case attrExpr:
		if !knownMethod(f.name) {
			p.fail("the method %q is not supported", f.name)
		}
	default:
		p.fail("calling this is not supported")
	}
	return callExpr{fn, p.arguments()}
}

func (p *parser) arguments() arguments {
	var a arguments
	p.expect(tokOp, "(")
	for n := 0; !p.skipOp(")"); n++ {
		if n > 0 {
			p.expect(tokOp, ",")
			if p.skipOp(")") {
				break
			}
		}
		if p.isOp("*") || p.isOp("**") {
			p.fail("arguments with %s are not supported", p.cur().text)
		}
		if p.cur().kind == tokName && p.toks[p.pos+1].kind == tokOp && p.toks[p.pos+1].text == "=" {
			name := p.next().text
			p.next()
			if slices.Contains(a.names, name) {
				p.fail("the argument %q is there twice", name)
			}
			a.names = append(a.names, name)
			a.named = append(a.named, p.expression())
			continue
		}
		if len(a.names) > 0 {
			p.fail("a positional argument behind a named one")
		}
		a.pos = append(a.pos, p.expression())
	}
	return a
}

func (p *parser) filtersAndTests(e expr) expr {
	for n := 0; ; n++ {
		if n > maxDepth {
			p.fail("more than %d filters in a row", maxDepth)
		}
		switch {
		case p.skipOp("|"):
			e = filterExpr{e, p.filter()}
		case p.skipName("is"):
			e = p.test(e)
		case p.isOp("("):
			p.fail("calling this is not supported")
		default:
			return e
		}
	}
}

func (p *parser) filter() filterCall {
	t := p.expect(tokName, "")
	f, ok := filters[t.text]
	if !ok {
		failf("line %d: the filter %q is not supported", t.line, t.text)
	}
	c := filterCall{name: t.text}
	if p.isOp("(") {
		c.args = p.arguments()
	}
	if err := f.sig.check(c.args); err != nil {
		failf("line %d: filter %s: %w", t.line, t.text, err)
	}
	p.checkNamed(t, c.args)
	if f.markup {
		p.markups = append(p.markups, t)
	}
	return c
}

// checkNamed looks at the filter or test that map, select and their kin are
// given by name.
func (p *parser) checkNamed(t token, a arguments) {
	at, known := 0, knownTest
	switch t.text {
	case "map":
		known = func(name string) bool { _, ok := filters[name]; return ok }
	case "select", "reject":
	case "selectattr", "rejectattr":
		at = 1
	default:
		return
	}
	if len(a.pos) <= at {
		return
	}
	if c, ok := a.pos[at].(constExpr); ok {
		if name, ok := c.v.(string); !ok || !known(name) {
			failf("line %d: filter %s: %v is not supported", t.line, t.text, c.v)
		}
	}
}

func (p *parser) test(of expr) expr {
	e := testExpr{of: of, not: p.skipName("not")}
	t := p.expect(tokName, "")
	e.name = t.text
	want, ok := tests[t.text]
	if !ok {
		failf("line %d: the test %q is not supported", t.line, t.text)
	}
	c := p.cur()
	switch {
	case p.isOp("("):
		e.args = p.arguments()
	case p.isName("else", "or", "and"):
	case p.isName("is"):
		p.fail("two tests in a row")
	case c.kind == tokName, c.kind == tokString, c.kind == tokInt, c.kind == tokFloat, p.isOp("["), p.isOp("{"):
		e.args.pos = []expr{p.postfix(p.primary())}
	}
	if len(e.args.names) > 0 || len(e.args.pos) != want.args {
		failf("line %d: test %s: %d arguments, want %d", t.line, t.text, len(e.args.pos)+len(e.args.names), want.args)
	}
	return e
}

// outermost lets e, escape and safe through where they come last in an output:
// everywhere else the markup that they make would change what other operators do.
func (p *parser) outermost(e expr) expr {
	if f, ok := e.(filterExpr); ok && filters[f.name].markup {
		p.markups = p.markups[:len(p.markups)-1]
	}
	p.checkMarkup()
	return e
}

func (p *parser) checkMarkup() {
	if len(p.markups) > 0 {
		t := p.markups[0]
		failf("line %d: the filter %q is supported only as the last of an output", t.line, t.text)
	}
}
