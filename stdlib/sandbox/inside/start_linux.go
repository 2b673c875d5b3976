//go:build linux && (amd64 || arm64)

package inside

import (
	"errors"
	"io"
	"os"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// A sandbox is three processes. The first is this program under its other name:
// it reads the plan, makes the second with a clone into new namespaces, and stays
// outside to account and to kill. The second builds the file system, starts the
// third and stays as the namespace's init, deaf to every signal from inside: its
// end is the end of all in there. The third restricts itself and becomes Python.

func init() {
	if len(os.Args) == 1 && os.Args[0] == Marker {
		os.Exit(start())
	}
}

const namespaces = syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET |
	syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS | cloneNewCgroup

// start runs on the main thread, as every init function: what it clones has that
// thread for a parent, which lives as long as the process.
func start() int {
	line := ""
	if out, err := run(); err != nil {
		line = "fail " + err.Error()
	} else {
		line = out.line()
	}
	if _, err := syscall.Write(FDDone, []byte(line+"\n")); err != nil {
		return 1
	}
	return 0
}

func run() (Outcome, error) {
	for fd := FDPlan; fd <= FDReport; fd++ {
		syscall.CloseOnExec(fd)
	}
	p, err := readPlan()
	if err != nil {
		return Outcome{}, err
	}
	if p.Home != "" {
		return confined(p)
	}
	var sync, status [2]int
	if err := syscall.Pipe2(sync[:], syscall.O_CLOEXEC); err != nil {
		return Outcome{}, errors.New("make a pipe: " + err.Error())
	}
	if err := syscall.Pipe2(status[:], syscall.O_CLOEXEC); err != nil {
		return Outcome{}, errors.New("make a pipe: " + err.Error())
	}
	initScript(&scripts[0], p, sync)
	programScript(&scripts[1], p, -1)
	pid, err := clone(namespaces, status[1])
	if err != nil {
		return Outcome{}, errors.New("make namespaces: " + err.Error())
	}
	var killed atomic.Bool
	go func() {
		awaitEnd()
		killed.Store(true)
		syscall.Kill(pid, syscall.SIGKILL)
	}()
	syscall.Close(status[1])
	if err := mapUsers(pid, p.Root); err != nil {
		syscall.Kill(pid, syscall.SIGKILL)
		return Outcome{}, err
	}
	syscall.Write(sync[1], []byte{1})
	return collect(pid, status[0], &killed)
}

// awaitEnd returns when the parent closes its end of the plan or is gone.
func awaitEnd() {
	var b [1]byte
	for {
		n, err := syscall.Read(FDPlan, b[:])
		if err != syscall.EINTR && n <= 0 {
			return
		}
	}
}

func readPlan() (*Plan, error) {
	var head [8]byte
	if _, err := io.ReadFull(plan{}, head[:]); err != nil {
		return nil, errors.New("read the plan: " + err.Error())
	}
	n := FromLE64(head[:])
	if n > 1<<31 {
		return nil, errors.New("read the plan: it is too long")
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(plan{}, b); err != nil {
		return nil, errors.New("read the plan: " + err.Error())
	}
	return Unpack(b)
}

// plan reads its descriptor without os.File, which would watch and close it.
type plan struct{}

func (plan) Read(b []byte) (int, error) {
	for {
		n, err := syscall.Read(FDPlan, b)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			return 0, err
		case n <= 0:
			return 0, io.ErrUnexpectedEOF
		}
		return n, nil
	}
}

// clone makes the second process; it returns in the first only.
func clone(flags uintptr, status int) (int, error) {
	all := ^uint64(0)
	old := uint64(0)
	syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, sigSetMask, uintptr(unsafe.Pointer(&all)), uintptr(unsafe.Pointer(&old)), 8, 0, 0)
	pid, _, errno := syscall.RawSyscall6(syscall.SYS_CLONE, flags|uintptr(syscall.SIGCHLD), 0, 0, 0, 0, 0)
	if pid == 0 && errno == 0 {
		if flags == 0 {
			program(uintptr(status))
		}
		second(uintptr(status))
	}
	syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, sigSetMask, uintptr(unsafe.Pointer(&old)), 0, 8, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(pid), nil
}

// What the second and third process send to the first: who, which call, and the
// error's number; or the program's wait status.
const (
	fromInit = iota
	fromProgram
	fromWait
)

var (
	slots   [maxSlots]uintptr
	message [3]uint32
)

