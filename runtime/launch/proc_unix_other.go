//go:build unix && !linux

package launch

import (
	"syscall"

	"golang.org/x/sys/unix"
)

func duplicate(from, to int) error { return unix.Dup2(from, to) }

// processAttributes: without Linux's parent-death signal a child outlives a
// parent that is killed with SIGKILL; its run then goes on to its own end.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
