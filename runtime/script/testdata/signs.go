//go:build ignore

// A negative zero keeps its sign wherever it goes.
package main

import "fmt"

type P struct{ x, y float64 }
type C float64

func (c C) inv() float64                  { fmt.Print(""); return 1 / float64(c) }
func (p P) inv() float64                  { fmt.Print(""); return 1 / p.x }
func (p *P) add(x float64) float64        { fmt.Print(""); return 1 / x }
func two(a, b float64) (float64, float64) { fmt.Print(""); return 1 / a, 1 / b }
func str(p P) float64                     { fmt.Print(""); return 1 / p.x }
func arr(p [2]float32) float32            { fmt.Print(""); return 1 / p[0] }
func cpl(c complex128) complex128         { fmt.Print(""); return 1 / c }
func vari(xs ...float64) float64          { fmt.Print(""); return 1 / xs[0] }
func named(a float64) (r float64)         { fmt.Print(""); r = a; return }
func namedp(a P) (r P)                    { fmt.Print(""); r = a; return }
func ret(a float64) float64               { fmt.Print(""); return a }
func retneg() float64                     { fmt.Print(""); z := 0.0; return -z }
func gen[T any](x T) T                    { fmt.Print(""); return x }
func quick(x float64) float64             { return 1 / x }
func quick2(x float32) float32            { return -x }
func rec(n int, x float64) float64 {
	fmt.Print("")
	if n == 0 {
		return 1 / x
	}
	return rec(n-1, x)
}

type I interface{ inv() float64 }
type T struct {
	v    float64
	next *T
	kids []T
}

func tree(t T) float64 { fmt.Print(""); return 1 / t.v }

func main() {
	z := 0.0
	n := -z
	n32 := float32(n)
	fmt.Println(C(n).inv(), P{n, 0}.inv(), (&P{}).add(n))
	fmt.Println(two(n, z))
	fmt.Println(str(P{n, n}), arr([2]float32{n32, 0}), cpl(complex(n, n)), vari(n, 1), vari(n))
	fmt.Println(named(n), namedp(P{n, n}), ret(n), retneg(), gen(n), gen(P{n, n}), quick(n), quick2(0), rec(3, n))
	var i I = C(n)
	fmt.Println(i.inv(), func(x float64) float64 { return 1 / x }(n))
	i = P{n, n}
	fmt.Println(i.inv())
	var f func(x float64) float64
	f = func(x float64) float64 {
		if x == 1 {
			return f(n)
		}
		return 1 / x
	}
	fmt.Println(f(1), f(n))
	g := quick
	h := ret
	k := C.inv
	m := C(n).inv
	fmt.Println(g(n), h(n), k(C(n)), m())
	defer fmt.Println(ret(n))
	defer func(x float64) { fmt.Println(x) }(n)
	fmt.Println(tree(T{v: n}), tree(T{v: 1}))
	c := make(chan float64, 1)
	c <- n
	fmt.Println(<-c, map[string]float64{"a": n}, []float64{n}, [1]float64{n}, &P{n, n})
	mm := map[string]float64{}
	mm["x"] = n
	fmt.Println(mm, mm["x"], 1/mm["x"])
	var a any = n
	fmt.Println(a, a.(float64), 1/a.(float64))
	x, y := n, z
	fmt.Println(x, y)
	x, y = y, x
	fmt.Println(x, y)
	p := P{n, n}
	q := p
	fmt.Println(q, p == q, P{} == p)
	ap := [2]float64{n, n}
	aq := ap
	fmt.Println(aq)
	go func(x float64) { c <- x }(n)
	fmt.Println(<-c)
	go func() { c <- ret(n) }()
	fmt.Println(<-c)
	fmt.Println(gen[float64](-n), ret(0), ret(1), ret(2.5), named(3), vari(3))
	const big = 1 << 40
	fmt.Println(ret(big), rec(1, 'a'), quick2(3))
	fmt.Println(two(ret2()))
	println(1.5, float32(2.5), true, "x", 'a', 1e100, n)
}
func ret2() (float64, float64) { z := 0.0; return -z, 4 }
