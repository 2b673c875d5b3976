//go:build !linux || !(amd64 || arm64)

package sandbox

import (
	"context"
	"runtime"
)

// Available is nil where programs can be run. Here they cannot.
func Available() error {
	return &UnsupportedError{
		Reason: "programs run on Linux on amd64 and arm64 only, this is " + runtime.GOOS + " on " + runtime.GOARCH,
		Hint:   "run this on a Linux machine",
	}
}

// Version names the interpreter, or is empty where there is none.
func Version() string { return "" }

func launchHere(context.Context, Program) (Result, error) { return Result{}, Available() }
