//go:build ignore

// How types are called, and builtins with the results of a call.
package main

import "fmt"

func ff(a []byte) ([]byte, []byte)       { return a, []byte("abc") }
func g(a []byte) ([]byte, string)        { return a, "abc" }
func h(m map[int]int) (map[int]int, int) { return m, 0 }
func c() (float64, float64)              { return 1, 2 }
func p() (int16, float64, string)        { return 1, 2.5, "x" }
func ap() ([]int, int, int)              { return []int{1}, 2, 3 }
func mm() (int, int, int)                { return 1, 2, 3 }

type T1 struct {
	x int
	y string
}
type I interface{ M(int) string }

func main() {
	a := []byte{1, 2, 3}
	n := copy(ff(a))
	fmt.Println(n, a)
	b := []byte{1, 2, 3}
	n = copy(g(b))
	fmt.Println(n, b)
	m := map[int]int{0: 0}
	delete(h(m))
	fmt.Println(len(m))
	println(p())
	fmt.Println(complex(c()))
	fmt.Println(append(ap()))
	var ch chan int = make(chan int)
	var r <-chan int = ch
	var s chan<- int = ch
	fmt.Println(r == ch, ch == r, s == ch, ch != r)
	var x any = struct {
		a int
		B string `json:"x"`
	}{1, "x"}
	fmt.Printf("%T %T %T %T\n", x, []struct{ a T1 }{}, func(T1, ...int) (int, error) { return 0, nil }, map[T1]chan<- T1{})
	fmt.Printf("%T %T\n", &x, (*I)(nil))
	fmt.Printf("%T\n", (*interface {
		N(T1) int
		I
	})(nil))
	func() {
		defer func() { fmt.Println(recover()) }()
		_ = x.(I)
	}()
	func() {
		defer func() { fmt.Println(recover()) }()
		_ = interface{ T() T1 }(nil).(I)
	}()
	func() {
		defer func() { fmt.Println(recover()) }()
		_ = x.(struct{ q T1 })
	}()
	func() {
		defer func() { fmt.Println(recover()) }()
		var i interface{ M(int) string }
		_ = i.(interface{ Q() T1 })
	}()
}
