// Package par spreads loops over the processor's cores.
//
// One pool of workers lives as long as the process. A loop is cut into chunks
// that workers take in turn, so which worker computes what depends on timing:
// callers keep results repeatable by cutting over outputs, never over a sum.
package par

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// chunksPerWorker lets fast workers take more: a core that is also busy with
// something else does not hold up the loop.
const chunksPerWorker = 4

// job is the loop in flight. There is one, reused: the pool runs one loop at a
// time.
type job struct {
	fn       func(lo, hi int)
	n, chunk int
	next     atomic.Int64 // first index nobody has taken
	left     atomic.Int32 // participants that have not finished
	done     chan struct{}
	panicked atomic.Pointer[Panic]
}

var (
	mu      sync.Mutex // held while a loop is in flight
	loop    = job{done: make(chan struct{}, 1)}
	workers atomic.Int32
	pool    []*helper
)

func init() { workers.Store(int32(runtime.GOMAXPROCS(0))) }

// Panic is what For panics with when fn panicked in another goroutine: the value
// with the stack of the place where it happened.
type Panic struct {
	Value any
	Stack []byte
}

func (p *Panic) Error() string { return fmt.Sprintf("%v\n\n%s", p.Value, p.Stack) }

// Unwrap gives the value if it was an error.
func (p *Panic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

// Workers is the number of goroutines that a loop is spread over, the caller's
// included.
func Workers() int { return int(workers.Load()) }

// SetWorkers changes that number and returns the old one. Less than 1 means
// GOMAXPROCS. It is for tests and for leaving cores to others.
func SetWorkers(n int) int {
	if n < 1 {
		n = runtime.GOMAXPROCS(0)
	}
	return int(workers.Swap(int32(n)))
}

// For calls fn on ranges that cover [0, n) without overlap, on several
// goroutines, and returns when all are done. Every range starts at a multiple of
// grain and holds at least grain indices, but for the last.
//
// A loop inside another one, or beside another one, runs on its caller alone.
// If fn panics, the ranges not yet begun are dropped and For panics with a
// *Panic, or with the value itself when nothing was spread.
func For(n, grain int, fn func(lo, hi int)) {
	if n <= 0 {
		return
	}
	grain = max(grain, 1)
	grains := (n + grain - 1) / grain
	w := min(Workers(), grains)
	if w < 2 || !mu.TryLock() {
		fn(0, n)
		return
	}
	j := &loop
	j.fn, j.n = fn, n
	j.chunk = grain * max(1, grains/(w*chunksPerWorker))
	j.next.Store(0)
	j.left.Store(int32(w))
	j.panicked.Store(nil)
	offer(j, w-1)
	j.run()
	j.finish(1 + revoke(j, w-1))
	p := j.panicked.Load()
	j.fn = nil
	mu.Unlock()
	if p != nil {
		panic(p)
	}
}

// run takes chunks until none is left.
func (j *job) run() {
	defer j.catch()
	for {
		lo := int(j.next.Add(int64(j.chunk))) - j.chunk
		if lo >= j.n {
			return
		}
		j.fn(lo, min(lo+j.chunk, j.n))
	}
}

// catch keeps the first panic and drops the chunks that nobody has begun.
func (j *job) catch() {
	if v := recover(); v != nil {
		j.next.Store(int64(j.n))
		p, ok := v.(*Panic)
		if !ok {
			p = &Panic{Value: v, Stack: debug.Stack()}
		}
		j.panicked.CompareAndSwap(nil, p)
	}
}

// finish counts off the caller and the helpers that never began, and waits for
// the others.
func (j *job) finish(off int) {
	if j.left.Add(int32(-off)) == 0 {
		return
	}
	for i := 0; i < spins && j.left.Load() != 0; i++ {
		if i%64 == 63 {
			runtime.Gosched()
		}
	}
	<-j.done
}
