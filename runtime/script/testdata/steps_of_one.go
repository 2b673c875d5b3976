//go:build ignore

// x++ and x-- at every type of number.
package main

import "fmt"

type address uintptr

func main() {
	x, f, c := uintptr(7), float32(1<<24), complex(1, 2)
	x++
	f++
	c--
	fmt.Println(x, f, c)
	a := []address{1, 2}
	a[1]--
	a[0]++
	fmt.Println(a)
	for i := range uintptr(3) {
		fmt.Println(i)
	}
	for i := address(3); i > 0; i-- {
		fmt.Println(i)
	}
	func() {
		y := &x
		*y--
		(*y)++
	}()
	fmt.Println(x)
	m := map[string]uintptr{}
	m["a"]++
	m["b"]--
	fmt.Println(m["a"], m["b"])
	b, u, i := uint8(255), uint16(0), int8(127)
	b++
	u--
	i++
	fmt.Println(b, u, i)
}
