package launch

import (
	"syscall"

	"golang.org/x/sys/unix"
)

func duplicate(from, to int) error { return unix.Dup3(from, to, 0) }

// processAttributes: the child dies with its parent, however the parent dies.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
