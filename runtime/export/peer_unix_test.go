//go:build unix

package export

import (
	"os/exec"
	"syscall"
)

// inGroup has the command's own children end with it.
func inGroup(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func killGroup(c *exec.Cmd) { syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
