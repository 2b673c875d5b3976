//go:build unix && !linux

package launch

import "syscall"

// processAttributes: without Linux's parent-death signal a child outlives a
// parent that is killed with SIGKILL; its run then goes on to its own end.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
