//go:build linux && (amd64 || arm64)

package confine

import (
	"errors"
	"syscall"
	"unsafe"
)

// The filter over system calls: what Landlock does not see. It holds for all
// threads at once.

type filter struct {
	code   uint16
	jt, jf uint8
	k      uint32
}

type filterProgram struct {
	n       uint16
	_       [6]byte
	filters *filter
}

// Classic BPF as seccomp(2) takes it; offsets are those of struct seccomp_data.
const (
	bpfLoad   = 0x20 // A = data[k]
	bpfAnd    = 0x54
	bpfJeq    = 0x15
	bpfJge    = 0x35
	bpfJset   = 0x45
	bpfReturn = 0x06

	dataNr   = 0
	dataArch = 4

	retAllow = 0x7fff0000
	retErrno = 0x00050000
	retKill  = 0x80000000

	setModeFilter = 1
	actionAvail   = 2
	toAllThreads  = 1

	eperm  = retErrno | uint32(syscall.EPERM)
	enosys = retErrno | uint32(syscall.ENOSYS)
)

// arg is the offset of a system call's argument, its low half.
func arg(i uint32) uint32 { return 16 + 8*i }

// refused are system calls that nothing in a script's process needs: they start
// programs, reach other processes, leave the group that the parent kills, or
// lead into the kernel's rarely used corners.
var refused = append([]uint32{
	syscall.SYS_EXECVE, sysExecveat,
	syscall.SYS_SETSID, syscall.SYS_SETPGID, syscall.SYS_TKILL, syscall.SYS_RT_SIGQUEUEINFO, syscall.SYS_RT_TGSIGQUEUEINFO,
	424, 434, 438, 440, // pidfd_send_signal, pidfd_open, pidfd_getfd, process_madvise
	syscall.SYS_PTRACE, sysProcessVMReadv, sysProcessVMWritev, sysKcmp,
	syscall.SYS_UNSHARE, sysSetns, syscall.SYS_MOUNT, syscall.SYS_UMOUNT2, syscall.SYS_PIVOT_ROOT, syscall.SYS_CHROOT,
	428, 429, 430, 431, 432, 433, 442, // the newer mount interface
	syscall.SYS_SWAPON, syscall.SYS_SWAPOFF, syscall.SYS_REBOOT, syscall.SYS_ACCT, syscall.SYS_QUOTACTL,
	syscall.SYS_INIT_MODULE, syscall.SYS_DELETE_MODULE, sysFinitModule, syscall.SYS_KEXEC_LOAD, sysKexecFileLoad,
	syscall.SYS_ADD_KEY, syscall.SYS_REQUEST_KEY, syscall.SYS_KEYCTL, syscall.SYS_PERF_EVENT_OPEN, sysBpf, sysUserfaultfd,
	425, 426, 427, // io_uring: it does calls that no filter sees
	447,                                                                             // memfd_secret
	syscall.SYS_SHMGET, syscall.SYS_SEMGET, syscall.SYS_MSGGET, syscall.SYS_MQ_OPEN, // they outlive the process
	sysNameToHandleAt, sysOpenByHandleAt, syscall.SYS_FANOTIFY_INIT, syscall.SYS_SYSLOG, syscall.SYS_VHANGUP,
	syscall.SYS_FCHMODAT, 452, syscall.SYS_FCHOWNAT, syscall.SYS_FCHOWN, // of files that Landlock does not let be opened
	syscall.SYS_SETXATTR, syscall.SYS_LSETXATTR, syscall.SYS_FSETXATTR, syscall.SYS_REMOVEXATTR, syscall.SYS_LREMOVEXATTR, syscall.SYS_FREMOVEXATTR,
	syscall.SYS_SETTIMEOFDAY, syscall.SYS_CLOCK_SETTIME, syscall.SYS_SETHOSTNAME, syscall.SYS_SETDOMAINNAME,
}, refusedHere...)

const (
	prSetPdeathsig = 1
	tiocsti        = 0x5412 // types for the person at the terminal
	tioclinux      = 0x541c
	sockRaw        = 3
	multipathTCP   = 262
	sysClone3      = 435
)

// families are the kinds of sockets that remain.
var families = []uint32{syscall.AF_UNIX, syscall.AF_INET, syscall.AF_INET6, syscall.AF_NETLINK}

func hasSeccomp() bool {
	action := uint32(retErrno)
	_, _, errno := syscall.Syscall(sysSeccomp, actionAvail, 0, uintptr(unsafe.Pointer(&action)))
	return errno == 0
}

