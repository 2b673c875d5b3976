//go:build ignore

// What everyday programs are made of.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"
)

type Level int

const (
	Low Level = iota
	Mid
	High
)

func (l Level) String() string               { return [...]string{"low", "mid", "high"}[l] }
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

type Item struct {
	Name  string         `json:"name"`
	Price float64        `json:"price,omitempty"`
	Tags  []string       `json:"tags"`
	Meta  map[string]any `json:"meta,omitempty"`
	Lvl   Level          `json:"lvl"`
	inner int
	Next  *Item `json:"next,omitempty"`
}

type Stack[T any] struct{ items []T }

func (s *Stack[T]) Push(x T) { s.items = append(s.items, x) }
func (s *Stack[T]) Pop() (x T, ok bool) {
	if len(s.items) == 0 {
		return
	}
	x = s.items[len(s.items)-1]
	s.items = s.items[:len(s.items)-1]
	return x, true
}

type Num interface{ ~int | ~float64 }

func Sum[T Num](xs ...T) (t T) {
	for _, x := range xs {
		t += x
	}
	return
}
func Filter[T any](xs []T, keep func(T) bool) []T {
	var out []T
	for _, x := range xs {
		if keep(x) {
			out = append(out, x)
		}
	}
	return out
}

type Visitor interface{ Visit(n *Node) Visitor }
type Node struct {
	Kids []*Node
	Val  int
}
type depth struct {
	d   int
	max *int
}

func (d depth) Visit(n *Node) Visitor {
	*d.max = max(*d.max, d.d)
	return depth{d.d + 1, d.max}
}
func Walk(v Visitor, n *Node) {
	w := v.Visit(n)
	for _, k := range n.Kids {
		Walk(w, k)
	}
}

type byPrice []Item

func (b byPrice) Len() int           { return len(b) }
func (b byPrice) Less(i, j int) bool { return b[i].Price < b[j].Price }
func (b byPrice) Swap(i, j int)      { b[i], b[j] = b[j], b[i] }

type upper struct{ r io.Reader }

func (u upper) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	copy(p, bytes.ToUpper(p[:n]))
	return n, err
}

type temp float64

func (t temp) Format(f fmt.State, c rune) { fmt.Fprintf(f, "%.1f°", float64(t)) }

type errNotFound struct{ key string }

func (e *errNotFound) Error() string        { return "not found: " + e.key }
func (e *errNotFound) Is(target error) bool { return target == os.ErrNotExist }

type opt func(*cfg)
type cfg struct {
	n int
	s string
}

func withN(n int) opt { return func(c *cfg) { c.n = n } }
func build(opts ...opt) cfg {
	c := cfg{s: "d"}
	for _, o := range opts {
		o(&c)
	}
	return c
}

var table = map[string]func(float64, float64) float64{
	"+": func(a, b float64) float64 { return a + b },
	"/": func(a, b float64) float64 { return a / b },
}

var lazy = sync.OnceValue(func() int { fmt.Println("once"); return 42 })

