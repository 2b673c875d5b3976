//go:build linux && (amd64 || arm64)

package inside

import (
	"syscall"
	"unsafe"
)

// A child of clone that shares nothing with Go's scheduler may do nothing but
// system calls: no allocation, no growing stack, no lock. So what the two
// processes inside the sandbox do is data, a list of system calls made
// beforehand, and runOps walks through it.

// op is one system call. Arguments whose bit is set in slots are not the value
// itself but the index of an earlier call's result.
type op struct {
	name  string // "mount /tmp", for the error
	nr    uintptr
	args  [6]uintptr
	slots uint8
	out   int    // 1 + slot that keeps the result; 0: none
	want  int64  // the result must be this; -1: anything that is no error
	soft  bool   // an error does not matter
	store *int32 // put slot args[0] here instead of a call
}

const maxSlots = 16

// runOps does the calls in order. It gives the index of the first that failed
// and its error number, or -1.
//
//go:nosplit
//go:norace
func runOps(ops *[]op, slots *[maxSlots]uintptr) (int, syscall.Errno) {
	for i := range *ops {
		o := &(*ops)[i]
		if o.store != nil {
			*o.store = int32(slots[o.args[0]])
			continue
		}
		var a [6]uintptr
		for k := range a {
			a[k] = o.args[k]
			if o.slots&(1<<k) != 0 {
				a[k] = slots[a[k]&(maxSlots-1)]
			}
		}
		r, _, errno := syscall.RawSyscall6(o.nr, a[0], a[1], a[2], a[3], a[4], a[5])
		if o.soft {
			continue
		}
		if errno != 0 {
			return i, errno
		}
		if o.want >= 0 && int64(r) != o.want {
			return i, syscall.EIO
		}
		if o.out > 0 {
			slots[o.out-1] = r
		}
	}
	return -1, 0
}

// script collects the calls of one process and keeps their memory alive and in
// place: what is reachable from a package variable is on the heap, where nothing moves.
type script struct {
	ops  []op
	keep [][]byte
	caps []any
}

var scripts [2]script

func (s *script) call(name string, nr uintptr, args ...uintptr) *op {
	o := op{name: name, nr: nr, want: -1}
	copy(o.args[:], args)
	s.ops = append(s.ops, o)
	return &s.ops[len(s.ops)-1]
}

// text gives the address of a NUL-terminated copy.
func (s *script) text(v string) uintptr {
	b := make([]byte, len(v)+1)
	copy(b, v)
	s.keep = append(s.keep, b)
	return uintptr(unsafe.Pointer(&b[0]))
}

// bytes gives the address of a copy, or 0 for nothing.
func (s *script) bytes(v []byte) uintptr { return s.text(string(v)) }

// texts gives the address of a NULL-terminated list of strings.
func (s *script) texts(list []string) uintptr {
	ptrs := make([]uintptr, len(list)+1)
	for i, v := range list {
		ptrs[i] = s.text(v)
	}
	s.caps = append(s.caps, ptrs)
	return uintptr(unsafe.Pointer(&ptrs[0]))
}

// hold gives the address of *v, which lives as long as the script.
func hold[T any](s *script, v *T) uintptr {
	s.caps = append(s.caps, v)
	return uintptr(unsafe.Pointer(v))
}
