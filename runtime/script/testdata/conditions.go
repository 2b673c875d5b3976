//go:build ignore

// Conditions that begin with a conversion.
package main

import "fmt"

func id[E any](x E) E { return x }

func main() {
	v142 := int32(5)
	try := func(n int, f func() bool) {
		defer func() {
			if r := recover(); r != nil {
				fmt.Println(n, "recovered", r)
			}
		}()
		fmt.Println(n, f())
	}
	v145 := uint64(0)
	try(1, func() bool { return int(v145) <= int(127) && ((v142 < v142) != (id(uint8(255)) > id(uint8(255)))) })
	try(2, func() bool { return int(v145) <= 127 && ((v142 < v142) != (id(uint8(255)) > id(uint8(255)))) })
	try(3, func() bool { return v145 <= 127 && ((v142 < v142) != (id(uint8(255)) > id(uint8(255)))) })
	try(4, func() bool { return v145 <= 127 && ((v142 < v142) != (id(255) > id(255))) })
	try(5, func() bool { return v145 <= 127 && ((v142 < 3) != (id(255) > 3)) })
	try(6, func() bool { return (v142 < 3) != (id(255) > 3) })
	try(7, func() bool { return (v142 < 3) != (v145 > 3) })
	try(8, func() bool { a := v142 < 3; return a != (id(255) > 3) })
	try(9, func() bool { return v145 <= 127 && ((id(255) > 3) != (v142 < 3)) })
	try(10, func() bool { return v145 <= 127 && ((v142 < 3) != id(true)) })
	try(11, func() bool { return v145 <= 127 && ((v142 < 3) != (id(1) == 2)) })
	try(12, func() bool { return v145 <= 127 && ((v142 < 3) && (id(1) == 2)) })
}
