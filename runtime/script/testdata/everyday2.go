//go:build ignore

// What everyday programs are made of, continued: embedding, generics, iterators, parsers, workers.
package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

type Animal interface {
	Name() string
	Sound() string
}
type Base struct{ name string }

func (b *Base) Name() string    { return b.name }
func (b Base) Upper() string    { return strings.ToUpper(b.name) }
func (b *Base) Rename(n string) { b.name = n }

type Dog struct {
	*Base
	age int
}

func (d Dog) Sound() string { return "woof" }

type Puppy struct {
	Dog
	toys map[string]bool
}

func (p *Puppy) Sound() string { return "yip " + p.Dog.Sound() }

type Celsius float64
type Temps []Celsius

func (t Temps) Mean() (m Celsius) {
	for _, x := range t {
		m += x
	}
	return m / Celsius(len(t))
}
func (t *Temps) Add(x ...Celsius) *Temps { *t = append(*t, x...); return t }

type Set[K comparable] map[K]struct{}

func (s Set[K]) Add(k K) Set[K]                      { s[k] = struct{}{}; return s }
func (s Set[K]) Has(k K) bool                        { _, ok := s[k]; return ok }
func (s Set[K]) All() iter.Seq[K]                    { return maps.Keys(s) }
func Keys[M ~map[K]V, K cmp.Ordered, V any](m M) []K { return slices.Sorted(maps.Keys(m)) }

type List[T any] struct {
	val  T
	next *List[T]
}

func (l *List[T]) Push(v T) *List[T] { return &List[T]{v, l} }
func (l *List[T]) Each() iter.Seq2[int, T] {
	return func(yield func(int, T) bool) {
		i := 0
		for n := l; n != nil; n = n.next {
			if !yield(i, n.val) {
				return
			}
			i++
		}
	}
}

type Op func(float64, float64) (float64, error)

func (o Op) Apply(a, b float64) string {
	r, err := o(a, b)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(r)
}

type State uint8

const (
	A State = 1 << iota
	B
	_
	C
	mask = A | C
)

func (s State) Has(x State) bool { return s&x != 0 }

type Matrix [2][2]float64

func (m Matrix) Mul(o Matrix) (r Matrix) {
	for i := range m {
		for j := range o[0] {
			for k := range o {
				r[i][j] += m[i][k] * o[k][j]
			}
		}
	}
	return
}

type Event struct {
	at   time.Duration
	kind string
}
type queue struct {
	mu sync.Mutex
	es []Event
}

func (q *queue) push(e Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.es = append(q.es, e)
}

type parser struct {
	s   string
	pos int
}

func (p *parser) peek() byte {
	if p.pos < len(p.s) {
		return p.s[p.pos]
	}
	return 0
}
func (p *parser) expr() int {
	v := p.term()
	for c := p.peek(); c == '+' || c == '-'; c = p.peek() {
		p.pos++
		if t := p.term(); c == '+' {
			v += t
		} else {
			v -= t
		}
	}
	return v
}
func (p *parser) term() int {
	v := p.factor()
	for {
		switch p.peek() {
		case '*':
			p.pos++
			v *= p.factor()
		case '/':
			p.pos++
			v /= p.factor()
		default:
			return v
		}
	}
}
func (p *parser) factor() (n int) {
	if p.peek() == '(' {
		p.pos++
		n = p.expr()
		p.pos++
		return
	}
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		n = n*10 + int(c-'0')
		p.pos++
	}
	return n
}
func eval(s string) (n int, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("eval %q: %v", s, r)
		}
	}()
	return (&parser{s: s}).expr(), nil
}

func fibs() iter.Seq[int] {
	return func(yield func(int) bool) {
		a, b := 0, 1
		for yield(a) {
			a, b = b, a+b
		}
	}
}
func take[T any](s iter.Seq[T], n int) iter.Seq[T] {
	return func(yield func(T) bool) {
		for x := range s {
			if n--; n < 0 || !yield(x) {
				return
			}
		}
	}
}

func worker(ctx context.Context, in <-chan int, out chan<- string, wg *sync.WaitGroup) {
	defer wg.Done()
	for {
		select {
		case <-ctx.Done():
			return
		case n, ok := <-in:
			if !ok {
				return
			}
			out <- fmt.Sprintf("%d:%d", n, n*n)
		}
	}
}

var ErrBase = errors.New("base")

type codeErr struct {
	code int
	err  error
}

func (c codeErr) Error() string { return fmt.Sprintf("code %d: %v", c.code, c.err) }
func (c codeErr) Unwrap() error { return c.err }

