//go:build ignore

// What everyday programs are made of, continued: graphs, expressions, heaps, backtracking.
package main

import (
	"fmt"
	"os"
	"sort"
	"strings"
)

// lexer with state functions in a struct
type stateFn struct{ f func(*lexer) stateFn }
type lexer struct {
	in  string
	pos int
	out []string
}

func start(l *lexer) stateFn {
	if l.pos >= len(l.in) {
		return stateFn{}
	}
	if l.in[l.pos] == ' ' {
		return stateFn{space}
	}
	return stateFn{word}
}
func space(l *lexer) stateFn {
	for l.pos < len(l.in) && l.in[l.pos] == ' ' {
		l.pos++
	}
	return stateFn{start}
}
func word(l *lexer) stateFn {
	b := l.pos
	for l.pos < len(l.in) && l.in[l.pos] != ' ' {
		l.pos++
	}
	l.out = append(l.out, l.in[b:l.pos])
	return stateFn{start}
}

type Graph struct {
	nodes map[string]*GNode
	order []string
}
type GNode struct {
	name  string
	edges []*Edge
	graph *Graph
}
type Edge struct {
	to *GNode
	w  float64
}

func (g *Graph) node(n string) *GNode {
	if g.nodes == nil {
		g.nodes = map[string]*GNode{}
	}
	x, ok := g.nodes[n]
	if !ok {
		x = &GNode{name: n, graph: g}
		g.nodes[n] = x
		g.order = append(g.order, n)
	}
	return x
}
func (g *Graph) connect(a, b string, w float64) {
	x, y := g.node(a), g.node(b)
	x.edges = append(x.edges, &Edge{y, w})
}
func (n *GNode) reach(seen map[*GNode]bool) (out []string) {
	if seen[n] {
		return nil
	}
	seen[n] = true
	out = append(out, n.name)
	for _, e := range n.edges {
		out = append(out, e.to.reach(seen)...)
	}
	return out
}
func (g *Graph) dist(from string) map[string]float64 {
	d := map[string]float64{from: 0}
	for changed := true; changed; {
		changed = false
		for _, n := range g.order {
			base, ok := d[n]
			if !ok {
				continue
			}
			for _, e := range g.nodes[n].edges {
				if old, ok := d[e.to.name]; !ok || base+e.w < old {
					d[e.to.name] = base + e.w
					changed = true
				}
			}
		}
	}
	return d
}

type Expr interface {
	Eval(env map[string]float64) float64
}
type Num float64
type Var string
type Bin struct {
	op   byte
	l, r Expr
}
type Call struct {
	fn   func(...float64) float64
	args []Expr
}

func (n Num) Eval(map[string]float64) float64     { return float64(n) }
func (v Var) Eval(env map[string]float64) float64 { return env[string(v)] }
func (b *Bin) Eval(env map[string]float64) float64 {
	x, y := b.l.Eval(env), b.r.Eval(env)
	switch b.op {
	case '+':
		return x + y
	case '-':
		return x - y
	case '*':
		return x * y
	}
	return x / y
}
func (c Call) Eval(env map[string]float64) float64 {
	var xs []float64
	for _, a := range c.args {
		xs = append(xs, a.Eval(env))
	}
	return c.fn(xs...)
}

type Heap []int

func (h Heap) up(i int) {
	for i > 0 {
		p := (i - 1) / 2
		if h[p] <= h[i] {
			return
		}
		h[p], h[i] = h[i], h[p]
		i = p
	}
}
func (h *Heap) push(x int) { *h = append(*h, x); h.up(len(*h) - 1) }
func (h *Heap) pop() int {
	old := *h
	top := old[0]
	n := len(old) - 1
	old[0] = old[n]
	*h = old[:n]
	for i := 0; ; {
		c := 2*i + 1
		if c >= n {
			break
		}
		if c+1 < n && (*h)[c+1] < (*h)[c] {
			c++
		}
		if (*h)[i] <= (*h)[c] {
			break
		}
		(*h)[i], (*h)[c] = (*h)[c], (*h)[i]
		i = c
	}
	return top
}

type Account struct {
	id      int
	balance float64
	history []struct {
		what string
		amt  float64
	}
}

func (a *Account) do(what string, amt float64) error {
	switch {
	case amt <= 0:
		return fmt.Errorf("account %d: bad amount %g", a.id, amt)
	case what == "out" && a.balance < amt:
		return &insufficient{a, amt}
	case what == "out":
		amt = -amt
	}
	a.balance += amt
	a.history = append(a.history, struct {
		what string
		amt  float64
	}{what, amt})
	return nil
}

type insufficient struct {
	acc  *Account
	want float64
}

func (e *insufficient) Error() string {
	return fmt.Sprintf("account %d has %.2f, wants %.2f", e.acc.id, e.acc.balance, e.want)
}

func life(g [][]bool) [][]bool {
	n := make([][]bool, len(g))
	for y := range g {
		n[y] = make([]bool, len(g[y]))
		for x := range g[y] {
			c := 0
			for dy := -1; dy <= 1; dy++ {
				for dx := -1; dx <= 1; dx++ {
					yy, xx := y+dy, x+dx
					if (dy != 0 || dx != 0) && yy >= 0 && yy < len(g) && xx >= 0 && xx < len(g[y]) && g[yy][xx] {
						c++
					}
				}
			}
			n[y][x] = c == 3 || c == 2 && g[y][x]
		}
	}
	return n
}

