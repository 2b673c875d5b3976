package gguf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// cursor reads a header. After an error it returns zeros.
type cursor struct {
	b   []byte
	at  int
	err error
}

var errShort = errors.New("the file ends inside its header")

func (c *cursor) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

func (c *cursor) take(n int) []byte {
	if c.err != nil || n > len(c.b)-c.at {
		c.fail(errShort)
		return nil
	}
	c.at += n
	return c.b[c.at-n : c.at]
}

func (c *cursor) u32() uint32 {
	if b := c.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) u64() uint64 {
	if b := c.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// count reads how many things follow that take at least size bytes each.
func (c *cursor) count(what string, size int) int {
	n := c.u64()
	if c.err == nil && n > uint64((len(c.b)-c.at)/size) {
		c.fail(fmt.Errorf("%d %s do not fit into the file", n, what))
		return 0
	}
	return int(n)
}

func (c *cursor) text() string {
	b := c.take(c.count("bytes of text", 1))
	if !utf8.Valid(b) {
		c.fail(fmt.Errorf("the text %.40q is not UTF-8", b))
	}
	return string(b)
}

// kind is the type of a metadata value.
type kind uint32

const (
	kindU8 kind = iota
	kindI8
	kindU16
	kindI16
	kindU32
	kindI32
	kindF32
	kindBool
	kindText
	kindList
	kindU64
	kindI64
	kindF64
)

// sizes are the least bytes of a value by its kind.
var sizes = [...]int{1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8}

// deepest is how far lists may nest; files in use have none within another.
const deepest = 4

// value reads a value: int64, float64, bool, string, or a list of them ([]int64,
// …, or []any of lists).
func (c *cursor) value(k kind, depth int) any {
	switch {
	case int(k) >= len(sizes):
		c.fail(fmt.Errorf("a value has type %d, which is not known", k))
	case k == kindText:
		return c.text()
	case k == kindBool:
		return c.flag()
	case k == kindF32 || k == kindF64:
		return c.float(k)
	case k == kindList:
		return c.list(depth)
	default:
		return c.integer(k)
	}
	return nil
}

func (c *cursor) integer(k kind) int64 {
	b := c.take(sizes[k])
	if b == nil {
		return 0
	}
	switch k {
	case kindU8:
		return int64(b[0])
	case kindI8:
		return int64(int8(b[0]))
	case kindU16:
		return int64(binary.LittleEndian.Uint16(b))
	case kindI16:
		return int64(int16(binary.LittleEndian.Uint16(b)))
	case kindU32:
		return int64(binary.LittleEndian.Uint32(b))
	case kindI32:
		return int64(int32(binary.LittleEndian.Uint32(b)))
	}
	v := binary.LittleEndian.Uint64(b)
	if k == kindU64 && v > math.MaxInt64 {
		c.fail(fmt.Errorf("the integer %d is too large", v))
	}
	return int64(v)
}

func (c *cursor) float(k kind) float64 {
	if k == kindF32 {
		return float64(math.Float32frombits(c.u32()))
	}
	return math.Float64frombits(c.u64())
}

func (c *cursor) flag() bool {
	b := c.take(1)
	if b != nil && b[0] > 1 {
		c.fail(fmt.Errorf("a truth value is %d", b[0]))
	}
	return b != nil && b[0] == 1
}

func (c *cursor) list(depth int) any {
	k := kind(c.u32())
	if c.err == nil && int(k) >= len(sizes) {
		c.fail(fmt.Errorf("a list has elements of type %d, which is not known", k))
	}
	if depth >= deepest {
		c.fail(fmt.Errorf("lists nest deeper than %d", deepest))
	}
	if c.err != nil {
		return nil
	}
	n := c.count("elements of a list", sizes[k])
	switch k {
	case kindText:
		return collect(c, n, c.text)
	case kindBool:
		return collect(c, n, c.flag)
	case kindF32, kindF64:
		return collect(c, n, func() float64 { return c.float(k) })
	case kindList:
		return collect(c, n, func() any { return c.list(depth + 1) })
	}
	return collect(c, n, func() int64 { return c.integer(k) })
}

func collect[T any](c *cursor, n int, read func() T) []T {
	out := make([]T, 0, n)
	for range n {
		if c.err != nil {
			return nil
		}
		out = append(out, read())
	}
	return out
}
