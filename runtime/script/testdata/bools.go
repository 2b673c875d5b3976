//go:build ignore

// Booleans that are made of themselves, in loops that only calculate.
package main

import "fmt"

func all(s []int) bool {
	ok := true
	for _, x := range s {
		ok = ok && x > 0
	}
	return ok
}

func main() {
	found, same, odd, kept := false, true, false, true
	n := 0
	for i := range 7 {
		found = found || i == 2
		same = same
		odd = !odd
		kept = kept && (found || i < 3)
		if kept == same && odd != found {
			n += i
		}
	}
	fmt.Println(found, same, odd, kept, n, all([]int{1, 2}), all([]int{1, 0, 2}))
}
