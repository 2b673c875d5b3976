//go:build ignore

// What a nil pointer does wherever one is dereferenced.
package main

import (
	"fmt"
	"strings"
)

type S struct {
	x int
	f float64
	a [3]int
	q *S
}

func (s S) val() int         { return 1 }
func (s *S) ptr() int        { return s.x }
func take(x int) int         { return 5 }
func takes(x S) int          { return 5 }
func takea(x any) int        { return 5 }
func takev(x ...int) int     { return len(x) }
func ret(p *int) int         { return *p }
func rets(p *S) S            { return *p }
func retx(p *S) int          { return p.x }
func ret2(p *S) (int, error) { return p.x, nil }

type I interface{ val() int }

func main() {
	var p *int
	var s *S
	var sl *[]int
	var mp *map[int]int
	var fp *func()
	var cp *chan int
	var ap *[3]int
	var ip *any
	var sp *string
	var bp *bool
	var np map[int]int
	var ns []int
	var nf func()
	var m = map[int]int{}
	var ms = map[int]S{}
	var c = make(chan int, 10)
	var dst = make([]int, 3)
	var st S
	var arr [3]int
	var x int
	var y float64
	var a any
	var pp **int
	tests := []func(){
		func() { m[0] = *p },
		func() { m[1] = s.x },
		func() { ms[0] = *s },
		func() { m[0] += *p },
		func() { m[0]++; m[*p] = 1 },
		func() { x = *p },
		func() { x = s.x },
		func() { x := *p; _ = x },
		func() { st = *s },
		func() { st := *s; _ = st },
		func() { dst[0] = *p },
		func() { dst[*p] = 0 },
		func() { arr[1] = *p },
		func() { st.x = *p },
		func() { st.x = s.x },
		func() { s.x = 3 },
		func() { *p = 3 },
		func() { *s = S{} },
		func() { *p += 3 },
		func() { *p++ },
		func() { s.x++ },
		func() { s.a[1] = 3 },
		func() { x = s.a[1] },
		func() { arr = s.a },
		func() { x = s.q.x },
		func() { s.q = nil },
		func() { c <- *p },
		func() { c <- s.x },
		func() { take(*p) },
		func() { takes(*s) },
		func() { takea(*p) },
		func() { takea(*s) },
		func() { takev(1, *p) },
		func() { ret(p) },
		func() { rets(s) },
		func() { retx(s) },
		func() { ret2(s) },
		func() { a = *p },
		func() { a = *s },
		func() { a = *ip },
		func() { _ = *p },
		func() { _ = *s },
		func() { _ = s.x },
		func() {
			if *p == 3 {
				x = 2
			}
		},
		func() {
			if *bp {
				x = 2
			}
		},
		func() {
			for *bp {
				x = 2
			}
		},
		func() {
			switch *p {
			case 1:
			}
		},
		func() { x = -*p },
		func() { x = *p + 1 },
		func() { x = 1 + *p },
		func() { y = s.f * 2 },
		func() { x = len(*sl) },
		func() {
			for range *sl {
			}
		},
		func() {
			for _, v := range *sl {
				_ = v
			}
		},
		func() { x = (*sl)[0] },
		func() { *sl = append(*sl, 1) },
		func() { x = (*mp)[1] },
		func() { (*mp)[1] = 2 },
		func() { x = len(*mp) },
		func() { (*fp)() },
		func() { nf() },
		func() { <-*cp },
		func() { x = ap[1] },
		func() { ap[1] = 2 },
		func() {
			for _, v := range ap {
				_ = v
			}
		},
		func() {
			for i := range ap {
				_ = i
			}
		},
		func() { x = len(ap) },
		func() { dst = ap[:] },
		func() { arr = *ap },
		func() { x = len(*sp) },
		func() { *sp += "a" },
		func() { x = int((*sp)[0]) },
		func() { fmt.Print(*sp) },
		func() { fmt.Print(*s) },
		func() { _ = strings.ToUpper(*sp) },
		func() { np[1] = 2 },
		func() { x = ns[0] },
		func() { ns[0] = 1 },
		func() { x = s.val() },
		func() { x = s.ptr() },
		func() { f := s.val; f() },
		func() { f := s.ptr; f() },
		func() { f := S.val; f(*s) },
		func() { var i I; i.val() },
		func() { defer s.val() },
		func() { defer s.ptr() },
		func() { defer take(*p) },
		func() { _ = []int{*p} },
		func() { _ = [2]int{*p} },
		func() { _ = map[int]int{1: *p} },
		func() { _ = map[int]int{*p: 1} },
		func() { _ = S{x: *p} },
		func() { _ = &S{x: s.x} },
		func() { x, y = *p, 2 },
		func() { x, st = 1, *s },
		func() { **pp = 3 },
		func() { x = **pp },
		func() { p = &s.x },
		func() { p = *pp },
		func() { ap = &s.a },
		func() { _ = &s.a[1] },
		func() { _ = append(ns, *p) },
		func() { _ = append(ns, (*sl)...) },
		func() { copy(*sl, ns) },
		func() { clear(*mp) },
		func() { delete(*mp, 1) },
		func() { _ = max(*p, 3) },
		func() { _ = new(*p) },
		func() { _ = func() int { return *p }() },
		func() { _, _ = func() (int, int) { return *p, 1 }() },
		func() { _ = float64(*p) },
		func() { _ = any(*p) },
		func() { _ = *p == *p },
		func() { _ = *s == S{} },
		func() { _ = *p > 1 && *p < 3 },
		func() { _ = !*bp },
		func() { _ = bp == nil || *bp },
		func() { _ = bp != nil && *bp },
		func() { _ = bp != nil || *bp },
		func() { x = 1 << *p },
		func() { x <<= *p },
		func() {
			goto l
		l:
			x = *p
		},
		func() {
			select {
			case c <- *p:
			default:
			}
		},
		func() {
			select {
			case v := <-*cp:
				_ = v
			default:
			}
		},
		func() { _, ok := (*ip).(int); _ = ok },
		func() {
			switch (*ip).(type) {
			case int:
			}
		},
		func() { _ = ns[*p:] },
		func() { _ = (*sp)[1:] },
		func() { _ = (*sl)[1:] },
		func() { go take(*p) },
		func() { panic(*p) },
		func() {
			for i := range *p {
				_ = i
			}
		},
		func() {
			for i := *p; i < 3; i++ {
			}
		},
	}
	for i, f := range tests {
		func() {
			defer func() {
				r := recover()
				if e, ok := r.(error); ok {
					fmt.Println(i, "error", e)
				} else {
					fmt.Println(i, r)
				}
			}()
			f()
		}()
	}
	fmt.Println(m, ms, dst, st, arr, x, y, a, len(c))
}
