//go:build ignore

// Control flow: loops, defers, panics, goroutines, iterators.
package main

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

var order = []string{}

var (
	a = b + 1
	b = f()
	c = func() int { order = append(order, "c"); return 5 }()
)

func f() int { order = append(order, "f"); return 41 }

func init() { order = append(order, "init1") }
func init() { order = append(order, "init2") }

func safe(name string, fn func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if e, ok := r.(error); ok {
				err = fmt.Errorf("%s: error %w", name, e)
				return
			}
			err = fmt.Errorf("%s: %v", name, r)
		}
	}()
	fn()
	return nil
}

type custom struct{ n int }

func deferred() (s string) {
	for i := 0; i < 3; i++ {
		defer func(k int) { s += fmt.Sprint(i, k, " ") }(i * 10)
	}
	for _, w := range []string{"x", "y"} {
		defer func() { s += w }()
	}
	return "start "
}

func nested() {
	defer fmt.Println("outer deferred")
	defer func() {
		defer func() { fmt.Println("inner recover", recover()) }()
		panic("second")
	}()
	panic("first")
}

func count(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		defer fmt.Println("iterator done")
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

func pairs(m ...string) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		for i, s := range m {
			if !yield(i, s) {
				return
			}
		}
	}
}

func firstOver(limit int) (found int, err error) {
	for v := range count(10) {
		if v > limit {
			return v, nil
		}
	}
	return -1, errors.New("none")
}

func labels() {
outer:
	for i := range count(4) {
		for j := range count(4) {
			switch {
			case j == 1:
				continue outer
			case i == 2:
				break outer
			}
			fmt.Println("at", i, j)
		}
	}
	for i, s := range pairs("a", "b", "c") {
		if i == 1 {
			continue
		}
		defer fmt.Println("deferred in range", s)
	}
}

func divide(a, b int) int { return a / b }

func main() {
	fmt.Println(a, b, c, order)
	fmt.Println(deferred())
	fmt.Println(safe("nested", nested))
	var np *custom
	var nm map[string]int
	xs := []int{1, 2, 3}
	k := 5
	for name, fn := range map[string]func(){} {
		fmt.Println(name, fn)
	}
	fmt.Println(safe("nil", func() { fmt.Println(np.n) }))
	fmt.Println(safe("map", func() { nm["a"] = 1 }))
	fmt.Println(safe("index", func() { fmt.Println(xs[k]) }))
	fmt.Println(safe("slice", func() { fmt.Println(xs[k:]) }))
	fmt.Println(safe("slice2", func() { fmt.Println(xs[:k]) }))
	fmt.Println(safe("div", func() { fmt.Println(divide(1, len(nm))) }))
	fmt.Println(safe("custom", func() { panic(custom{3}) }))
	fmt.Println(safe("assert", func() { var v any = "s"; fmt.Println(v.(int)) }))
	fmt.Println(safe("assert2", func() { var v any = custom{1}; fmt.Println(v.(fmt.Stringer)) }))
	fmt.Println(safe("err", func() { panic(errors.New("boom")) }))
	fmt.Println(safe("closed", func() { c := make(chan int); close(c); close(c) }))
	fmt.Println(safe("fine", func() {}))

	var fs []func() int
	for i := 0; i < 3; i++ {
		fs = append(fs, func() int { i += 10; return i })
	}
	for _, f := range fs {
		fmt.Print(f(), " ", f(), " ")
	}
	fmt.Println()
	var ps []*int
	for i, j := 0, 10; i < j; i, j = i+1, j-2 {
		ps = append(ps, &i, &j)
	}
	for _, p := range ps {
		fmt.Print(*p, " ")
	}
	fmt.Println()
	for i := range 3 {
		i *= 2
		fmt.Print(i, " ")
	}
	arr := [3]int{1, 2, 3}
	for i, v := range arr {
		arr[2] = 10
		fmt.Print(i, v, " ")
	}
	for i, v := range &arr {
		arr[2] = 20
		fmt.Print(i, v, " ")
	}
	for i := range arr {
		arr[i]++
	}
	fmt.Println(arr)
	for i, r := range "aé" {
		fmt.Print(i, string(r), " ")
	}
	ys := xs
	for i := range ys {
		ys = append(ys, i)
	}
	fmt.Println(ys, len(xs))

	fmt.Println(firstOver(3))
	fmt.Println(firstOver(30))
	labels()
	for s := range strings.SplitSeq("a,b,c", ",") {
		fmt.Print(s, ";")
	}
	fmt.Println()

	m := map[string]int{"x": 3, "y": 1, "z": 2}
	keys := slices.Sorted(maps.Keys(m))
	slices.SortFunc(keys, func(a, b string) int { return cmp.Compare(m[a], m[b]) })
	fmt.Println(keys, slices.Max(xs), slices.Contains(keys, "x"), slices.Index(keys, "z"))
	idx, found := slices.BinarySearch([]int{1, 3, 5}, 3)
	fmt.Println(idx, found, slices.Collect(maps.Values(map[int]int{1: 2})))
	type pt struct{ x, y int }
	pts := []pt{{3, 1}, {1, 2}, {3, 0}, {1, 1}}
	slices.SortStableFunc(pts, func(a, b pt) int { return a.x - b.x })
	fmt.Println(pts, min(3, 1, 2), max(2.5, float64(len(pts))), min("b", "a"))
	clear(m)
	fmt.Println(len(m), *new(len(pts)))

	var wg sync.WaitGroup
	var mu sync.Mutex
	total := 0
	results := make([]int, 10)
	for i := range results {
		wg.Add(1)
		go func(k int) {
			defer wg.Done()
			mu.Lock()
			defer mu.Unlock()
			total += k
			results[i] = k * k
		}(i)
	}
	wg.Wait()
	fmt.Println(total, results)
	ch, quit := make(chan int), make(chan struct{})
	go func() {
		defer close(quit)
		for v := range ch {
			fmt.Print("got ", v, " ")
		}
	}()
	for i := range 3 {
		ch <- i
	}
	close(ch)
	<-quit
	fmt.Println()
	timeout := time.After(time.Minute)
	in := make(chan any, 1)
	in <- custom{4}
	select {
	case v, ok := <-in:
		fmt.Println(v, ok)
	case <-timeout:
		fmt.Println("timeout")
	}
	i := 0
	goto check
loop:
	i++
check:
	if i < 3 {
		goto loop
	}
	switch x := any(i).(type) {
	case string:
	case int:
		fmt.Println("int", x+1)
	}
	switch v := i * 2; {
	case v > 5:
		fmt.Println("big")
		fallthrough
	case v > 100:
		fmt.Println("fell")
	default:
		fmt.Println("no")
	}
	if _, err := os.ReadFile("/does/not/exist"); err != nil {
		var pe *os.PathError
		fmt.Println(errors.As(err, &pe), errors.Is(err, os.ErrNotExist), pe.Op)
	}
	func() {
		defer fmt.Println("bye", total)
		total = -1
	}()
}
