//go:build ignore

// recover in all kinds of functions that a defer statement calls.
package main

import (
	"errors"
	"fmt"
	"os"
)

type T struct{ n int }

func (t *T) rec()         { t.n++; fmt.Println("T.rec", recover()) }
func (t T) recv(s string) { fmt.Println("T.recv", s, recover()) }

type I interface{ rec() }

func rec()            { fmt.Println("rec", recover()) }
func recArg(s string) { fmt.Println("recArg", s, recover()) }
func norec()          { rec() }
func recTwice()       { fmt.Println(recover(), recover()) }
func inner()          { defer rec(); panic("inner") }
func recNested() {
	defer func() { fmt.Println("nested defer", recover()) }()
	fmt.Println("recNested", recover())
}
func handle(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("handled: %v", r)
	}
}
func work(n int) (err error) {
	defer handle(&err)
	if n > 0 {
		panic(fmt.Sprint("work ", n))
	}
	return errors.New("plain")
}
func get() func()     { return rec }
func quick(x int) int { return x * 2 }

func try(name string, f func()) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Println(name, "escaped", r)
		}
	}()
	f()
	fmt.Println(name, "done")
}

func main() {
	t := &T{}
	try("rec", func() { defer rec(); panic(1) })
	try("recArg", func() { defer recArg("a"); panic(2) })
	try("norec", func() { defer norec(); panic(3) })
	try("method", func() { defer t.rec(); panic(4) })
	try("valmethod", func() { defer t.recv("x"); panic(5) })
	try("methodvalue", func() { f := t.rec; defer f(); panic(6) })
	try("methodexpr", func() { defer (*T).rec(t); panic(7) })
	try("iface", func() { var i I = t; defer i.rec(); panic(8) })
	try("value", func() { f := rec; defer f(); panic(9) })
	try("lit", func() { f := func() { fmt.Println("lit", recover()) }; defer f(); panic(10) })
	try("litcalls", func() { f := func() { rec() }; defer f(); panic(11) })
	try("litcalls2", func() { defer func() { rec() }(); panic(12) })
	try("get", func() { defer get()(); panic(13) })
	try("direct", func() { rec(); defer recTwice(); panic(14) })
	try("builtin", func() { defer recover(); panic(15) })
	try("inner", func() { defer inner(); panic(16) })
	try("nested", func() { defer recNested(); panic(17) })
	try("field", func() { s := struct{ f func(string) }{recArg}; defer s.f("fld"); panic(18) })
	try("map", func() { m := map[string]func(){"a": rec}; defer m["a"](); panic(19) })
	try("loop", func() {
		for i := range 3 {
			defer recArg(fmt.Sprint(i))
		}
		panic(20)
	})
	try("nopanic", func() { defer rec() })
	try("repanic", func() { defer rec(); defer func() { panic(fmt.Sprint("re", recover())) }(); panic(21) })
	try("runtime", func() { defer rec(); var p *T; p.n = 1 })
	try("goroutine", func() { c := make(chan bool); go func() { defer close(c); defer rec(); panic(22) }(); <-c })
	try("paramlit", func() { defer func(s string) { fmt.Println(s, recover()) }("p"); panic(23) })
	try("callback", func() { defer apply(rec); panic(24) })
	try("generic", func() { defer gen("g"); panic(25) })
	try("quick", func() { defer quick(3); defer rec(); panic(26) })
	for i := range 2 {
		fmt.Println(work(i))
	}
	var e any = rec
	try("assert", func() { defer e.(func())(); panic(27) })
	fmt.Println(t.n, len(os.Args))
	defer rec()
	var arr []int
	_ = arr[3]
}
func apply(f func()) { f() }
func gen[A any](a A) { fmt.Println(a, recover()) }
