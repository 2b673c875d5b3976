//go:build linux || darwin

// Package mapped opens files as memory.
package mapped

import (
	"fmt"
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// File maps a file read-only. Its pages are shared between processes and the
// kernel may drop them again, so that a model larger than memory still opens.
// Whoever shortens the file in the meantime kills the process that reads it.
func File(path string) (data []byte, unmap func() error, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s is not a regular file", path)
	}
	if info.Size() == 0 { // mmap refuses a length of 0
		return nil, func() error { return nil }, nil
	}
	if info.Size() > math.MaxInt {
		return nil, nil, fmt.Errorf("%s: %d bytes do not fit this machine", path, info.Size())
	}
	data, err = unix.Mmap(int(file.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, nil, fmt.Errorf("map %s: %w", path, err)
	}
	remember(data)
	return data, func() error {
		forget(data)
		return unix.Munmap(data)
	}, nil
}
