//go:build ignore

// Operations whose result must be cut to its width before it is used.
package main

import "fmt"

func main() {
	a, b := uint8(17), uint8(16)
	v3 := int32(1)
	v3 <<= a * b
	fmt.Println(v3)
	v4 := int32(1)
	v4 = v4 << (a * b)
	fmt.Println(v4)
	u := uint16(100)
	x, y := uint16(400), uint16(200)
	u /= x * y
	fmt.Println(u)
	u = 60000
	u %= x * y
	fmt.Println(u)
	fmt.Println(x*y > 20000, x*y, float64(x*y), int(x*y), uint64(x*y))
	u = 100
	v := u / (x * y)
	fmt.Println(v)
	var arr [256]int
	fmt.Println(arr[a*b], a*b == 16)
	i8 := int8(100)
	i8b := i8
	fmt.Println((i8+i8b)>>1, (i8+i8b)/3, -i8-i8b, (i8+i8b) < 0)
	f := float32(16777216)
	g := float32(1)
	fmt.Println((f+g)-f, f+g == f, float64(f+g))
	switch a * b {
	case 16:
		fmt.Println("ok")
	}
	if a*b == 16 {
		fmt.Println("ok")
	}
	m := map[uint8]int{16: 3}
	fmt.Println(m[a*b])
	s := []uint8{a * b}
	fmt.Println(s)
	func(x uint8) { fmt.Println(x) }(a * b)
	z := fmt.Sprint(a * b)
	fmt.Println(z)
	fmt.Println(^a, -a, ^i8, uint16(^a))
	w := uint32(1 << 31)
	fmt.Println(w*2, w*2/2, (w*2)>>1, (w<<1)>>1, w+w == 0)
	ii := int64(1 << 62)
	fmt.Println(ii*4, ii+ii, (ii+ii)/2)
	c := make(chan uint8, 1)
	c <- a * b
	fmt.Println(<-c)
	fmt.Println(rune(a*b), string(rune(a*b+65)))
}
