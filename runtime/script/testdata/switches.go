//go:build ignore

// Interfaces compared with constants and nils, channels of channels, fallthrough.
package main

import "fmt"

func f(n int) {
	const messages = 10
	c := make(chan bool)
	var a []chan bool
	for i := 0; i < n; i++ {
		d := make(chan bool)
		a = append(a, d)
		go func() {
			for j := 0; j < messages; j++ {
				select {
				case <-c:
				case <-d:
				}
			}
		}()
	}
	for i := 0; i < messages; i++ {
		for _, d := range a {
			d <- true
		}
	}
}

func main() {
	type T int
	type F float64
	switch i := interface{}(float64(1.0)); i {
	case nil:
		fmt.Println("nil")
	case (*int)(nil):
		fmt.Println("nil ptr")
	case T(1), F(1):
		fmt.Println("T")
	case 1.0:
		fmt.Println("yes")
	}
	for k := 0; k < 10; k++ {
		f(100)
	}
	fmt.Println("ok", order(5), order(6), order(9))
}

func order(n int) (s string) {
	switch n {
	case 5:
		s += "five "
		fallthrough
	default:
		s += "default "
	case 6:
		s += "six "
		if n == 6 {
			break
		}
		s += "not reached"
	}
	return s
}