func perms(xs []int, f func([]int)) {
	var rec func(int)
	rec = func(k int) {
		if k == len(xs) {
			f(append([]int(nil), xs...))
			return
		}
		for i := k; i < len(xs); i++ {
			xs[k], xs[i] = xs[i], xs[k]
			rec(k + 1)
			xs[k], xs[i] = xs[i], xs[k]
		}
	}
	rec(0)
}

func queens(n int) (count int) {
	cols, d1, d2 := make([]bool, n), make([]bool, 2*n), make([]bool, 2*n)
	var place func(r int)
	place = func(r int) {
		if r == n {
			count++
			return
		}
		for c := range n {
			if cols[c] || d1[r+c] || d2[r-c+n] {
				continue
			}
			cols[c], d1[r+c], d2[r-c+n] = true, true, true
			place(r + 1)
			cols[c], d1[r+c], d2[r-c+n] = false, false, false
		}
	}
	place(0)
	return
}

func lev(a, b string) int {
	prev := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur := append([]int{i}, make([]int, len(b))...)
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
		}
		prev = cur
	}
	return prev[len(b)]
}

type LRU struct {
	cap   int
	order []string
	vals  map[string]int
}

func (c *LRU) get(k string) (int, bool) {
	v, ok := c.vals[k]
	if ok {
		c.touch(k)
	}
	return v, ok
}
func (c *LRU) touch(k string) {
	for i, o := range c.order {
		if o == k {
			c.order = append(c.order[:i], c.order[i+1:]...)
			break
		}
	}
	c.order = append(c.order, k)
}
func (c *LRU) put(k string, v int) {
	if _, ok := c.vals[k]; !ok && len(c.vals) == c.cap {
		delete(c.vals, c.order[0])
		c.order = c.order[1:]
	}
	c.vals[k] = v
	c.touch(k)
}

func main() {
	l := &lexer{in: "the quick  brown"}
	for s := (stateFn{start}); s.f != nil; s = s.f(l) {
	}
	fmt.Println(l.out, len(l.out))
	g := &Graph{}
	g.connect("a", "b", 1)
	g.connect("b", "c", 2.5)
	g.connect("a", "c", 5)
	g.connect("c", "a", 1)
	fmt.Println(g.node("a").reach(map[*GNode]bool{}), g.dist("a"), g.nodes["c"].edges[0].to.graph == g)
	e := &Bin{'+', Num(1), &Bin{'*', Var("x"), Call{func(xs ...float64) float64 { return xs[0] - xs[1] }, []Expr{Num(5), Var("y")}}}}
	fmt.Println(e.Eval(map[string]float64{"x": 3, "y": 2}))
	var h Heap
	for _, x := range []int{5, 2, 8, 1, 9, 3} {
		h.push(x)
	}
	for len(h) > 0 {
		fmt.Print(h.pop(), " ")
	}
	fmt.Println()
	acc := &Account{id: 1}
	for _, o := range []struct {
		w string
		a float64
	}{{"in", 10}, {"out", 3}, {"out", 30}, {"in", -1}} {
		err := acc.do(o.w, o.a)
		_, low := err.(*insufficient)
		fmt.Println(err, low, acc.balance)
	}
	fmt.Printf("%+v\n", *acc)
	grid := make([][]bool, 5)
	for i := range grid {
		grid[i] = make([]bool, 5)
	}
	grid[2][1], grid[2][2], grid[2][3] = true, true, true
	for range 2 {
		grid = life(grid)
		for _, row := range grid {
			var sb strings.Builder
			for _, c := range row {
				if c {
					sb.WriteByte('#')
				} else {
					sb.WriteByte('.')
				}
			}
			fmt.Println(sb.String())
		}
	}
	n := 0
	perms([]int{1, 2, 3}, func(p []int) { n++; fmt.Print(p) })
	fmt.Println(n, queens(6), lev("kitten", "sitting"))
	c := &LRU{cap: 2, vals: map[string]int{}}
	c.put("a", 1)
	c.put("b", 2)
	fmt.Println(c.get("a"))
	c.put("c", 3)
	fmt.Println(c.get("b"))
	fmt.Println(c.get("a"))
	fmt.Println(c.order)
	words := strings.FieldsFunc("Go, is; fun! go", func(r rune) bool { return !('a' <= r|32 && r|32 <= 'z') })
	freq := map[string]int{}
	for _, w := range words {
		freq[strings.ToLower(w)]++
	}
	keys := make([]string, 0, len(freq))
	for k := range freq {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		fmt.Fprintf(os.Stdout, "%-4s%d\n", k, freq[k])
	}
	var sum float32
	for i := range 10 {
		sum += 0.1 * float32(i)
	}
	fmt.Println(sum, sum == 4.5, float64(sum))
	var u8 uint8 = 250
	for range 10 {
		u8++
	}
	var i16 int16 = 32767
	i16++
	fmt.Println(u8, i16, -7/2, -7%3, 7&^5, 1<<3|1)
}
