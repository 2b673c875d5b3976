//go:build ignore

// Named results begin at zero whatever the call is assigned to.
package main

import "fmt"

func sum(xs ...int) (s int) {
	for _, x := range xs {
		s += x
	}
	return s
}

func both(xs []string) (n int, all string) {
	for _, x := range xs {
		n++
		all += x
	}
	return
}

func fails(p *int) (n int) {
	n = 7
	fmt.Println("seen before the return:", *p)
	panic("no result")
}

func main() {
	v := 255
	v = sum(v, 7)
	fmt.Println(v)
	func() { v = sum(v, 7) }()
	fmt.Println(v)
	for range 2 {
		fmt.Println(sum(1, 2))
	}
	n, all := 3, "x"
	n, all = both([]string{"a", "b", all})
	fmt.Println(n, all)
	func() {
		defer func() { fmt.Println(recover(), v) }()
		v = fails(&v)
	}()
}
