package driver

import (
	"fmt"

	"github.com/ebitengine/purego"
)

// openLibrary finds the first of the libraries that is there.
func openLibrary(names ...string) (uintptr, error) {
	var first error
	for _, n := range names {
		h, err := purego.Dlopen(n, purego.RTLD_NOW|purego.RTLD_GLOBAL)
		if err == nil {
			return h, nil
		}
		if first == nil {
			first = err
		}
	}
	return 0, first
}

func symbol(library uintptr, name string) (uintptr, error) {
	p, err := purego.Dlsym(library, name)
	if err != nil {
		return 0, fmt.Errorf("symbol %s: %w", name, err)
	}
	return p, nil
}

// call runs a C function of integers and pointers.
//
//go:uintptrescapes
func call(fn uintptr, args ...uintptr) uintptr {
	r, _, _ := purego.SyscallN(fn, args...)
	return r
}
