package chat

import (
	"fmt"
	"slices"
	"strings"
)

const maxDepth = 150 // of nested tags and brackets

// parser builds the tree; it follows jinja2's parser.py (3.1).
type parser struct {
	toks  []token
	pos   int
	depth int
	loops int // for bodies around the current place
	// callable holds the names that the template itself gives to macros; any other
	// name that is called must be one of the functions.
	callable map[string]bool
	calls    []token
	markups  []token // filters that make markup and whose place is not known to be right yet
	generate bool    // the template has {% generation %}
}

func (p *parser) cur() token { return p.toks[p.pos] }

func (p *parser) next() token {
	t := p.toks[p.pos]
	if t.kind != tokEOF {
		p.pos++
	}
	return t
}

func (p *parser) fail(format string, args ...any) {
	failf("line %d: %s", p.cur().line, fmt.Sprintf(format, args...))
}

func (p *parser) isOp(text string) bool { return p.cur().kind == tokOp && p.cur().text == text }
func (p *parser) isName(names ...string) bool {
	return p.cur().kind == tokName && slices.Contains(names, p.cur().text)
}

func (p *parser) skipOp(text string) bool {
	ok := p.isOp(text)
	if ok {
		p.pos++
	}
	return ok
}

func (p *parser) skipName(name string) bool {
	ok := p.isName(name)
	if ok {
		p.pos++
	}
	return ok
}

func (p *parser) expect(k kind, text string) token {
	t := p.next()
	if t.kind != k || text != "" && t.text != text {
		want := "'" + text + "'"
		if text == "" {
			want = "a name"
		}
		failf("line %d: %v where %s belongs", t.line, t, want)
	}
	return t
}

// enter guards the parser's and the interpreter's own recursion.
func (p *parser) enter() func() {
	if p.depth++; p.depth > maxDepth {
		p.fail("more than %d levels of nesting", maxDepth)
	}
	return func() { p.depth-- }
}

// statements reads up to a block tag that one of the names starts; the tag's name
// is the current token then. Without names it reads to the end.
func (p *parser) statements(until ...string) []stmt {
	defer p.enter()()
	var out []stmt
	for {
		t := p.next()
		switch t.kind {
		case tokEOF:
			if len(until) > 0 {
				failf("line %d: %s is missing", t.line, strings.Join(until, " or "))
			}
			return out
		case tokData:
			out = append(out, textStmt{t.text})
		case tokVarBegin:
			e := p.tuple(true)
			p.expect(tokVarEnd, "}}")
			out = append(out, outputStmt{t.line, p.outermost(e)})
		case tokBlockBegin:
			if p.isName(until...) {
				return out
			}
			if s := p.block(); s != nil {
				out = append(out, s)
			}
		default:
			failf("line %d: unexpected %v", t.line, t)
		}
	}
}

func (p *parser) endBlock() { p.expect(tokBlockEnd, "%}") }

// closeBlock passes over the closing tag's name and its end.
func (p *parser) closeBlock() {
	p.next()
	p.endBlock()
}

func (p *parser) block() stmt {
	t := p.expect(tokName, "")
	switch t.text {
	case "if":
		return p.ifBlock(t.line)
	case "for":
		return p.forBlock(t.line)
	case "set":
		return p.setBlock(t.line)
	case "with":
		return p.withBlock(t.line)
	case "macro":
		return p.macroBlock(t.line)
	case "filter":
		f := p.filters(true)
		p.endBlock()
		body := p.statements("endfilter")
		p.closeBlock()
		return filterStmt{t.line, f, body}
	case "generation":
		p.generate = true
		p.endBlock()
		loops := p.loops
		p.loops = 0 // the body is a function of its own
		body := p.statements("endgeneration")
		p.loops = loops
		p.closeBlock()
		return generationStmt{t.line, body}
	case "break", "continue":
		if p.loops == 0 {
			failf("line %d: %s outside of a loop", t.line, t.text)
		}
		p.endBlock()
		return loopControl{t.text == "break"}
	}
	failf("line %d: the tag %q is not supported", t.line, t.text)
	return nil
}

