package script

import (
	"fmt"
	"strings"
)

// calculated is a loop of the kind that package fast takes over, with variables
// and slices of its own: nothing in it needs the interpreter.
func (g *random) calculated() *node {
	c := &calculation{random: g, scope: len(g.vars)}
	n := &node{head: "{"}
	for range 3 + g.r.IntN(4) {
		t := g.scalar()
		name := g.fresh()
		n.body = append(n.body, leaf("%s := %s; _ = %s", name, g.value(t, 0), name))
		g.vars = append(g.vars, variable{name, t})
	}
	for range 1 + g.r.IntN(3) {
		t, name := pick(g, scalars), g.fresh()
		n.body = append(n.body, leaf("%s := []%s{%s, %s, %s}; _ = %s", name, t, g.value(t, 0), g.value(t, 0), g.value(t, 0), name))
		c.slices = append(c.slices, variable{name, t})
	}
	shown := len(g.vars)
	n.body = append(n.body, c.loop(3))
	var names []string
	for _, v := range append(append([]variable{}, g.vars[c.scope:shown]...), c.slices...) {
		names = append(names, v.name)
	}
	n.tail = fmt.Sprintf("fmt.Println(%s)\n}", strings.Join(names, ", "))
	g.vars = g.vars[:c.scope]
	return n
}

type calculation struct {
	*random
	slices []variable
	labels []string
	scope  int // outer variables are those of closures too: they are left alone
}

