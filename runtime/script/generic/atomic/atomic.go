// Package atomic is what of package sync/atomic is generic, for scripts.
package atomic

import "sync"

// Pointer is a pointer that goroutines share.
type Pointer[T any] struct {
	mu   sync.Mutex
	held *T
}

// Load reads it.
func (x *Pointer[T]) Load() *T {
	x.mu.Lock()
	p := x.held
	x.mu.Unlock()
	return p
}

// Store sets it.
func (x *Pointer[T]) Store(p *T) {
	x.mu.Lock()
	x.held = p
	x.mu.Unlock()
}

// Swap sets it and gives what it was.
func (x *Pointer[T]) Swap(p *T) (old *T) {
	x.mu.Lock()
	old, x.held = x.held, p
	x.mu.Unlock()
	return old
}

// CompareAndSwap sets it if it is old.
func (x *Pointer[T]) CompareAndSwap(old, p *T) (swapped bool) {
	x.mu.Lock()
	if swapped = x.held == old; swapped {
		x.held = p
	}
	x.mu.Unlock()
	return swapped
}
