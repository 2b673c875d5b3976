package script

import (
	"fmt"
	"strings"
)

// compound is a statement with a body.
func (g *random) compound(depth int) *node {
	g.mayPanic = false
	switch g.r.IntN(12) {
	case 9, 10, 11:
		return g.calculated()
	case 0:
		n := &node{head: fmt.Sprintf("if %s {", g.expr("bool")), tail: "}"}
		n.body = g.block(depth, 1+g.r.IntN(4))
		return n
	case 1:
		return g.choice(depth)
	case 2:
		return g.ranged(depth)
	case 3:
		return g.labelled(depth)
	case 4:
		return g.deferred(depth)
	case 5:
		return g.captured()
	case 6:
		return g.backwards(depth)
	}
	return g.counted(depth)
}

// counted is a loop of the kind that package fast takes over.
func (g *random) counted(depth int) *node {
	t := pick(g, []string{"int", "int", "int8", "int32", "uint8", "uint64"})
	i, scope := g.fresh(), len(g.vars)
	n := &node{head: fmt.Sprintf("for %s := %s(0); %s < %d; %s++ {", i, t, i, 1+g.r.IntN(6), i), tail: "}"}
	if g.r.IntN(3) == 0 {
		n.head = fmt.Sprintf("for %s := range %s(%d) {", i, t, g.r.IntN(6))
	}
	n.head += " _ = " + i
	g.fixed[i] = true
	g.vars = append(g.vars, variable{i, t})
	n.body = g.block(depth, 1+g.r.IntN(4))
	g.vars = g.vars[:scope]
	return n
}

func (g *random) choice(depth int) *node {
	t := g.scalar()
	n := &node{head: fmt.Sprintf("switch x := %s; {", g.expr(t)), tail: "}"}
	for i := range 1 + g.r.IntN(3) {
		c := &node{head: fmt.Sprintf("case x == %s:", g.operand(t, 1))}
		c.body = g.block(depth, g.r.IntN(3))
		if i == 0 && g.r.IntN(3) == 0 {
			c.tail = "fallthrough"
		}
		n.body = append(n.body, c)
	}
	n.body = append(n.body, &node{head: "default:", body: g.block(depth, 1)})
	return n
}

func (g *random) ranged(depth int) *node {
	i, v, scope := g.fresh(), g.fresh(), len(g.vars)
	t, over := "rune", g.expr("string")
	if g.r.IntN(2) == 0 {
		t = g.scalar()
		over = fmt.Sprintf("[]%s{%s, %s, %s}", t, g.value(t, 0), g.value(t, 0), g.operand(t, 0))
	} else if g.r.IntN(3) == 0 {
		t, over = "uint8", "[]byte("+over+")"
	}
	if t == "rune" {
		t = "int32"
	}
	n := &node{head: fmt.Sprintf("for %s, %s := range %s { _, _ = %s, %s", i, v, over, i, v), tail: "}"}
	g.fixed[i] = true
	g.vars = append(g.vars, variable{i, "int"}, variable{v, t})
	n.body = g.block(depth, 1+g.r.IntN(3))
	g.vars = g.vars[:scope]
	return n
}

// labelled are two loops, left and continued from the inner one.
func (g *random) labelled(depth int) *node {
	label, i, j, scope := "L"+g.fresh(), g.fresh(), g.fresh(), len(g.vars)
	n := &node{head: fmt.Sprintf("%s:\nfor %s := 0; %s < %d; %s++ {", label, i, i, 1+g.r.IntN(5), i), tail: "}"}
	g.fixed[i], g.fixed[j] = true, true
	g.vars = append(g.vars, variable{i, "int"})
	inner := &node{head: fmt.Sprintf("for %s := range %d {\nif %s == 99 { continue %s }", j, 1+g.r.IntN(5), j, label), tail: "}"}
	g.vars = append(g.vars, variable{j, "int"})
	inner.body = g.block(depth, 1+g.r.IntN(3))
	g.mayPanic = false
	inner.body = append(inner.body, leaf("if %s { %s %s }", g.expr("bool"), pick(g, []string{"break", "continue"}), label))
	inner.body = append(inner.body, g.block(depth, 1)...)
	g.vars = g.vars[:scope+1]
	n.body = append(g.block(depth, 1), inner)
	n.body = append(n.body, g.block(depth, 1)...)
	g.vars = g.vars[:scope]
	return n
}

