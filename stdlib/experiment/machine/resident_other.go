//go:build !linux

package machine

import "errors"

// Resident is how many bytes of memory this process holds now, and held at most
// since ResetPeak; 0 where that is unknown.
func Resident() (now, peak int64) { return 0, 0 }

// ResetPeak begins a new measurement of the peak.
func ResetPeak() error { return errors.ErrUnsupported }
