//go:build unix

package launch

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// start gives the child a process group of its own: a terminal's Ctrl-C reaches
// the parent only, which decides.
func start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = processAttributes()
	return cmd.Start()
}

// divertCrashes makes f the process's descriptor 2, to which the Go runtime
// writes when it crashes; os.Stderr goes where descriptor 2 went.
func divertCrashes(f *os.File) error {
	fd, err := unix.FcntlInt(2, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return err
	}
	descriptor2 = os.Stderr
	os.Stderr = os.NewFile(uintptr(fd), os.Stderr.Name())
	return duplicate(int(f.Fd()), 2)
}

// descriptor2 is kept: a file that nobody holds is closed when memory is
// collected, and with it the place that crashes are written to.
//
//lint:ignore U1000 it is held, not read
var descriptor2 *os.File

func interrupt(p *os.Process) { _ = p.Signal(os.Interrupt) }

func killGroup(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGKILL) }

// signalName names the signal that ended the process, if one did.
func signalName(state *os.ProcessState) (string, bool) {
	status, ok := state.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() {
		return "", false
	}
	return unix.SignalName(status.Signal()), true
}

// peakMemory is the child's largest resident size, for the person who has to
// decide whether memory ran out.
func peakMemory(state *os.ProcessState) string {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok || usage.Maxrss <= 0 {
		return ""
	}
	bytes := int64(usage.Maxrss)
	if runtime.GOOS != "darwin" && runtime.GOOS != "ios" {
		bytes *= 1024 // everywhere else the unit is a kilobyte
	}
	return fmt.Sprintf(" (its peak was %.1f GB)", float64(bytes)/1e9)
}

// socketPair is a connection with a child: our end and theirs.
func socketPair() (ours, theirs *os.File, err error) {
	syscall.ForkLock.RLock()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fds[0])
		syscall.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, fmt.Errorf("connect with the child: %w", err)
	}
	// Non-blocking, so that closing it ends a read.
	if err := syscall.SetNonblock(fds[0], true); err != nil {
		syscall.Close(fds[0])
		syscall.Close(fds[1])
		return nil, nil, fmt.Errorf("connect with the child: %w", err)
	}
	return os.NewFile(uintptr(fds[0]), "child"), os.NewFile(uintptr(fds[1]), "parent"), nil
}
