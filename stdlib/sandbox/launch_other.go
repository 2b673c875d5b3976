//go:build !linux || !(amd64 || arm64)

package sandbox

import (
	"context"
	"runtime"
)

func availableHere() (offer, error) {
	return offer{}, &UnsupportedError{
		Reason: "programs run on Linux on amd64 and arm64 only, this is " + runtime.GOOS + " on " + runtime.GOARCH,
		Hint:   "run this on a Linux machine",
	}
}

func launchHere(context.Context, Program) (Result, error) {
	_, err := availableHere()
	return Result{}, err
}