// filterCalls puts the filter on all threads.
func filterCalls() error {
	// Without Landlock nobody has done it, and it must hold for every thread: the
	// filter hands it on.
	if _, _, errno := syscall.Syscall6(syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0, 0, 0, 0); errno != 0 {
		return errors.New("give up new privileges: " + errno.Error())
	}
	f := callFilter(uint32(syscall.Getpid()))
	prog := &filterProgram{n: uint16(len(f)), filters: &f[0]}
	stuck, _, errno := syscall.Syscall(sysSeccomp, setModeFilter, toAllThreads, uintptr(unsafe.Pointer(prog)))
	switch {
	case errno != 0:
		return errors.New("filter system calls: " + errno.Error())
	case stuck != 0:
		return errors.New("filter system calls: a thread has another filter")
	}
	return nil
}

// callFilter is the filter for a process; it may send signals to itself only.
func callFilter(pid uint32) []filter {
	f := []filter{
		{code: bpfLoad, k: dataArch},
		{bpfJeq, 1, 0, auditArch},
		{code: bpfReturn, k: retKill},
		{code: bpfLoad, k: dataNr},
		{bpfJge, 0, 1, 0x40000000}, // amd64's x32 calls: other numbers for the same things
		{code: bpfReturn, k: enosys},
	}
	refuse := func(nr, answer uint32) {
		f = append(f, filter{bpfJeq, 0, 1, nr}, filter{code: bpfReturn, k: answer})
	}
	for _, nr := range refused {
		refuse(nr, eperm)
	}
	refuse(sysClone3, enosys) // its flags lie in memory; the C library falls back to clone
	// within inspects one call: its part decides and returns.
	within := func(nr uint32, part ...filter) {
		f = append(f, filter{bpfJeq, 0, uint8(len(part)), nr})
		f = append(f, part...)
	}
	within(syscall.SYS_CLONE, // threads only
		filter{code: bpfLoad, k: arg(0)},
		filter{bpfJset, 0, 1, syscall.CLONE_THREAD},
		filter{code: bpfReturn, k: retAllow},
		filter{code: bpfReturn, k: eperm})
	for _, nr := range []uint32{syscall.SYS_KILL, syscall.SYS_TGKILL} {
		within(nr,
			filter{code: bpfLoad, k: arg(0)},
			filter{bpfJeq, 0, 1, pid},
			filter{code: bpfReturn, k: retAllow},
			filter{code: bpfReturn, k: eperm})
	}
	within(syscall.SYS_IOCTL,
		filter{code: bpfLoad, k: arg(1)},
		filter{bpfJeq, 1, 0, tiocsti},
		filter{bpfJeq, 0, 1, tioclinux},
		filter{code: bpfReturn, k: eperm},
		filter{code: bpfReturn, k: retAllow})
	within(syscall.SYS_PRCTL, // it dies with its parent
		filter{code: bpfLoad, k: arg(0)},
		filter{bpfJeq, 0, 1, prSetPdeathsig},
		filter{code: bpfReturn, k: eperm},
		filter{code: bpfReturn, k: retAllow})
	within(syscall.SYS_FCHMOD,
		filter{code: bpfLoad, k: arg(1)},
		filter{bpfJset, 0, 1, syscall.S_ISUID | syscall.S_ISGID},
		filter{code: bpfReturn, k: eperm},
		filter{code: bpfReturn, k: retAllow})
	within(syscall.SYS_SOCKET, socketPart()...)
	return append(f, filter{code: bpfReturn, k: retAllow})
}

func socketPart() []filter {
	part := []filter{
		// Landlock knows TCP, and not its multipath kind; programs fall back.
		{code: bpfLoad, k: arg(2)},
		{bpfJeq, 0, 1, multipathTCP},
		{code: bpfReturn, k: retErrno | uint32(syscall.EPROTONOSUPPORT)},
		{code: bpfLoad, k: arg(1)},
		{code: bpfAnd, k: 0xf},
		{bpfJeq, 0, 1, sockRaw},
		{code: bpfReturn, k: eperm},
		{code: bpfLoad, k: arg(0)},
	}
	for _, family := range families {
		part = append(part, filter{bpfJeq, 0, 1, family}, filter{code: bpfReturn, k: retAllow})
	}
	return append(part, filter{code: bpfReturn, k: eperm})
}