// of is a variable of type t, "" if there is none.
func (c *calculation) of(t string) string {
	var names []string
	for _, v := range c.vars[c.scope:] {
		if v.typ == t {
			names = append(names, v.name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return pick(c.random, names)
}

func (c *calculation) element(t string) string {
	for _, s := range c.slices {
		if s.typ == t && c.r.IntN(3) > 0 {
			return fmt.Sprintf("%s[%s]", s.name, c.index(s.name))
		}
	}
	return ""
}

// index is mostly inside the slice.
func (c *calculation) index(s string) string {
	if i := c.of("int"); i != "" {
		if c.r.IntN(12) == 0 && c.panics() {
			return i
		}
		return fmt.Sprintf("uint8(%s)%%3", i)
	}
	return fmt.Sprintf("len(%s)-1", s)
}

func (c *calculation) value(t string, depth int) string {
	if e := c.element(t); e != "" && c.r.IntN(4) == 0 {
		return e
	}
	if v := c.of(t); v != "" && (depth <= 0 || c.r.IntN(4) == 0) {
		return v
	}
	if depth <= 0 {
		return fmt.Sprintf("%s(%s)", t, c.literal(t))
	}
	switch {
	case t == "string":
		return fmt.Sprintf("%scut(%s + %s)", c.id, c.value(t, depth-1), c.value(t, depth-1))
	case t == "bool":
		return c.condition(depth)
	case isFloat(t):
		return c.real(t, depth)
	}
	return c.whole(t, depth)
}

// lone is an operand beside one that may be a constant: two would be folded.
func (c *calculation) lone(t string) string {
	if v := c.of(t); v != "" {
		return v
	}
	return fmt.Sprintf("%sid(%s(%s))", c.id, t, c.literal(t))
}

func (c *calculation) whole(t string, depth int) string {
	x := c.lone(t)
	switch c.r.IntN(10) {
	case 0, 1, 2:
		return fmt.Sprintf("(%s %s %s)", x, pick(c.random, []string{"+", "-", "*", "&", "|", "^", "&^"}), c.value(t, depth-1))
	case 3:
		if c.panics() {
			return fmt.Sprintf("(%s %s %s)", x, pick(c.random, []string{"/", "%"}), c.lone(t))
		}
		return fmt.Sprintf("(%s %s %s(%d))", x, pick(c.random, []string{"/", "%"}), t, 1+c.r.IntN(9))
	case 4:
		return fmt.Sprintf("(%s %s (%s & 63))", x, pick(c.random, []string{"<<", ">>"}), c.lone(pick(c.random, integers)))
	case 5:
		return fmt.Sprintf("(%s %s %d)", x, pick(c.random, []string{"<<", ">>"}), c.r.IntN(66))
	case 6:
		return fmt.Sprintf("(%s%s)", pick(c.random, []string{"-", "^", "+"}), x)
	case 7:
		return fmt.Sprintf("%s(%s)", t, c.lone(pick(c.random, integers)))
	case 8:
		return fmt.Sprintf("%s(%s, %s)", pick(c.random, []string{"min", "max"}), x, c.value(t, depth-1))
	}
	if t == "int" {
		return fmt.Sprintf("len(%s)", pick(c.random, []string{c.slices[0].name, c.lone("string")}))
	}
	return fmt.Sprintf("(%s - %s)", x, c.value(t, depth-1))
}

func (c *calculation) real(t string, depth int) string {
	x := c.lone(t)
	switch c.r.IntN(6) {
	case 0, 1, 2: // the conversion forbids to fuse operations
		return fmt.Sprintf("%s(%s %s %s)", t, x, pick(c.random, []string{"+", "-", "*", "/"}), c.lone(t))
	case 3:
		return "(-" + x + ")"
	case 4:
		return fmt.Sprintf("%s(%s)", t, c.lone(pick(c.random, append([]string{"float64"}, integers...))))
	}
	return fmt.Sprintf("%s(%s, %s)", pick(c.random, []string{"min", "max"}), x, c.value(t, depth-1))
}

func (c *calculation) condition(depth int) string {
	x := c.lone("bool")
	switch c.r.IntN(5) {
	case 0:
		return fmt.Sprintf("(%s %s %s)", x, pick(c.random, []string{"&&", "||", "==", "!="}), c.value("bool", depth-1))
	case 1:
		return "!" + x
	}
	t := pick(c.random, scalars)
	if t == "bool" {
		t = "int8"
	}
	return fmt.Sprintf("(%s %s %s)", c.lone(t), pick(c.random, []string{"<", "<=", ">", ">=", "==", "!="}), c.value(t, depth-1))
}

func (c *calculation) loop(depth int) *node {
	label, scope := "C"+c.fresh(), len(c.vars)
	i, t := c.fresh(), pick(c.random, []string{"int", "int", "int8", "uint8", "int32", "uint64"})
	head := fmt.Sprintf("for %s := %s(0); %s < %d; %s++ {", i, t, i, 1+c.r.IntN(5), i)
	switch c.r.IntN(3) {
	case 0:
		head = fmt.Sprintf("for %s := range %s(%d) {", i, t, c.r.IntN(6))
	case 1:
		s := pick(c.random, c.slices)
		v := c.fresh()
		head, t = fmt.Sprintf("for %s, %s := range %s { _ = %s\n", i, v, s.name, v), "int"
		c.vars = append(c.vars, variable{v, s.typ})
	}
	// A label that nothing uses is an error: the loop uses it itself, never.
	n := &node{head: fmt.Sprintf("%s:\n%s\nif %s > 99 { continue %s }", label, head, i, label), tail: "}"}
	c.fixed[i] = true
	c.vars = append(c.vars, variable{i, t})
	c.labels = append(c.labels, label)
	n.body = c.list(depth-1, 2+c.r.IntN(4))
	c.labels = c.labels[:len(c.labels)-1]
	c.vars = c.vars[:scope]
	return n
}

func (c *calculation) list(depth, statements int) []*node {
	scope := len(c.vars)
	defer func() { c.vars = c.vars[:scope] }()
	var list []*node
	for range statements {
		c.mayPanic = false
		list = append(list, c.step(depth))
	}
	return list
}

func (c *calculation) step(depth int) *node {
	t := c.scalar()
	switch k := c.r.IntN(14); {
	case depth > 0 && k == 0:
		return c.loop(depth)
	case depth > 0 && k < 3:
		n := &node{head: fmt.Sprintf("if %s {", c.value("bool", 2)), tail: "}", body: c.list(depth-1, 1+c.r.IntN(3))}
		if c.r.IntN(2) == 0 {
			n.body = append(n.body, &node{head: "} else {", body: c.list(depth-1, 1)})
		}
		return n
	case depth > 0 && k == 3:
		n := &node{head: fmt.Sprintf("switch %s {", c.value("int16", 1)), tail: "}"}
		for i := range 3 {
			n.body = append(n.body, &node{head: fmt.Sprintf("case %d:", i*7-1), body: c.list(depth-1, 1)})
		}
		n.body = append(n.body, &node{head: "default:", body: c.list(depth-1, 1)})
		return n
	case k == 4:
		return leaf("if %s { %s %s }", c.value("bool", 1), pick(c.random, []string{"break", "continue"}), pick(c.random, c.labels))
	case k == 5:
		name := c.fresh()
		n := leaf("%s := %s; _ = %s", name, c.value(t, 2), name)
		c.vars = append(c.vars, variable{name, t})
		return n
	case k == 6:
		if a, b := c.writable(t), c.writable(t); a != "" && b != "" && a != b {
			return leaf("%s, %s = %s, %s", a, b, c.value(t, 1), c.lone(t))
		}
	case k < 9:
		if e := c.element(t); e != "" {
			return c.store(e, t)
		}
	}
	if name := c.writable(t); name != "" {
		return c.store(name, t)
	}
	return leaf("_ = %s", c.value(t, 1))
}

func (c *calculation) writable(t string) string {
	for range 4 {
		if name := c.of(t); name != "" && !c.fixed[name] {
			return name
		}
	}
	return ""
}

func (c *calculation) store(place, t string) *node {
	switch {
	case t == "bool" || c.r.IntN(3) == 0:
		return leaf("%s = %s", place, c.value(t, 2))
	case t == "string":
		return leaf("%s = %scut(%s + %s)", place, c.id, place, c.value(t, 1))
	case isFloat(t):
		return leaf("%s %s= %s", place, pick(c.random, []string{"+", "-", "*", "/"}), c.value(t, 1))
	case c.r.IntN(4) == 0:
		return leaf("%s%s", place, pick(c.random, []string{"++", "--"}))
	case c.r.IntN(4) == 0:
		return leaf("%s %s= %s & 31", place, pick(c.random, []string{"<<", ">>"}), c.lone(pick(c.random, integers)))
	}
	return leaf("%s %s= %s", place, pick(c.random, []string{"+", "-", "*", "&", "|", "^", "&^"}), c.value(t, 2))
}
