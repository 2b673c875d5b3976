//go:build ignore

// Keys and comparisons of what cannot be compared, nil receivers, addresses.
package main

import (
	"errors"
	"fmt"
)

type K []int
type F struct{ a any }
type T int

func (t T) F() {}

type I interface{ F() }
type G struct{ T }

func try(n int, f func()) {
	defer func() { fmt.Println(n, recover()) }()
	f()
}

func main() {
	m := map[any]int{}
	fm := map[F]int{}
	am := map[[2]any]int{}
	em := map[error]int{errors.New("x"): 1}
	var k any = []int{1}
	var kk any = K{1}
	var z any = 3
	m[1], fm[F{}], am[[2]any{}] = 1, 1, 1
	try(4, func() { m[kk] = 1 })
	try(5, func() { m[kk]++ })
	try(9, func() {
		m[z]++
		m["x"]++
		m[nil] = 4
		m[T(3)] = 5
		fm[F{1}] = 2
		am[[2]any{1, T(2)}] = 4
		fmt.Println(m[z], m["x"], m[nil], m[T(3)], m[3], fm, am, len(em))
	})
	try(10, func() { _ = kk == kk })
	try(11, func() { _ = k == k })
	try(12, func() { _ = F{k} == F{k} })
	try(14, func() { _ = map[any]int{k: 1} })
	try(15, func() { var f any = func() {}; _ = m[f] })
	try(16, func() { var f any = F{map[int]int{}}; _ = m[f] })
	var t *T
	var i I = t
	try(17, func() { i.F() })
	try(18, func() { t.F() })
	try(19, func() { f := i.F; f() })
	var g *G
	i = g
	try(20, func() { i.F() })
	fmt.Println(fmt.Sprintf("%p", t), fmt.Sprintf("%p", &K{1}) != "")
	var b1 [10]G
	p, q := fmt.Sprintf("%p", &b1[1]), fmt.Sprintf("%p", &b1[0])
	fmt.Println(len(p) == len(q), p[:2], p > q)
}
