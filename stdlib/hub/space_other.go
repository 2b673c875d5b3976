//go:build !linux && !darwin

package hub

// enough does not know here: the write will tell.
func enough(string, int64) error { return nil }
