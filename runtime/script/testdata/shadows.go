//go:build ignore

// Variables that hide others of the same name, beside the names that lowering makes.
package main

import "fmt"

func main() {
	v := 1
	{
		v := 2
		for v := range 3 {
			v, w := v+1, v
			m := map[int]int{v: w}
			a, b := m[v], v
			{
				v, ok := m[9]
				fmt.Println(v, ok, a, b)
			}
		}
		v, x := 5, v
		fmt.Println(v, x)
	}
	fmt.Println(v)
	h, t, each, over, at := 1, 2, 3, 4, 5
	{
		h, t, each, over, at := 11, 12, 13, 14, 15
		for each, t := range []int{h, t, each, over, at} {
			h, t := t, each
			fmt.Println(h, t)
		}
		fmt.Println(h, t, each, over, at)
	}
	fmt.Println(h, t, each, over, at)
}
