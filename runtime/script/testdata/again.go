//go:build ignore

// Statements that run again: what they found before must not be there.
package main

import (
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"
)

type P struct {
	x, y int
	n    *P
	s    []int
	m    map[string]int
}
type Shape interface{ Area() float64 }
type Sq struct{ a float64 }
type Ci struct{ r float64 }

func (s Sq) Area() float64  { return s.a * s.a }
func (c *Ci) Area() float64 { return c.r }

func res(i int) (a int, s string, err error) {
	if i%2 == 0 {
		return
	}
	a, s = i, strconv.Itoa(i)
	if i == 3 {
		err = errors.New("three")
	}
	return
}
func maybe(i int) *P {
	if i%2 == 0 {
		return nil
	}
	return &P{x: i}
}
func sl(i int) (out []int) {
	for k := range i {
		out = append(out, k)
	}
	return
}
func anyOf(i int) any {
	switch i {
	case 0:
		return nil
	case 1:
		return 5
	case 2:
		return "s"
	case 3:
		return P{x: 3}
	}
	return Sq{2}
}

func main() {
	c := make(chan int, 10)
	for i := range 5 {
		a, s, err := res(i)
		fmt.Println(a, s, err)
		p := maybe(i)
		fmt.Println(p == nil, p)
		q := P{}
		if i == 1 {
			q.x, q.s, q.m = 5, []int{1}, map[string]int{}
		}
		fmt.Println(q, q.s == nil, q.m == nil)
		arr := [3]int{}
		arr[i%3]++
		fmt.Println(arr)
		lit := [3]int{1, 2, 3}
		lit[0] += i
		sli := []int{1, 2, 3}
		sli[0] += i
		ml := map[string]int{"a": 1}
		ml["b"+strconv.Itoa(i)]++
		fmt.Println(lit, sli, len(ml))
		pp := &P{x: 1}
		pp.x += i
		pp.n = &P{y: pp.x}
		fmt.Println(pp.x, pp.n.y, *pp.n)
		var e error
		if i == 2 {
			e = errors.New("two")
		}
		fmt.Println(e, e == nil)
		var sh Shape
		switch i {
		case 1:
			sh = Sq{2}
		case 2:
			sh = &Ci{3}
		}
		if sh != nil {
			fmt.Println(sh.Area())
		}
		v := anyOf(i)
		n, ok := v.(int)
		st, ok2 := v.(string)
		pv, ok3 := v.(P)
		sv, ok4 := v.(Shape)
		fmt.Println(n, ok, st, ok2, pv, ok3, sv, ok4)
		switch w := v.(type) {
		case int:
			w++
			fmt.Println("int", w)
		case string, Sq:
			fmt.Println("other", w)
		case nil:
			fmt.Println("nil", w)
		default:
			fmt.Println("def", w)
		}
		var z int
		var zs string
		var zb bool
		var zf float64
		if i%2 == 1 {
			z, zs, zb, zf = i, "x", true, 1.5
		}
		fmt.Println(z, zs, zb, zf)
		if i == 3 {
			c <- 7
			close(c)
		}
		if i >= 3 {
			r, ok := <-c
			fmt.Println(r, ok)
		}
		x := sl(i)
		x = append(x, 9)
		y := append(x[:len(x)-1], 8)
		fmt.Println(x, y)
		num, err := strconv.Atoi(strings.Repeat("1", i))
		fmt.Println(num, err)
		before, after, found := strings.Cut("a=b", strings.Repeat("=", i))
		fmt.Println(before, after, found)
		f := func() int { z++; return z }
		f()
		fmt.Println(z, f())
		if k, ok := map[int]P{1: {x: 1}}[i]; ok || k.x > 0 {
			fmt.Println("found", k)
		} else {
			fmt.Println("none", k)
		}
		if mm, ok := map[int][]int{1: {1}, 3: {3}}[i]; ok {
			fmt.Println("slice", mm)
		} else {
			fmt.Println(mm == nil)
		}
		if mp, ok := map[int]*P{1: {x: 1}}[i]; ok {
			fmt.Println(mp.x)
		} else {
			fmt.Println(mp == nil)
		}
		if ms, ok := map[int]Shape{1: Sq{1}}[i]; ok {
			fmt.Println(ms)
		} else {
			fmt.Println(ms == nil, ms)
		}
		if ma, ok := map[int]any{1: Sq{1}, 2: nil}[i]; ok {
			fmt.Println(ma)
		} else {
			fmt.Println(ma == nil, ma)
		}
		if mf, ok := map[int]func() int{1: f}[i]; ok {
			fmt.Println(mf())
		} else {
			fmt.Println(mf == nil)
		}
		if me, ok := map[int]error{1: errors.New("q")}[i]; ok {
			fmt.Println(me)
		} else {
			fmt.Println(me == nil, me)
		}
		g, h := map[int]bool{1: true}[i], map[int]string{2: "two"}[i]
		fmt.Println(g, h)
		type loc struct{ a, b int }
		l := loc{a: i}
		if i == 1 {
			l.b = 4
		}
		ls := []loc{l, {b: i}}
		ls[0].a++
		fmt.Println(l, ls)
		sort.Slice(ls, func(a, b int) bool { return ls[a].b > ls[b].b })
		fmt.Println(ls)
		func() {
			defer func() {
				if r := recover(); r != nil {
					fmt.Println("r", r)
				}
			}()
			var arr []int
			if i > 2 {
				arr = make([]int, i)
			}
			fmt.Println(arr[2])
		}()
		total := 0
		for k, vv := range map[string]int{"a": 1, "b": 2} {
			total += vv + len(k)
		}
		var inner [2][2]int
		inner[i%2][1] = i
		cp := inner
		cp[0][0] = 100
		fmt.Println(total, inner, cp)
		b, bs := i > 2 && i < 4, i == 0 || total > 100
		fmt.Println(b, bs, !b && bs, b == bs)
		var ptrs []*int
		for k := 0; k < 2; k++ {
			ptrs = append(ptrs, &k)
		}
		fmt.Println(*ptrs[0], *ptrs[1])
		sel := make(chan string, 1)
		if i%2 == 0 {
			sel <- "even"
		}
		select {
		case m, ok := <-sel:
			fmt.Println(m, ok)
		default:
			fmt.Println("empty")
		}
	}
}
