//go:build !linux && !darwin

// Package mapped opens files as memory.
package mapped

import "os"

// File reads the whole file where the system has no mmap that we use.
func File(path string) (data []byte, unmap func() error, err error) {
	data, err = os.ReadFile(path)
	return data, func() error { return nil }, err
}

// Release lets the kernel have memory of mapped files; there is none here.
func Release([]byte) {}
