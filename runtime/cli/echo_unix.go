//go:build linux || darwin

package cli

import "golang.org/x/sys/unix"

// hideTyping keeps the terminal from showing what is typed while an answer is
// written: it waits for the next prompt. Ctrl-C stays a signal.
func hideTyping(fd int) (show func()) {
	old, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return func() {}
	}
	quiet := *old
	quiet.Lflag &^= unix.ECHO
	if unix.IoctlSetTermios(fd, setTermios, &quiet) != nil {
		return func() {}
	}
	return func() { _ = unix.IoctlSetTermios(fd, setTermios, old) }
}
