//go:build linux && (amd64 || arm64)

package inside

import (
	"errors"
	"os"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// The kernel's limit on processes counts all that a user runs. Where a program has
// no user of its own, a filter makes the kernel ask this process before each new
// thread or process (seccomp_unotify(2), since Linux 5.5): it counts and answers.
// Without an answer, should this process die, nothing new is made.

const (
	retNotify      = 0x7fc00000 // stronger than allowing, weaker than refusing
	newListener    = 8
	notifyReceive  = 0xc0502100
	notifySend     = 0xc0182101
	notifyContinue = 1
)

// The kernel's structs seccomp_notif and seccomp_notif_resp.
type (
	forkQuestion struct {
		id         uint64
		pid, flags uint32
		nr         int32
		arch       uint32
		ip         uint64
		args       [6]uint64
	}
	forkAnswer struct {
		id    uint64
		val   int64
		errno int32
		flags uint32
	}
)

var (
	_ [80]byte = [unsafe.Sizeof(forkQuestion{})]byte{}
	_ [24]byte = [unsafe.Sizeof(forkAnswer{})]byte{}
)

// oneDescriptor is a control message that carries a descriptor.
type oneDescriptor struct {
	head syscall.Cmsghdr
	fd   int32
	_    int32
}

// forkFilter asks about what makes threads and processes. The filter of all
// programs refuses what else does.
func forkFilter() []filter {
	f := []filter{{code: bpfLoad, k: dataNr}}
	for _, nr := range append([]uint32{syscall.SYS_CLONE}, forks...) {
		f = append(f, filter{bpfJeq, 0, 1, nr}, filter{code: bpfReturn, k: retNotify})
	}
	return append(f, filter{code: bpfReturn, k: retAllow})
}

// askBeforeForks puts the filter on and sends the descriptor of its questions.
func (s *script) askBeforeForks(socket int) {
	f := forkFilter()
	prog := &filterProgram{n: uint16(len(f)), filters: &f[0]}
	c := &oneDescriptor{}
	c.head.SetLen(syscall.CmsgLen(4))
	c.head.Level, c.head.Type = syscall.SOL_SOCKET, syscall.SCM_RIGHTS
	m := &syscall.Msghdr{Iov: &syscall.Iovec{Base: new(byte), Len: 1}, Iovlen: 1, Control: (*byte)(unsafe.Pointer(c))}
	m.SetControllen(int(unsafe.Sizeof(*c)))
	s.call("have new processes asked about", sysSeccomp, setModeFilter, newListener, hold(s, prog)).out = 1 + slotFile
	s.call("", 0, slotFile).store = &c.fd
	s.call("send the questions about new processes", syscall.SYS_SENDMSG, uintptr(socket), hold(s, m), 0).want = 1
}

// questions is a pair of sockets: the program's process sends its end of the
// questions over the second one.
func questions() (pair [2]int, err error) {
	pair, err = syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		err = errors.New("make a pair of sockets: " + err.Error())
	}
	return pair, err
}

// noMore makes every answer a no: all are about to be killed.
var noMore atomic.Bool

// answerForks lets a program have most threads and processes. Two that ask at the
// same time may both be let, so that at some moment there can be more, never twice as many.
func answerForks(socket int, most uint64) {
	listener := received(socket)
	for listener >= 0 {
		var q forkQuestion
		_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(listener), notifyReceive, uintptr(unsafe.Pointer(&q)))
		switch {
		case errno == syscall.EINTR:
			continue
		case errno == syscall.ENOENT: // who asked was interrupted, or nobody is left to ask
			if childless() {
				return
			}
			continue
		case errno != 0:
			return
		}
		a := forkAnswer{id: q.id, flags: notifyContinue}
		if noMore.Load() || tasksBelow() >= most {
			a.flags, a.errno = 0, -int32(syscall.EAGAIN)
		}
		syscall.Syscall(syscall.SYS_IOCTL, uintptr(listener), notifySend, uintptr(unsafe.Pointer(&a)))
	}
}

// received waits for the descriptor; -1 when the process ended before it sent one.
func received(socket int) int {
	defer syscall.Close(socket)
	var b [1]byte
	oob := make([]byte, syscall.CmsgSpace(4))
	for {
		_, n, _, _, err := syscall.Recvmsg(socket, b[:], oob, syscall.MSG_CMSG_CLOEXEC)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || n < len(oob) {
			return -1
		}
		return int((*oneDescriptor)(unsafe.Pointer(&oob[0])).fd)
	}
}

// tasksBelow is how many threads and processes the program has.
func tasksBelow() uint64 {
	n := 0
	for _, pid := range seenBelow(os.Getpid()) {
		n += len(names("/proc/" + decimal(int64(pid)) + "/task"))
	}
	return uint64(n)
}
