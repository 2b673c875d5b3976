//go:build linux && (amd64 || arm64)

package inside

import (
	"syscall"
	"unsafe"
)

// What namespaces would hide a program without them must not reach by calls that
// Landlock does not see: other processes of the same user, files' modes, local
// sockets of servers, shared memory that is there already.

var unseen = append([]uint32{
	syscall.SYS_FCHMOD, syscall.SYS_FCHMODAT, 452, syscall.SYS_FCHOWN, syscall.SYS_FCHOWNAT, syscall.SYS_UTIMENSAT,
	syscall.SYS_SETXATTR, syscall.SYS_LSETXATTR, syscall.SYS_FSETXATTR, syscall.SYS_REMOVEXATTR, syscall.SYS_LREMOVEXATTR, syscall.SYS_FREMOVEXATTR,
	463, 466, // setxattrat, removexattrat
	syscall.SYS_INOTIFY_INIT1,
	syscall.SYS_SOCKET, syscall.SYS_CONNECT, syscall.SYS_BIND,
	syscall.SYS_SHMAT, syscall.SYS_SHMCTL, syscall.SYS_SEMOP, syscall.SYS_SEMTIMEDOP, syscall.SYS_SEMCTL,
	syscall.SYS_MSGSND, syscall.SYS_MSGRCV, syscall.SYS_MSGCTL, syscall.SYS_MQ_UNLINK,
	syscall.SYS_TKILL, syscall.SYS_RT_SIGQUEUEINFO, syscall.SYS_RT_TGSIGQUEUEINFO,
	424, 434, 440, 448, // pidfd_send_signal, pidfd_open, process_madvise, process_mrelease
	syscall.SYS_SETPRIORITY, syscall.SYS_IOPRIO_SET, syscall.SYS_SCHED_SETSCHEDULER, syscall.SYS_SCHED_SETPARAM, sysSchedSetattr,
	syscall.SYS_GET_ROBUST_LIST,
}, unseenHere...)

// ownPid stands in a filter for the number of the process that puts it on.
const ownPid = 0x7fedcba9

// The kernel's numbers for what a call that remains may still not do.
const (
	prSetSubreaper = 36
	fSetOwn        = 8
	fSetOwnEx      = 15
	fNotify        = 1026
	fioSetOwn      = 0x8901
	siocSetGroup   = 0x8902
	tiocsti        = 0x5412
	tioclinux      = 0x541c

	bpfAnd   = 0x54
	dataArg1 = 24
)

// confinedFilter is what comes before the filter of all programs. A program of a
// user of its own, or one whose signals Landlock keeps in, may send signals.
func confinedFilter(version int, ownUser bool) []filter {
	const eperm = retErrno | uint32(syscall.EPERM)
	var f []filter
	for _, nr := range unseen {
		f = append(f, filter{bpfJeq, 0, 1, nr}, filter{code: bpfReturn, k: eperm})
	}
	if version < 3 { // Landlock does not see it either
		f = append(f, filter{bpfJeq, 0, 1, syscall.SYS_TRUNCATE}, filter{code: bpfReturn, k: eperm})
	}
	within := func(nr uint32, part ...filter) {
		f = append(append(f, filter{bpfJeq, 0, uint8(len(part)), nr}), part...)
	}
	self := []uint32{syscall.SYS_KILL, syscall.SYS_TGKILL}
	if ownUser || version >= 6 {
		self = nil
	}
	for _, nr := range self {
		within(nr,
			filter{code: bpfLoad, k: dataArg0},
			filter{bpfJeq, 0, 1, ownPid},
			filter{code: bpfReturn, k: retAllow},
			filter{code: bpfReturn, k: eperm})
	}
	for _, nr := range []uint32{syscall.SYS_PRLIMIT64, syscall.SYS_SCHED_SETAFFINITY} {
		within(nr,
			filter{code: bpfLoad, k: dataArg0},
			filter{bpfJeq, 1, 0, 0},
			filter{bpfJeq, 0, 1, ownPid},
			filter{code: bpfReturn, k: retAllow},
			filter{code: bpfReturn, k: eperm})
	}
	never := func(nr, arg uint32, values ...uint32) {
		part := []filter{{code: bpfLoad, k: arg}}
		for _, v := range values {
			part = append(part, filter{bpfJeq, 0, 1, v}, filter{code: bpfReturn, k: eperm})
		}
		within(nr, append(part, filter{code: bpfReturn, k: retAllow})...)
	}
	if self == nil {
		never(syscall.SYS_KILL, dataArg0, 1<<32-1) // all that there are
	}
	never(syscall.SYS_PRCTL, dataArg0, prSetPdeathsig, prSetDumpable, prSetSubreaper)
	never(syscall.SYS_FCNTL, dataArg1, fSetOwn, fSetOwnEx, fNotify) // the kernel would send signals for it
	never(syscall.SYS_IOCTL, dataArg1, fioSetOwn, siocSetGroup, tiocsti, tioclinux)
	within(syscall.SYS_SOCKETPAIR, // of streams: others can be sent from to any name
		filter{code: bpfLoad, k: dataArg0},
		filter{bpfJeq, 0, 4, syscall.AF_UNIX},
		filter{code: bpfLoad, k: dataArg1},
		filter{code: bpfAnd, k: 0xf},
		filter{bpfJeq, 0, 1, syscall.SOCK_STREAM},
		filter{code: bpfReturn, k: retAllow},
		filter{code: bpfReturn, k: eperm})
	return f
}

// ownPid puts the process's number into the filter, just before it is put on.
func (s *script) ownPid(f []filter) {
	s.call("get the process's number", syscall.SYS_GETPID).out = 1 + slotPath
	for i := range f {
		if f[i].k == ownPid {
			s.call("", 0, slotPath).store = (*int32)(unsafe.Pointer(&f[i].k))
		}
	}
}
