package script

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// A node is a statement of a random program: a line, or a block with its body.
// The shrinker takes nodes out, so that each stands for itself.
type node struct {
	head, tail string
	body       []*node
}

func leaf(format string, args ...any) *node { return &node{head: fmt.Sprintf(format, args...)} }

func (n *node) write(b *strings.Builder) {
	b.WriteString(n.head + "\n")
	for _, c := range n.body {
		c.write(b)
	}
	if n.tail != "" {
		b.WriteString(n.tail + "\n")
	}
}

type variable struct{ name, typ string }

// random writes valid Go whose result the language defines: a statement has at
// most one operation that may panic, because Go leaves the order of two open,
// and a function called inside an expression changes no variable outside.
type random struct {
	r        *rand.Rand
	id       string
	n        int
	vars     []variable
	fixed    map[string]bool // loop counters: read, never written
	mayPanic bool
}

var (
	integers = []string{"int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64", "uintptr"}
	floats   = []string{"float64", "float32"}
	scalars  = append(append([]string{"string", "bool"}, integers...), floats...)
)

func pick[T any](g *random, list []T) T { return list[g.r.IntN(len(list))] }

func (g *random) fresh() string {
	g.n++
	return fmt.Sprintf("v%d", g.n)
}

func isInteger(t string) bool { return strings.Contains(t, "int") && !strings.ContainsAny(t, "[") }
func isFloat(t string) bool   { return t == "float64" || t == "float32" }

func (g *random) scalar() string {
	switch g.r.IntN(4) {
	case 0, 1:
		return pick(g, integers)
	}
	return pick(g, scalars)
}

// named is a variable of type t, which is never a constant; ok says whether there is one.
func (g *random) named(t string) (string, bool) {
	var names []string
	for _, v := range g.vars {
		if v.typ == t {
			names = append(names, v.name)
		}
	}
	if len(names) == 0 {
		return "", false
	}
	return pick(g, names), true
}

func (g *random) target(t string) (string, bool) {
	for range 8 {
		if name, ok := g.named(t); ok && !g.fixed[name] {
			return name, true
		}
	}
	return "", false
}

func (g *random) literal(t string) string {
	switch {
	case t == "string":
		return pick(g, []string{`""`, `"a"`, `"héllo"`, `"日本"`, `"\xff\x00z"`, `"0123456789"`})
	case t == "bool":
		return pick(g, []string{"true", "false"})
	case isFloat(t):
		return pick(g, []string{"0", "1", "0.1", "-2.5", "1e10", "16777217", "1e-30", "3"})
	case strings.HasPrefix(t, "u"):
		return pick(g, []string{"0", "1", "2", "7", "100", "255"})
	}
	return pick(g, []string{"0", "1", "-1", "3", "100", "127", "-128", "7"})
}

// value is an expression of type t that the compiler does not fold.
func (g *random) value(t string, depth int) string {
	if depth <= 0 || g.r.IntN(5) == 0 {
		if name, ok := g.named(t); ok {
			return name
		}
		return fmt.Sprintf("%sid(%s(%s))", g.id, t, g.literal(t))
	}
	switch {
	case t == "string":
		return g.text(depth)
	case t == "bool":
		return g.truth(depth)
	case isFloat(t):
		return g.float(t, depth)
	}
	return g.integer(t, depth)
}

// operand may be a constant.
func (g *random) operand(t string, depth int) string {
	if g.r.IntN(3) == 0 {
		return fmt.Sprintf("%s(%s)", t, g.literal(t))
	}
	return g.value(t, depth)
}

func (g *random) panics() bool {
	if g.mayPanic || g.r.IntN(3) > 0 {
		return false
	}
	g.mayPanic = true
	return true
}

func (g *random) integer(t string, depth int) string {
	x := g.value(t, depth-1)
	switch g.r.IntN(12) {
	case 0, 1, 2, 3:
		return fmt.Sprintf("(%s %s %s)", x, pick(g, []string{"+", "-", "*", "&", "|", "^", "&^"}), g.operand(t, depth-1))
	case 4:
		if g.panics() {
			return fmt.Sprintf("(%s %s %s)", x, pick(g, []string{"/", "%"}), g.value(t, depth-1))
		}
		return fmt.Sprintf("(%s %s %s(%d))", x, pick(g, []string{"/", "%"}), t, 1+g.r.IntN(9))
	case 5:
		return fmt.Sprintf("(%s %s %d)", x, pick(g, []string{"<<", ">>"}), g.r.IntN(70))
	case 6:
		return fmt.Sprintf("(%s %s %s)", x, pick(g, []string{"<<", ">>"}), g.value(pick(g, []string{"uint8", "uint", "uint64"}), depth-1))
	case 7:
		if g.panics() {
			return fmt.Sprintf("(%s %s %s)", x, pick(g, []string{"<<", ">>"}), g.value(pick(g, []string{"int", "int8", "int64"}), depth-1))
		}
		return fmt.Sprintf("(%s%s)", pick(g, []string{"-", "^", "+"}), x)
	case 8, 9:
		return fmt.Sprintf("%s(%s)", t, g.value(pick(g, integers), depth-1))
	case 10:
		return fmt.Sprintf("%s(%sclamp(%s))", t, g.id, g.value("float64", depth-1))
	}
	return fmt.Sprintf("%s(%s, %s)", pick(g, []string{"min", "max", g.id + "sum"}), x, g.operand(t, depth-1))
}

