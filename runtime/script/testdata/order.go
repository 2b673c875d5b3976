//go:build ignore

// What Go leaves open, as its compiler decides: when the places of an assignment are looked for.
package main

import "fmt"

type S struct {
	a [3]int
	p *S
}

func main() {
	one, two := 1, 2
	x := &one
	*x += func() int { x = &two; return 10 }()
	fmt.Println(one, two)
	s1, s2 := []int{1}, []int{2}
	s := s1
	s[0] += func() int { s = s2; return 10 }()
	fmt.Println(s1, s2)
	m1, m2 := map[int]int{0: 1}, map[int]int{0: 2}
	m := m1
	m[0] += func() int { m = m2; return 10 }()
	fmt.Println(m1, m2)
	k := 0
	t := []int{1, 2}
	t[k] += func() int { k = 1; return 10 }()
	fmt.Println(t)
	k = 0
	m[k] += func() int { k = 1; return 10 }()
	fmt.Println(m)
	a := [2]int{1, 2}
	k = 0
	a[k] += func() int { k = 1; return 10 }()
	fmt.Println(a)
	v := S{}
	w := &v
	w.a[k] += func() int { w = &S{}; k = 2; return 10 }()
	fmt.Println(v.a, w.a)
	k = 0
	t[k] = func() int { k = 1; return 50 }()
	fmt.Println(t)
	y := 1
	y += func() int { y = 100; return 1 }()
	fmt.Println(y)
	y = 1
	y = y + func() int { y = 100; return 1 }()
	fmt.Println(y)
	t[0] = 1
	t[0] += func() int { t[0] = 100; return 1 }()
	fmt.Println(t)
	k = 0
	t[k], y = func() int { k = 1; return 50 }(), 3
	fmt.Println(t)
	s = s1
	s[0] = func() int { s = s2; return 77 }()
	fmt.Println(s1, s2)
	x = &one
	*x = func() int { x = &two; return 88 }()
	fmt.Println(one, two)
}
