//go:build !linux

package driver

import (
	"fmt"
	"runtime"

	"cogumi/kernels"
)

func openLibrary(...string) (uintptr, error) {
	return 0, fmt.Errorf("CUDA on %s: %w", runtime.GOOS, kernels.ErrUnsupported)
}

func symbol(uintptr, string) (uintptr, error) { return 0, kernels.ErrUnsupported }

func call(uintptr, ...uintptr) uintptr { return 0 }
