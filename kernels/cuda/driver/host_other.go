//go:build !linux

package driver

import "cogumi/kernels"

func largePages(int64) ([]byte, error) { return nil, kernels.ErrUnsupported }

func freePages([]byte) error { return nil }