func (g *random) float(t string, depth int) string {
	x := g.value(t, depth-1)
	switch g.r.IntN(8) {
	case 0, 1, 2, 3:
		return fmt.Sprintf("%s(%s %s %s)", t, x, pick(g, []string{"+", "-", "*"}), g.operand(t, depth-1))
	case 4:
		return fmt.Sprintf("%s(%s / %s)", t, x, g.value(t, depth-1))
	case 5:
		return fmt.Sprintf("(-%s)", x)
	case 6:
		return fmt.Sprintf("%s(%s)", t, g.value(pick(g, floats), depth-1))
	}
	return fmt.Sprintf("%s(%s)", t, g.value(pick(g, integers), depth-1))
}

func (g *random) text(depth int) string {
	x := g.value("string", depth-1)
	switch g.r.IntN(7) {
	case 0, 1:
		return fmt.Sprintf("%scut(%s + %s)", g.id, x, g.operand("string", depth-1))
	case 2:
		return fmt.Sprintf("string(rune(%s))", g.value(pick(g, integers), depth-1))
	case 3:
		return fmt.Sprintf("string([]byte(%s))", x)
	case 4:
		return fmt.Sprintf("string([]rune(%s))", x)
	case 5:
		if g.panics() {
			return fmt.Sprintf("%s[%s:]", x, g.value("int", depth-1))
		}
	}
	return fmt.Sprintf("fmt.Sprint(%s)", g.value(g.scalar(), depth-1))
}

func (g *random) truth(depth int) string {
	x := g.value("bool", depth-1)
	switch g.r.IntN(4) {
	case 0:
		return fmt.Sprintf("(%s %s %s)", x, pick(g, []string{"&&", "||", "==", "!="}), g.value("bool", depth-1))
	case 1:
		return "(!" + x + ")"
	}
	t := pick(g, scalars[2:])
	if g.r.IntN(6) == 0 {
		t = "string"
	}
	return fmt.Sprintf("(%s %s %s)", g.value(t, depth-1), pick(g, []string{"<", "<=", ">", ">=", "==", "!="}), g.operand(t, depth-1))
}

// expr starts a statement's expression.
func (g *random) expr(t string) string { return g.value(t, 1+g.r.IntN(3)) }

func (g *random) declare(t, value string) *node {
	name := g.fresh()
	n := leaf("var %s %s = %s; _ = %s", name, t, value, name)
	g.vars = append(g.vars, variable{name, t})
	return n
}

// block is a list of statements with a scope of its own.
func (g *random) block(depth, statements int) []*node {
	scope := len(g.vars)
	defer func() { g.vars = g.vars[:scope] }()
	var list []*node
	for range statements {
		g.mayPanic = false
		list = append(list, g.statement(depth))
	}
	return list
}

func (g *random) statement(depth int) *node {
	if depth > 0 && g.r.IntN(3) == 0 {
		return g.compound(depth - 1)
	}
	t := g.scalar()
	switch g.r.IntN(12) {
	case 0, 1, 2:
		return g.declare(t, g.expr(t))
	case 3, 4, 5, 6:
		return g.assign(t)
	case 7:
		return leaf("fmt.Println(%s)", g.expr(t))
	case 8:
		return leaf(`fmt.Printf("%%T %%v\n", %s, %s)`, g.expr(t), g.operand(g.scalar(), 1))
	case 9:
		return g.template()
	}
	return g.memory()
}

func (g *random) assign(t string) *node {
	name, ok := g.target(t)
	switch {
	case !ok:
		return g.declare(t, g.expr(t))
	case isInteger(t) && g.r.IntN(4) == 0:
		return leaf("%s%s", name, pick(g, []string{"++", "--"}))
	case isInteger(t) && g.r.IntN(3) == 0:
		return leaf("%s %s= %s", name, pick(g, []string{"+", "-", "*", "&", "|", "^", "&^"}), g.expr(t))
	case isInteger(t) && g.r.IntN(3) == 0:
		return leaf("%s %s= %s", name, pick(g, []string{"<<", ">>"}), g.expr("uint8"))
	case isFloat(t) && g.r.IntN(2) == 0:
		return leaf("%s %s= %s", name, pick(g, []string{"+", "-", "*", "/"}), g.expr(t))
	}
	return leaf("%s = %s", name, g.expr(t))
}

// program is a whole random program; its functions and types begin with id, so
// that many fit into one file. Its entry point is idmain.
func program(seed uint64, id string) *node {
	g := &random{r: rand.New(rand.NewPCG(seed, 0)), id: id, fixed: map[string]bool{}}
	top := &node{head: prelude(id)}
	main := &node{head: "func " + id + "main() {", tail: "}"}
	for i := range 2 + g.r.IntN(3) {
		g.vars = nil
		section := &node{head: fmt.Sprintf("func %ss%d() (out int) {\ndefer func() { %scaught(recover(), &out) }()", id, i, id), tail: "return out\n}"}
		g.vars = append(g.vars, variable{"out", "int"})
		for range 4 {
			t := g.scalar()
			section.body = append(section.body, g.declare(t, g.expr(t)))
		}
		section.body = append(section.body, g.body()...)
		for _, v := range g.vars {
			section.body = append(section.body, leaf("fmt.Println(%q, %s)", v.name, v.name))
		}
		top.body = append(top.body, section)
		main.body = append(main.body, leaf("fmt.Println(%ss%d())", id, i))
	}
	top.body = append(top.body, main)
	return top
}

// body keeps its variables in scope, for the section's last lines to print.
func (g *random) body() []*node {
	var list []*node
	for range 4 + g.r.IntN(12) {
		g.mayPanic = false
		list = append(list, g.statement(3))
	}
	return list
}
