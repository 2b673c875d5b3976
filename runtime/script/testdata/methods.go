//go:build ignore

// Methods, embedding, interfaces, values of script types seen by fmt, JSON and errors.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
)

type Color int

const (
	Red Color = iota
	Green
)

func (c Color) String() string { return [...]string{"red", "green"}[c] }

func (c Color) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

type Point struct{ X, Y int }

func (p Point) Plus(q Point) Point { return Point{p.X + q.X, p.Y + q.Y} }
func (p *Point) Scale(k int)       { p.X *= k; p.Y *= k }

type Named struct {
	Point
	Name   string
	secret int
	Col    Color  `json:"col"`
	Opt    string `json:"opt,omitempty"`
}

type Shape interface {
	Area() float64
	Name() string
}
type Square struct{ S float64 }
type Circle struct{ R float64 }

func (s Square) Area() float64  { return s.S * s.S }
func (s Square) Name() string   { return "square" }
func (c *Circle) Area() float64 { return 3 * c.R * c.R }
func (c *Circle) Name() string  { return "circle" }

type NotFound struct {
	Key string
	err error
}

func (n *NotFound) Error() string { return "not found: " + n.Key }
func (n *NotFound) Unwrap() error { return n.err }

type Code int

func (c Code) Error() string { return fmt.Sprintf("code %d", int(c)) }

func find(k string) error {
	switch k {
	case "a":
		return nil
	case "b":
		return &NotFound{k, io.EOF}
	case "c":
		return Code(7)
	}
	return fmt.Errorf("wrap %s: %w", k, &NotFound{k, io.ErrUnexpectedEOF})
}

type byLen []string

func (b byLen) Len() int           { return len(b) }
func (b byLen) Less(i, j int) bool { return len(b[i]) < len(b[j]) }
func (b byLen) Swap(i, j int)      { b[i], b[j] = b[j], b[i] }

type upper struct{ w io.Writer }

func (u upper) Write(p []byte) (int, error) { return u.w.Write([]byte(strings.ToUpper(string(p)))) }

type Stack[T any] struct{ items []T }

func (s *Stack[T]) Push(v T) { s.items = append(s.items, v) }
func (s *Stack[T]) Pop() (v T, ok bool) {
	if len(s.items) == 0 {
		return v, false
	}
	v = s.items[len(s.items)-1]
	s.items = s.items[:len(s.items)-1]
	return v, true
}

type Tree[K any, V any] struct {
	left, right *Tree[K, V]
	key         K
	val         V
}

func (t *Tree[K, V]) Each(f func(K, V)) {
	if t == nil {
		return
	}
	t.left.Each(f)
	f(t.key, t.val)
	t.right.Each(f)
}

func insert[K any, V any](t *Tree[K, V], k K, v V, less func(a, b K) bool) *Tree[K, V] {
	switch {
	case t == nil:
		return &Tree[K, V]{key: k, val: v}
	case less(k, t.key):
		t.left = insert(t.left, k, v, less)
	case less(t.key, k):
		t.right = insert(t.right, k, v, less)
	default:
		t.val = v
	}
	return t
}

type Number interface{ ~int | ~float64 }

func sum[T Number](xs ...T) (s T) {
	for _, x := range xs {
		s += x
	}
	return
}

func describe(v any) string {
	switch x := v.(type) {
	case nil:
		return "nil"
	case Shape:
		return "shape " + x.Name()
	case error:
		return "error " + x.Error()
	case fmt.Stringer:
		return "stringer " + x.String()
	case int, int64:
		return fmt.Sprintf("int %v", x)
	case []Point:
		return fmt.Sprint("points ", len(x))
	case func(int) int:
		return fmt.Sprint("func ", x(20))
	case map[string]any:
		return fmt.Sprint("map ", len(x))
	}
	return fmt.Sprintf("other %T", v)
}