// second is the namespace's init. It never returns.
//
//go:nosplit
//go:norace
func second(status uintptr) {
	if i, errno := runOps(&scripts[0].ops, &slots); i >= 0 {
		tell(status, fromInit, uint32(i), uint32(errno))
	}
	pid, _, errno := syscall.RawSyscall6(syscall.SYS_CLONE, uintptr(syscall.SIGCHLD), 0, 0, 0, 0, 0)
	if errno != 0 {
		tell(status, fromInit, uint32(len(scripts[0].ops)), uint32(errno))
	}
	if pid == 0 {
		program(status)
	}
	for {
		r, _, errno := syscall.RawSyscall6(syscall.SYS_WAIT4, ^uintptr(0), uintptr(unsafe.Pointer(&message[1])), 0, 0, 0, 0)
		if errno == 0 && r == pid {
			tell(status, fromWait, message[1], 0)
		}
		if errno != 0 && errno != syscall.EINTR {
			tell(status, fromInit, uint32(len(scripts[0].ops)), uint32(errno))
		}
	}
}

// program is the process that becomes Python. It never returns.
//
//go:nosplit
//go:norace
func program(status uintptr) {
	i, errno := runOps(&scripts[1].ops, &slots)
	tell(status, fromProgram, uint32(i), uint32(errno))
}

// tell sends a message and ends the process.
//
//go:nosplit
//go:norace
func tell(fd uintptr, who, what, errno uint32) {
	message[0], message[1], message[2] = who, what, errno
	syscall.RawSyscall(syscall.SYS_WRITE, fd, uintptr(unsafe.Pointer(&message)), unsafe.Sizeof(message))
	for {
		syscall.RawSyscall(syscall.SYS_EXIT_GROUP, 0, 0, 0)
	}
}

// mapUsers says who the users inside are. Root maps everyone, so that what root
// may read can be mounted, and the program becomes nobody; other people can map
// only themselves.
func mapUsers(pid int, root bool) error {
	proc := "/proc/" + decimal(int64(pid)) + "/"
	uids := decimal(nobody) + " " + decimal(int64(syscall.Geteuid())) + " 1\n"
	gids := decimal(nobody) + " " + decimal(int64(syscall.Getegid())) + " 1\n"
	if root {
		uids, gids = everyone, everyone
	} else if err := writeFile(proc+"setgroups", "deny"); err != nil {
		return err
	}
	if err := writeFile(proc+"uid_map", uids); err != nil {
		return err
	}
	return writeFile(proc+"gid_map", gids)
}

func writeFile(path, text string) error {
	fd, err := syscall.Open(path, syscall.O_WRONLY|syscall.O_CLOEXEC, 0)
	if err == nil {
		_, err = syscall.Write(fd, []byte(text))
		syscall.Close(fd)
	}
	if err != nil {
		return errors.New("write " + path[len("/proc/"):] + ": " + err.Error())
	}
	return nil
}

// collect waits for the end and says what became of the program.
func collect(pid, status int, killed *atomic.Bool) (Outcome, error) {
	var ws syscall.WaitStatus
	var ru syscall.Rusage
	for {
		_, err := syscall.Wait4(pid, &ws, 0, &ru)
		if err == nil {
			break
		}
		if err != syscall.EINTR {
			return Outcome{}, errors.New("wait for the sandbox: " + err.Error())
		}
	}
	out := Outcome{
		CPU:    ru.Utime.Nano() + ru.Stime.Nano(),
		Memory: ru.Maxrss << 10,
	}
	ended := false
	for {
		var m [3]uint32
		n, err := syscall.Read(status, unsafe.Slice((*byte)(unsafe.Pointer(&m)), unsafe.Sizeof(m)))
		if err == syscall.EINTR {
			continue
		}
		if n != int(unsafe.Sizeof(m)) {
			break
		}
		switch m[0] {
		case fromWait:
			ended, out.Status = true, int(m[1])
		default:
			return Outcome{}, errors.New(stepName(m[0], m[1]) + ": " + syscall.Errno(m[2]).Error())
		}
	}
	switch {
	case ended:
		return out, nil
	case killed.Load():
		out.Killed = true
		return out, nil
	}
	return Outcome{}, errors.New("the sandbox's own process ended with wait status " + decimal(int64(ws)))
}

func stepName(who, step uint32) string {
	ops := scripts[0].ops
	if who == fromProgram {
		ops = scripts[1].ops
	}
	if int(step) < len(ops) {
		return ops[step].name
	}
	return "start a process"
}