func main() {
	d := Dog{&Base{"rex"}, 3}
	p := &Puppy{Dog: d, toys: map[string]bool{"ball": true}}
	var a Animal = p
	fmt.Println(a.Name(), a.Sound(), p.Upper(), p.age)
	p.Rename("max")
	fmt.Println(d.Name(), p.Base.name, d.Base == p.Base)
	a = d
	if _, ok := a.(interface{ Upper() string }); ok {
		fmt.Println("upper ok")
	}
	for _, an := range []Animal{d, p, &d} {
		switch v := an.(type) {
		case Dog:
			fmt.Println("dog", v.age)
		case *Puppy:
			fmt.Println("puppy", len(v.toys))
		case *Dog:
			v.age++
			fmt.Println("dog pointer", d.age)
		}
	}
	var ts Temps
	ts.Add(1, 2).Add(3.5)
	fmt.Println(ts, ts.Mean(), len(ts))
	s := Set[string]{}
	s.Add("x").Add("y").Add("x")
	fmt.Println(len(s), s.Has("x"), s.Has("z"), slices.Sorted(s.All()), Keys(map[string]int{"b": 1, "a": 2}))
	var l *List[string]
	l = l.Push("c").Push("b").Push("a")
	for i, v := range l.Each() {
		if i == 2 {
			break
		}
		fmt.Print(i, v, " ")
	}
	fmt.Println()
	div := Op(func(a, b float64) (float64, error) {
		if b == 0 {
			return 0, codeErr{7, ErrBase}
		}
		return a / b, nil
	})
	fmt.Println(div.Apply(1, 4), div.Apply(1, 0))
	_, err := div(1, 0)
	var ce codeErr
	fmt.Println(errors.Is(err, ErrBase), errors.As(err, &ce), ce.code)
	fmt.Println(A, B, C, mask, mask.Has(B), ^A&0xf, A|B<<1)
	m := Matrix{{1, 1}, {1, 0}}
	r := m
	for range 5 {
		r = r.Mul(m)
	}
	fmt.Println(r, m, r == m)
	q := &queue{}
	for i := range 3 {
		q.push(Event{time.Duration(i) * time.Second, fmt.Sprint("k", i)})
	}
	fmt.Println(q.es, len(q.es))
	for _, e := range []string{"1+2*3", "(1+2)*3", "2*(3+4)-5/2", "1/0"} {
		fmt.Println(eval(e))
	}
	for x := range take(fibs(), 8) {
		fmt.Print(x, " ")
	}
	fmt.Println()
	ctx, cancel := context.WithCancel(context.Background())
	in, out := make(chan int), make(chan string, 10)
	var wg sync.WaitGroup
	for range 3 {
		wg.Add(1)
		go worker(ctx, in, out, &wg)
	}
	for i := range 5 {
		in <- i
	}
	close(in)
	wg.Wait()
	cancel()
	close(out)
	var got []string
	for o := range out {
		got = append(got, o)
	}
	slices.Sort(got)
	fmt.Println(got)
	tw := tabwriter.NewWriter(os.Stdout, 0, 4, 1, ' ', 0)
	fmt.Fprintln(tw, "a\tbbb\tc")
	fmt.Fprintln(tw, "aaa\tb\tc")
	tw.Flush()
	sc := bufio.NewScanner(strings.NewReader("l1\nl2 x\n"))
	for sc.Scan() {
		fmt.Printf("%q ", sc.Text())
	}
	fmt.Println(sc.Err())
	var compose func(fs ...func(int) int) func(int) int
	compose = func(fs ...func(int) int) func(int) int {
		if len(fs) == 0 {
			return func(x int) int { return x }
		}
		rest := compose(fs[1:]...)
		return func(x int) int { return rest(fs[0](x)) }
	}
	fmt.Println(compose(func(x int) int { return x + 1 }, func(x int) int { return x * 10 })(4))
	memo := map[int]int{}
	var f func(int) int
	f = func(n int) int {
		if n < 2 {
			return n
		}
		if v, ok := memo[n]; ok {
			return v
		}
		memo[n] = f(n-1) + f(n-2)
		return memo[n]
	}
	fmt.Println(f(60), len(memo))
	fmt.Println(math.MaxInt64, uint64(math.MaxUint64), math.Inf(-1), math.NaN() == math.NaN(), math.Pi)
	type kv = struct {
		k string
		v int
	}
	kvs := []kv{{"a", 2}, {"b", 1}, {"c", 2}}
	slices.SortStableFunc(kvs, func(x, y kv) int { return cmp.Or(-cmp.Compare(x.v, y.v), cmp.Compare(x.k, y.k)) })
	fmt.Println(kvs, slices.IndexFunc(kvs, func(x kv) bool { return x.k == "b" }))
	groups := map[bool][]int{}
	for i := range 6 {
		groups[i%2 == 0] = append(groups[i%2 == 0], i)
	}
	fmt.Println(groups)
	arr := [...]string{2: "c", 0: "a"}
	fmt.Println(len(arr), arr, fmt.Sprintf("%q", arr))
	x, y := 1, 2
	x, y = y, x+y
	swap := func(a, b *int) { *a, *b = *b, *a }
	swap(&x, &y)
	fmt.Println(x, y)
	func(args ...any) {
		for i, a := range args {
			fmt.Printf("%d:%T ", i, a)
		}
		fmt.Println()
	}(1, "a", nil, 2.5, []int{}, map[string]int{}, d, &d, A, ts, err, func() {})
	var nilmap map[string]int
	fmt.Println(nilmap["x"], len(nilmap))
	defer func() {
		fmt.Println("recovered:", recover())

	}()
	nilmap["a"] = 1
}