func (p *parser) ifBlock(line int) stmt {
	s := ifStmt{line: line, cond: p.tuple(false)}
	p.endBlock()
	s.then = p.statements("elif", "else", "endif")
	switch p.next().text {
	case "elif":
		defer p.enter()()
		s.otherwise = []stmt{p.ifBlock(p.cur().line)}
		return s
	case "else":
		p.endBlock()
		s.otherwise = p.statements("endif")
		p.next()
	}
	p.endBlock()
	return s
}

func (p *parser) forBlock(line int) stmt {
	s := forStmt{line: line}
	s.target, s.unpack = p.targets()
	p.expect(tokName, "in")
	s.iter = p.tuple(false)
	if p.skipName("if") {
		s.cond = p.expression()
	}
	if p.isName("recursive") {
		p.fail("recursive loops are not supported")
	}
	p.endBlock()
	p.loops++
	s.body = p.statements("endfor", "else")
	p.loops--
	if p.next().text == "else" {
		p.endBlock()
		s.otherwise = p.statements("endfor")
		p.next()
	}
	p.endBlock()
	return s
}

// targets reads a, or a, b, or (a, b).
func (p *parser) targets() (names []string, unpack bool) {
	if p.skipOp("(") {
		unpack = true
		defer p.expect(tokOp, ")")
	}
	for {
		names = append(names, p.target())
		if !p.skipOp(",") {
			return names, unpack
		}
		unpack = true
		if p.cur().kind != tokName || p.isName("in") {
			return names, unpack
		}
	}
}

func (p *parser) target() string {
	t := p.expect(tokName, "")
	if slices.Contains([]string{"true", "false", "none", "True", "False", "None", "loop"}, t.text) {
		failf("line %d: %q cannot be assigned to", t.line, t.text)
	}
	return t.text
}

func (p *parser) setBlock(line int) stmt {
	s := setStmt{line: line}
	s.target, s.unpack = p.targets()
	if len(s.target) == 1 && !s.unpack && p.skipOp(".") {
		s.attr = p.expect(tokName, "").text
	}
	if p.skipOp("=") {
		s.value = p.tuple(true)
		p.endBlock()
		return s
	}
	if s.unpack || s.attr != "" {
		p.fail("%v where = belongs", p.cur())
	}
	f := p.filters(false)
	p.endBlock()
	body := p.statements("endset")
	p.closeBlock()
	return setBlockStmt{line, s.target[0], f, body}
}

func (p *parser) withBlock(line int) stmt {
	s := withStmt{line: line}
	for p.cur().kind != tokBlockEnd {
		if len(s.names) > 0 {
			p.expect(tokOp, ",")
		}
		s.names = append(s.names, p.target())
		p.expect(tokOp, "=")
		s.values = append(s.values, p.expression())
	}
	p.endBlock()
	s.body = p.statements("endwith")
	p.closeBlock()
	return s
}

func (p *parser) macroBlock(line int) stmt {
	s := macroStmt{line: line, name: p.target()}
	p.callable[s.name] = true
	p.expect(tokOp, "(")
	for !p.isOp(")") {
		if len(s.params) > 0 {
			p.expect(tokOp, ",")
		}
		s.params = append(s.params, p.target())
		if p.skipOp("=") {
			s.defaults = append(s.defaults, p.expression())
		} else if len(s.defaults) > 0 {
			p.fail("a parameter without a default behind one with")
		}
	}
	p.next()
	p.endBlock()
	loops := p.loops
	p.loops = 0
	s.body = p.statements("endmacro")
	p.loops = loops
	p.closeBlock()
	return s
}

// filters reads upper|trim of a filter block, or |upper|trim of a set block.
func (p *parser) filters(first bool) []filterCall {
	var out []filterCall
	for first || p.skipOp("|") {
		first = false
		out = append(out, p.filter())
	}
	return out
}