// deferred is a function with a named result that its defer changes after a panic.
func (g *random) deferred(depth int) *node {
	t, res, scope := g.scalar(), g.fresh(), len(g.vars)
	n := &node{head: fmt.Sprintf(`fmt.Println(func() (%s %s) {
defer func() {
	if r := recover(); r != nil { fmt.Println("recovered", r) }
	%s = %s
}()`, res, t, res, g.expr(t)), tail: "return " + res + "\n}())"}
	g.vars = append(g.vars, variable{res, t})
	for range 1 + g.r.IntN(2) {
		g.mayPanic = false
		n.body = append(n.body, leaf(`defer fmt.Println("deferred", %s)`, g.expr(g.scalar())))
	}
	n.body = append(n.body, g.block(depth, 1+g.r.IntN(4))...)
	g.mayPanic = false
	if g.r.IntN(2) == 0 {
		n.body = append(n.body, leaf("if %s { panic(%s) }", g.expr("bool"), g.value(g.scalar(), 1)))
	}
	g.vars = g.vars[:scope]
	return n
}

// captured are closures made in a loop, called after it.
func (g *random) captured() *node {
	t, i, fs, scope := g.scalar(), g.fresh(), g.fresh(), len(g.vars)
	n := &node{head: fmt.Sprintf("{\nvar %s []func() %s", fs, t), tail: fmt.Sprintf("for _, f := range %s { fmt.Println(f(), f()) }\n}", fs)}
	g.vars = append(g.vars, variable{i, "int"})
	g.fixed[i] = true
	k := g.declare(t, g.expr(t))
	g.mayPanic = false
	n.body = []*node{{head: fmt.Sprintf("for %s := 0; %s < 3; %s++ {", i, i, i), tail: "}", body: []*node{
		k, leaf("%s = append(%s, func() %s { %s = %s; return %s })", fs, fs, t, g.vars[len(g.vars)-1].name, g.expr(t), g.value(t, 0)),
	}}}
	g.vars = g.vars[:scope]
	return n
}

// backwards is a loop made with goto.
func (g *random) backwards(depth int) *node {
	i, label := g.fresh(), "G"+g.fresh()
	n := &node{head: fmt.Sprintf("{\n%s := 0\n%s:\n{", i, label), body: g.block(depth, 1+g.r.IntN(3))}
	n.tail = fmt.Sprintf("}\n%s++\nif %s < %d { goto %s }\n}", i, i, 1+g.r.IntN(4), label)
	return n
}

// memory are slices, arrays and maps: aliasing, bounds, growth.
func (g *random) memory() *node {
	t, s, u := g.scalar(), g.fresh(), g.fresh()
	v := func() string { return g.value(t, 1) }
	i := g.value(pick(g, integers), 1)
	var b strings.Builder
	fmt.Fprintf(&b, "{\n%s := []%s{%s, %s, %s}; _ = %s\n", s, t, g.value(t, 0), g.value(t, 0), g.value(t, 0), s)
	switch g.r.IntN(8) {
	case 0:
		fmt.Fprintf(&b, "%s := %s[:2]\n%s = append(%s, %s)\nfmt.Println(%s, %s, len(%s), cap(%s))\n", u, s, u, u, v(), s, u, u, u)
	case 1:
		fmt.Fprintf(&b, "fmt.Println(%s[%s])\n", s, i)
	case 2:
		fmt.Fprintf(&b, "%s[%s] = %s[0]\nfmt.Println(%s)\n", s, i, s, s)
	case 3:
		fmt.Fprintf(&b, "fmt.Println(%s[%s:%s])\n", s, g.value("int", 0), g.value("int", 0))
	case 4:
		fmt.Fprintf(&b, "%s := [3]%s(%s)\nw := %s\nw[1] = %s\nfmt.Println(%s == w, %s, w, %s)\n", u, t, s, u, v(), u, u, s)
	case 5:
		k := pick(g, []string{"string", "int8", "uint64", "bool"})
		fmt.Fprintf(&b, "%s := map[%s]%s{}\n%s[%s] = %s\n", u, k, t, u, g.value(k, 1), v())
		fmt.Fprintf(&b, "w, ok := %s[%s]\nfmt.Println(%s, w, ok, len(%s))\n", u, g.value(k, 1), u, u)
		fmt.Fprintf(&b, "delete(%s, %s)\nfmt.Println(%s)\n", u, g.value(k, 0), u)
	case 6:
		fmt.Fprintf(&b, "%s[0], %s[1], %s[2] = %s[2], %s[0], %s[1]\nfmt.Println(copy(%s[1:], %s), %s)\n", s, s, s, s, s, s, s, s, s)
	case 7:
		fmt.Fprintf(&b, "p, %s := &%s[1], %s\n*p = %s\n%s = append(%s, *p)\n*p = %s\nfmt.Println(%s, %s, *p)\n", u, s, s, g.value(t, 0), u, u, g.value(t, 0), s, u)
	}
	b.WriteString("}")
	return leaf("%s", b.String())
}
