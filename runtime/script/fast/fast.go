// Package fast runs the loops and functions of a script that only calculate:
// numbers, booleans, strings, slices of them, and calls of other such
// functions. A general interpreter spends most of its time on finding out what a
// value is; here the type checker has said it, so that each operation becomes
// one closure over registers of known kinds.
//
// What a piece of code needs beyond that (pointers, structs, maps, interfaces,
// closures, channels, host calls, defer, goto) makes it stay with the
// interpreter: whether code runs here never changes what it does.
//
// The code shares nothing with the interpreter but the variables that it uses
// from around it. Those are handed over by address, held in registers while the
// code runs, and written back however it ends. An index out of range, a division
// by zero or a shift by a negative count are the Go runtime's own panics.
package fast

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// Code is a loop or a function.
type Code struct {
	body    stmt
	outer   []outer // variables from around a loop; parameters and result of a function
	results int     // 0 or 1, the last of outer
	sizes   sizes
	frames  sync.Pool
}

// outer is a variable that code shares with the interpreter.
type outer struct {
	kind  kind
	reg   int
	load  func(f *frame, p unsafe.Pointer)
	store func(f *frame, p unsafe.Pointer)
}

// sizes are how many registers of each kind there are.
type sizes struct{ ints, floats, strings, slices int }

// thread is what the calls of one Run share.
type thread struct {
	stop *atomic.Bool // the script is to end
	pos  int          // of the expression that panics; 0: not known
}

// frame holds the registers of one call.
type frame struct {
	*thread
	i []int64   // integers, sign- or zero-extended; booleans as 0 and 1
	f []float64 // floats; float32 rounded after each operation
	s []string
	h [][]byte         // slices: address, length and capacity of any element type
	p []unsafe.Pointer // where each slice's header is: &h[k], or the script's own variable
}

// stopTime is how long code that was stopped does not come back: the interpreter
// hears of the end as well, and must not go on with half a result.
const stopTime = 50 * time.Millisecond

// stopped unwinds code whose script is to end.
type stopped struct{}

func (c *Code) frame(t *thread) *frame {
	f, ok := c.frames.Get().(*frame)
	if !ok {
		n := c.sizes
		f = &frame{i: make([]int64, n.ints), f: make([]float64, n.floats), s: make([]string, n.strings),
			h: make([][]byte, n.slices), p: make([]unsafe.Pointer, n.slices)}
		for k := range f.h {
			f.p[k] = unsafe.Pointer(&f.h[k])
		}
	}
	f.thread = t
	return f
}

// release gives a frame back for the next call.
func (c *Code) release(f *frame) {
	clear(f.s)
	clear(f.h)
	c.frames.Put(f)
}

// Run runs the code on the variables whose addresses are given, in the order in
// which the compiler listed them. When it panics, position is first told where.
// When stop becomes true
// it gives up.
func (c *Code) Run(stop *atomic.Bool, position func(int), variables []any) {
	if len(variables) != len(c.outer) {
		panic(fmt.Sprintf("%d variables for code that has %d", len(variables), len(c.outer)))
	}
	f := c.frame(&thread{stop: stop})
	for k, o := range c.outer {
		o.load(f, address(variables[k]))
	}
	defer func() {
		for k, o := range c.outer {
			o.store(f, address(variables[k]))
			if o.kind == kindSlice {
				f.p[o.reg] = unsafe.Pointer(&f.h[o.reg])
			}
		}
		failure := recover()
		switch _, ended := failure.(stopped); {
		case failure == nil:
			c.release(f)
		case ended:
			time.Sleep(stopTime)
		default:
			if f.pos != 0 {
				position(f.pos)
			}
			panic(failure)
		}
	}()
	c.body(f)
}

// address is the pointer that an interface holds.
func address(v any) unsafe.Pointer {
	return (*[2]unsafe.Pointer)(unsafe.Pointer(&v))[1]
}