func main() {
	n := Named{Point{1, 2}, "n", 3, Green, ""}
	n.Scale(10)
	fmt.Println(n, n.Plus(Point{1, 1}), n.X)
	fmt.Printf("%v %+v %d %s %x %q %T\n", n, n, n.Col, n.Col, n.Col, n.Col, n)
	fmt.Printf("%#v %T %T %T\n", n.Point, n.Col, []Color{Red}, &n)
	fmt.Printf("%v %v %v\n", []Color{Red, Green}, map[Color]Point{Green: {1, 2}, Red: {}}, &Point{3, 4})
	fmt.Printf("%5d|%-5v|%5s|%t\n", Green, Green, Red, true)
	b, err := json.Marshal(n)
	fmt.Println(string(b), err)
	b, err = json.MarshalIndent(map[string]any{"p": Point{1, 2}, "c": []Color{Green}, "n": &n, "m": map[Color]int{Red: 1}}, "", " ")
	fmt.Println(string(b), err)
	var back struct {
		Name string
		Col  string `json:"col"`
	}
	fmt.Println(json.Unmarshal([]byte(`{"Name":"q","col":"green","secret":4}`), &back), back)
	var pt Point
	fmt.Println(json.Unmarshal([]byte(`{"X":5,"y":6}`), &pt), pt)

	shapes := []Shape{Square{2}, &Circle{1}}
	for _, s := range shapes {
		fmt.Println(s.Name(), s.Area(), describe(s))
	}
	var s Shape
	fmt.Println(s == nil, shapes[0] == Square{2}, shapes[0] == shapes[1], s)
	_, isCircle := shapes[0].(*Circle)
	sq, isSquare := shapes[0].(Square)
	fmt.Println(isCircle, isSquare, sq.S)

	for _, k := range []string{"a", "b", "c", "d"} {
		err := find(k)
		var nf *NotFound
		var code Code
		fmt.Println(k, err, err == nil, errors.As(err, &nf), errors.As(err, &code), errors.Is(err, io.EOF), errors.Is(err, Code(7)))
		if nf != nil {
			fmt.Println(nf.Key, nf.err)
		}
	}
	fmt.Printf("%v|%s|%q|%d\n", find("b"), find("c"), find("d"), find("c"))
	var nothing *NotFound
	var asErr error = nothing
	fmt.Println(asErr == nil, nothing == nil, asErr != nil)

	words := []string{"ccc", "a", "bb"}
	sort.Sort(byLen(words))
	fmt.Println(words)
	sort.Sort(sort.Reverse(byLen(words)))
	fmt.Println(words)
	fmt.Fprintf(upper{os.Stdout}, "hello %d\n", 5)
	var w io.Writer = upper{os.Stdout}
	io.WriteString(w, "again\n")
	if u, ok := w.(upper); ok {
		fmt.Println("it is", u.w == os.Stdout)
	}

	f := n.Plus
	n.X = 1000
	g := n.Scale
	g(2)
	h := Point.Plus
	k := (*Point).Scale
	p := Point{1, 1}
	k(&p, 7)
	fmt.Println(f(Point{}), n.X, h(p, p))

	var st Stack[Point]
	st.Push(p)
	st.Push(Point{8, 9})
	v, ok := st.Pop()
	fmt.Println(v, ok, len(st.items))
	var tr *Tree[string, int]
	for i, w := range strings.Fields("the quick brown fox jumps over the lazy dog") {
		tr = insert(tr, w, i, func(a, b string) bool { return a < b })
	}
	tr.Each(func(k string, v int) { fmt.Print(k, "=", v, " ") })
	fmt.Println()
	fmt.Println(sum(1, 2, 3), sum(1.5, 2), sum[Color2](1, 1))
	for _, x := range []any{nil, 1, int64(2), "s", Red, Code(1), Square{1}, []Point{{}}, func(i int) int { return i + 1 }, map[string]any{}, Point{}, &pt, []any{1}, struct{ A int }{}} {
		fmt.Println(describe(x))
	}
	m := map[any]string{Red: "red", 0: "zero", Point{1, 2}: "p", "k": "key"}
	fmt.Println(len(m), m[Red], m[0], m[Point{1, 2}], m[Color(0)], m["k"])
	fmt.Println(any(Red) == any(0), any(Red) == any(Color(0)), any(Point{1, 2}) == any(Point{1, 2}))
	fmt.Printf("%v %+v\n", struct {
		C Color
		c Color
		E error
	}{Green, Green, Code(3)}, []any{Green, Code(1), nil, &p == nil})
}

type Color2 int
