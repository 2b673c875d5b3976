// Package rand is what of package math/rand/v2 is generic, for scripts.
package rand

import "math/rand/v2"

// N is a random number in [0,n).
func N[T ~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr](n T) T {
	if n <= 0 {
		panic("invalid argument to N")
	}
	return T(rand.Uint64N(uint64(n)))
}
