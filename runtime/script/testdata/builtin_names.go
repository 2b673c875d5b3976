//go:build ignore

// Names of Go's own that a script takes for itself.
package main

import "fmt"

func true(ok bool)            { fmt.Println("true", ok) }
func copy(a, b string) string { return a + b }

var len = 3

type error struct{ x int }

func max(a, b int) int { return a * b }

func two() (int, int)      { return 3, 4 }
func bs() ([]byte, string) { return make([]byte, 3), "abc" }

type S struct{ f []int }

func main() {
	defer func() { fmt.Println(recover()) }()
	true(1 > 0)
	fmt.Println(copy("a", "b"), len, error{3}, max(two()))
	fmt.Printf("%T %v\n", error{1}, &error{2})
	s := []int{1, 2}
	fmt.Println(s[two2()])
}
func two2() int { return 2 }