func main() {
	it := Item{Name: "a", Price: 1.5, Lvl: High, inner: 3, Next: &Item{Name: "b", Tags: []string{"x"}}}
	b, err := json.Marshal(it)
	fmt.Println(string(b), err)
	var back Item2
	fmt.Println(json.Unmarshal([]byte(`{"name":"q","tags":["t"],"next":{"name":"z"}}`), &back), back.Name, back.Tags, back.Next.Name)
	fmt.Printf("%v %+v\n", Item{Lvl: Mid}, it.Next)
	var st Stack[string]
	st.Push("a")
	st.Push("b")
	for range 3 {
		x, ok := st.Pop()
		fmt.Printf("%q %v\n", x, ok)
	}
	fmt.Println(Sum(1, 2, 3), Sum(1.5, 2), Sum[Level]())
	fmt.Println(Filter([]int{1, 2, 3, 4}, func(x int) bool { return x%2 == 0 }))
	m := 0
	Walk(depth{0, &m}, &Node{Kids: []*Node{{}, {Kids: []*Node{{}}}}})
	fmt.Println(m)
	items := []Item{{Name: "x", Price: 3}, {Name: "y", Price: 1}, {Name: "z", Price: 2}}
	sort.Sort(byPrice(items))
	fmt.Println(items[0].Name, items[1].Name, items[2].Name)
	sort.Sort(sort.Reverse(byPrice(items)))
	fmt.Println(items[0].Name)
	slices.SortFunc(items, func(a, b Item) int { return strings.Compare(a.Name, b.Name) })
	fmt.Println(items[0].Name)
	data, _ := io.ReadAll(upper{strings.NewReader("hello")})
	fmt.Println(string(data))
	fmt.Printf("%v %s\n", temp(36.6), temp(1))
	var e error = &errNotFound{"k"}
	w := fmt.Errorf("ctx: %w", e)
	fmt.Println(w)
	c := build(withN(3), func(c *cfg) { c.s += "!" })
	fmt.Printf("%+v\n", c)
	fmt.Println(table["+"](1, 2), table["/"](1, 0))
	fmt.Println(lazy(), lazy())
	var mu sync.Mutex
	var wg sync.WaitGroup
	total := map[int]int{}
	for i := range 10 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			mu.Lock()
			defer mu.Unlock()
			total[i%3] += i
		}()
	}
	wg.Wait()
	fmt.Println(total)
	results := make(chan int)
	go func() {
		defer close(results)
		for i := range 3 {
			results <- i * i
		}
	}()
	for r := range results {
		fmt.Print(r, " ")
	}
	fmt.Println()
	select {
	case <-time.After(time.Millisecond):
		fmt.Println("timeout")
	}
	fmt.Println(time.Duration(1500)*time.Millisecond, time.Second*2)
	var sb strings.Builder
	for i, r := range "héy" {
		fmt.Fprintf(&sb, "%d:%c ", i, r)
	}
	fmt.Println(sb.String(), len("héy"))
	matrix := [][]float64{{1, 2}, {3, 4}}
	for i := range matrix {
		for j := range matrix[i] {
			matrix[i][j] *= 2
		}
	}
	fmt.Println(matrix)
	grid := [3][3]rune{}
	for i := range grid {
		for j := range grid[i] {
			grid[i][j] = '.'
		}
	}
	grid[1][1] = 'X'
	for _, row := range grid {
		fmt.Println(string(row[:]))
	}
	type pair struct {
		k string
		v int
	}
	counts := map[string]int{}
	for _, wd := range strings.Fields("a b a c b a") {
		counts[wd]++
	}
	var ps []pair
	for k, v := range counts {
		ps = append(ps, pair{k, v})
	}
	sort.Slice(ps, func(i, j int) bool { return ps[i].v > ps[j].v || ps[i].v == ps[j].v && ps[i].k < ps[j].k })
	fmt.Println(ps)
	nested := map[string]map[string][]int{}
	for i, k := range []string{"x", "y", "x"} {
		if nested[k] == nil {
			nested[k] = map[string][]int{}
		}
		nested[k]["n"] = append(nested[k]["n"], i)
	}
	fmt.Println(nested)
	func() {
		defer func() {
			r := recover()
			err, ok := r.(error)
			fmt.Println(ok, err)
		}()
		var np *Item
		fmt.Println(np.Name)
	}()
	x := 10
	ptr := &x
	pp := &ptr
	**pp = 20
	fmt.Println(x, *ptr == **pp)
	fn := (*Stack[string]).Push
	fn(&st, "z")
	fmt.Println(st.items)
	var iface interface {
		fmt.Stringer
		MarshalText() ([]byte, error)
	} = Mid
	t, _ := iface.MarshalText()
	fmt.Println(iface, string(t))
	lbl := 0
	for {
		lbl++
		if lbl > 3 {
			goto done
		}
	}
done:
	fmt.Println(lbl)
	var once sync.Once
	for range 3 {
		once.Do(func() { fmt.Println("do") })
	}
	bs := []byte("abc")
	copy(bs[1:], "ZZZ")
	fmt.Println(string(bs), cap(bs[:1:2]))
	const huge = 1 << 100
	fmt.Println(huge>>98, uint8(huge>>93&0xff))
	fmt.Printf("%08b %x %o %e %g %6.2f|%-8s|%8s|%+v\n", 5, 255, 8, 12345.678, 1e21, 3.14159, "ab", "cd", struct {
		A int
		B string
	}{1, "x"})
}

type Item2 struct {
	Name string
	Tags []string
	Next *Item2
}
