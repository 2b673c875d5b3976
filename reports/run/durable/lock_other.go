//go:build !unix

package durable

import (
	"errors"
	"fmt"
	"os"
)

// TryLock takes the lock file at path or says ErrLocked. Without flock the file
// itself is the lock; one left by a killed process has to be removed by hand.
func TryLock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path+".held", os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o644)
	if errors.Is(err, os.ErrExist) {
		return nil, ErrLocked
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { f.Close(); os.Remove(path + ".held") }, nil
}

func isInvalid(error) bool { return true }
