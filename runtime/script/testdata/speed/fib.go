// Recursive calls.
package main

import (
	"fmt"
	"time"
)

func fib(n int) int {
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
}

func main() {
	begun := time.Now()
	n := fib(22)
	fmt.Println(n, time.Since(begun).Nanoseconds())
}
