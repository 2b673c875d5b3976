package dyn

import "fmt"

// Index checks an index as Go does.
func Index(i, length int) int {
	if i < 0 {
		panic(runtimeError(fmt.Sprintf("runtime error: index out of range [%d]", i)))
	}
	if i >= length {
		panic(runtimeError(fmt.Sprintf("runtime error: index out of range [%d] with length %d", i, length)))
	}
	return i
}

// IndexUnsigned is Index for unsigned types.
func IndexUnsigned(i uint64, length int) int {
	if i >= uint64(length) {
		panic(runtimeError(fmt.Sprintf("runtime error: index out of range [%d] with length %d", i, length)))
	}
	return int(i)
}

// What Bound knows of a slice expression; the flags of high and max follow low's.
const (
	HasLow      = 1 << 0
	HasHigh     = 1 << 1
	HasMax      = 1 << 2
	LowUnsigned = 1 << 3
	IsFixed     = 1 << 6 // a string or an array: its length is the limit
)

// Bound checks the bounds of a slice expression, in the order and with the words
// of Go's runtime (runtime/error.go, cmd/compile/internal/ssagen).
func Bound(flags, low, high, most, length, capacity int) {
	top := length
	limit := "with capacity %d"
	if flags&IsFixed != 0 {
		limit = "with length %d"
	}
	b := bounds{flags}
	if flags&HasMax != 0 {
		b.check(2, most, capacity, "[::%s] "+limit, "[::%s]")
		b.check(1, high, most, "[:%s:%d]", "[:%s:]")
		b.check(0, low, high, "[%s:%d:]", "[%s::]")
		return
	}
	if flags&HasHigh != 0 {
		b.check(1, high, capacity, "[:%s] "+limit, "[:%s]")
		top = high
	}
	b.check(0, low, top, "[%s:%d]", "[%s:]")
}

type bounds struct{ flags int }

// check compares operand i with its limit.
func (b bounds) check(i, x, limit int, format, negative string) {
	if uint(x) <= uint(limit) {
		return
	}
	number := fmt.Sprint(x)
	switch {
	case b.flags&(LowUnsigned<<i) != 0:
		number = fmt.Sprint(uint(x))
	case x < 0:
		panic(runtimeError("runtime error: slice bounds out of range " + fmt.Sprintf(negative, number)))
	}
	panic(runtimeError("runtime error: slice bounds out of range " + fmt.Sprintf(format, number, limit)))
}
