//go:build !linux

package launch

func restrictions() string { return "not on this system" }
