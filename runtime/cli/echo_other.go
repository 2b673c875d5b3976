//go:build !linux && !darwin

package cli

// hideTyping does nothing here.
func hideTyping(int) (show func()) { return func() {} }
