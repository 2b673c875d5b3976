// Integer arithmetic in a nested loop.
package main

import (
	"fmt"
	"time"
)

func main() {
	begun := time.Now()
	sum := 0
	for i := 0; i < 1000; i++ {
		for j := 0; j < 1000; j++ {
			sum += i*j%7 + 1
		}
	}
	fmt.Println(sum, time.Since(begun).Nanoseconds())
}
