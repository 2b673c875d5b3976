// Loops and functions that only calculate, with all that can go wrong in them.
package main

import (
	"fmt"
	"math"
)

type level int16

func fib(n int) int {
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
}

func even(n int) bool {
	if n == 0 {
		return true
	}
	return odd(n - 1)
}

func odd(n int) bool {
	if n == 0 {
		return false
	}
	return even(n - 1)
}

func fill(xs []int, v int) int {
	for i := range xs {
		xs[i] = v * i
	}
	return len(xs)
}

func collatz(n uint64) (steps int) {
	for n != 1 {
		switch {
		case n%2 == 0:
			n /= 2
		default:
			n = 3*n + 1
		}
		steps++
	}
	return
}

func reverse(s string) string {
	out := ""
	for _, r := range s {
		switch r {
		case 'ä':
			out = "ae" + out
		case utf:
			out = "?" + out
		default:
			i := 0
			for i < len(s) && rune(s[i]) != r {
				i++
			}
			if i < len(s) {
				out = s[i:i+1] + out
			}
		}
	}
	return out
}

const utf = '\uFFFD'

func grid(n int) [][]float64 {
	var rows [][]float64
	for i := 0; i < n; i++ {
		row := make([]float64, n, n+2)
		for j := range row {
			row[j] = float64(i) / float64(j+1)
		}
		rows = append(rows, row)
	}
	return rows
}

func try(what string, f func()) {
	defer func() {
		if r := recover(); r != nil {
			err, isError := r.(error)
			fmt.Println(what, isError, err)
		}
	}()
	f()
	fmt.Println(what, "went well")
}

func divide(a, b int) int            { return a / b }
func rest8(a, b int8) int8           { return a % b }
func at(xs []int, i int) int         { return xs[i] }
func cut(s string, a int) string     { return s[a:] }
func part(s string, a, b int) string { return s[a:b] }
func left(a int32, n int) int32      { return a << n }
func sized(n int) []string           { return make([]string, n) }

func widths() {
	var a8 int8 = 100
	var a16 level = 32000
	var a32 int32 = math.MaxInt32
	var a64 int64 = math.MaxInt64
	var u8 uint8 = 250
	var u16 uint16 = 65530
	var u32 uint32 = math.MaxUint32
	var u64 uint64 = math.MaxUint64 - 5
	var f32 float32 = 16777216
	f64 := 0.1
	var yes bool
	for i := 0; i < 10; i++ {
		a8 += 7
		a16 *= 3
		a32++
		a64 += 2
		u8 += 3
		u16 -= 7
		u32 ^= 0x5a5a
		u64 = u64*3 + 1
		f32 += 1
		f64 = f64*1.1 - float64(f32)/3
		yes = yes != (a8 > 0) && u64 > 7
		a8, a16 = int8(a16), level(a8)
		u32 = u32>>3 | u32<<29
		a32 >>= 1
		u64 >>= u8 & 3
		a64 = -a64 &^ 15
		u8 = ^u8
		if u64/7 > 1000 {
			u16 += uint16(u64 % 11)
		}
		a32 += int32(f64)
	}
	fmt.Println(a8, a16, a32, a64, u8, u16, u32, u64, f32, f64, yes)
	for i := uint(60); i < 70; i++ {
		u64 = 1 << i
		a64 = -1 >> i
		a32 = 1 << i
		fmt.Println(i, u64, a64, a32)
	}
	var minimum int64 = math.MinInt64
	var small int8 = -128
	for i := int64(-1); i < 0; i++ {
		minimum /= i
		small /= int8(i)
	}
	fmt.Println(minimum, small)
	low, high := 5, 3
	sum := 0.0
	for i := 0; i < 8; i++ {
		low, high = min(low, i, high), max(high, i)
		sum += math.Sqrt(float64(i)) * math.Max(sum, 1)
	}
	fmt.Println(low, high, sum)
}

func main() {
	fmt.Println(fib(17), even(30), odd(30), collatz(27))
	xs := make([]int, 6)
	n := fill(xs[1:4], 7)
	fmt.Println(n, xs, reverse("häl\xfflo"))
	g := grid(3)
	total := 0.0
outer:
	for i, row := range g {
		for j, v := range row {
			if j > i {
				continue outer
			}
			if v > 1.9 {
				break outer
			}
			total += v
			g[i][j] *= 2
			row[j]++
		}
	}
	fmt.Println(total, g)
	widths()

	// The slice of a range is the one of its beginning; append may share.
	ys := []int{1, 2, 3}
	zs := ys[:2]
	for i, y := range ys {
		ys = append(ys, y*10)
		if i == 1 {
			zs = append(zs, 99)
		}
	}
	fmt.Println(ys, zs, len(ys))
	for i, j := 0, len(ys)-1; i < j; i, j = i+1, j-1 {
		ys[i], ys[j] = ys[j], ys[i]
	}
	words := []string{"a", "b"}
	for i := range words {
		words[i] += words[len(words)-1-i] + "!"
	}
	fmt.Println(ys, words)
	count := 0
	for range 5 {
		count++
	}
	var names []string
	for i := range 3 {
		i *= 2
		names = append(names, "x"[:i%2]+"y")
	}
	bytes := []byte("hello")
	for i, b := range bytes {
		if b == 'l' {
			bytes[i] -= 32
		}
	}
	fmt.Println(count, names, string(bytes))

	try("divide", func() { fmt.Println(divide(1, count-5)) })
	try("rest", func() { fmt.Println(rest8(7, int8(count-5))) })
	try("index", func() { fmt.Println(at(xs, count+1)) })
	try("negative", func() { fmt.Println(at(xs, -count)) })
	try("cut", func() { fmt.Println(cut("abc", count)) })
	try("part", func() { fmt.Println(part("abc", 2, 1)) })
	try("shift", func() { fmt.Println(left(1, -count)) })
	try("make", func() { fmt.Println(sized(-1)) })
	try("loop", func() {
		for i := 0; ; i++ {
			count = i
			xs[i] = i
		}
	})
	fmt.Println(count, xs)
	try("store", func() {
		var none []float32
		for i := 3; i < 4; i++ {
			none[i] = 1
		}
	})
	try("fine", func() { fmt.Println(divide(7, -2), rest8(-7, 2), part("abc", 1, 3)) })
}
