//go:build ignore

// Structs that refer to each other, typed nils, select in many goroutines.
package main

import (
	"fmt"
	"io"
	"os"
	"sync"
)

type Node struct {
	name  string
	edges []*Edge
	graph *Graph
}
type Edge struct {
	from, to *Node
	w        int
}
type Graph struct {
	nodes map[string]*Node
	first Node
	last  *Edge
}

func (g *Graph) Node(n string) *Node {
	if g.nodes == nil {
		g.nodes = map[string]*Node{}
	}
	if x := g.nodes[n]; x != nil {
		return x
	}
	x := &Node{name: n, graph: g}
	g.nodes[n] = x
	return x
}

func (g *Graph) Link(a, b string, w int) *Edge {
	e := &Edge{g.Node(a), g.Node(b), w}
	e.from.edges = append(e.from.edges, e)
	g.last = e
	return e
}

type Elem[T any] struct {
	next, prev *Elem[T]
	list       *List[T]
	Value      T
}
type List[T any] struct {
	root Elem[T]
	len  int
}

func (l *List[T]) Init() *List[T] { l.root.next = &l.root; l.root.prev = &l.root; return l }
func (l *List[T]) Push(v T) {
	e := &Elem[T]{Value: v, list: l}
	at := l.root.prev
	e.prev, e.next = at, at.next
	e.prev.next = e
	e.next.prev = e
	l.len++
}
func (e *Elem[T]) Next() *Elem[T] {
	if p := e.next; e.list != nil && p != &e.list.root {
		return p
	}
	return nil
}
func (l *List[T]) Front() *Elem[T] { return l.root.next }

type Visitor interface{ Visit(n *Node) Visitor }
type counter struct{ n *int }

func (c counter) Visit(n *Node) Visitor { *c.n++; return c }

func main() {
	g := &Graph{}
	g.Link("a", "b", 1)
	e := g.Link("b", "c", 2)
	fmt.Println(e.from.name, e.to.name, len(g.nodes), g.last.w, g.Node("a").edges[0].to.edges[0].to.graph == g)
	var n int
	var v Visitor = counter{&n}
	for _, x := range []string{"a", "b"} {
		v = v.Visit(g.Node(x))
	}
	fmt.Println(n)
	var l List[string]
	l.Init()
	l.Push("x")
	l.Push("y")
	for e := l.Front(); e != nil; e = e.Next() {
		fmt.Print(e.Value, " ")
	}
	fmt.Println(l.len)
	var p *int
	var a any = p
	fmt.Println(a == nil, p == nil, a == (*int)(nil))
	var f *os.File
	var r io.Reader = f
	fmt.Println(r == nil)
	var m map[string]int
	a = m
	_, ok := a.(map[string]int)
	fmt.Println(a == nil, ok, a)
	var s []int
	a = s
	fmt.Println(a == nil, a)
	var fn func()
	a = fn
	fmt.Println(a == nil)
	var np *Node
	a = np
	fmt.Println(a == nil, a)
	fmt.Printf("%v %+v %T %v %v\n", a, np, a, []*Node{nil}, struct{ n *Node }{})
	var ns []Node
	a = ns
	fmt.Printf("%v %+v %T %#v\n", a, ns, a, ns)
	var wg sync.WaitGroup
	d := make(chan bool)
	c := make(chan bool)
	for i := 0; i < 200; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for j := 0; j < 5; j++ {
				select {
				case <-c:
				case <-d:
				}
			}
		}()
	}
	for i := 0; i < 1000; i++ {
		d <- true
	}
	wg.Wait()
	fmt.Println("done")
}
