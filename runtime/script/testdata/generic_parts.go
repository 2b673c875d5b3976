//go:build ignore

// What is generic in packages of which the host has the rest.
package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
)

type E struct{ c int }

func (e *E) Error() string { return fmt.Sprint("E", e.c) }

func main() {
	err := fmt.Errorf("x: %w", &E{3})
	e, ok := errors.AsType[*E](err)
	fmt.Println(e, ok)
	fmt.Println(rand.N(1))
	f := sync.OnceValue(func() int { fmt.Println("once"); return 4 })
	fmt.Println(f(), f())
	g := sync.OnceValues(func() (int, error) { return 4, err })
	fmt.Println(g())
	var p atomic.Pointer[E]
	p.Store(&E{5})
	fmt.Println(p.Load())
}
