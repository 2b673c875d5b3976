// Structs, methods, a closure and floats over rows.
package main

import (
	"fmt"
	"time"
)

type row struct {
	name  string
	right bool
	score float64
}

func (r row) weight() float64 {
	if r.right {
		return r.score
	}
	return -r.score
}

func main() {
	rows := make([]row, 20000)
	for i := range rows {
		rows[i] = row{fmt.Sprint(i % 10), i%3 == 0, float64(i) / 7}
	}
	begun := time.Now()
	keep := func(r row) bool { return r.score > 10 }
	var sum float64
	n := 0
	for _, r := range rows {
		if keep(r) {
			sum += r.weight()
			n++
		}
	}
	fmt.Println(n, sum, time.Since(begun).Nanoseconds())
}
