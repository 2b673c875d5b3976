//go:build linux && (amd64 || arm64)

package inside

import "syscall"

// A filter over system calls: a third wall, and the only one that keeps a program
// from making processes, user namespaces and memory that no limit counts.

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
	bpfJeq    = 0x15
	bpfJge    = 0x35
	bpfJset   = 0x45
	bpfReturn = 0x06

	dataNr   = 0
	dataArch = 4
	dataArg0 = 16 // low half

	retAllow = 0x7fff0000
	retErrno = 0x00050000
	retKill  = 0x80000000

	setModeFilter = 1
)

// newNamespaces are clone's flags that would give a program capabilities in a
// namespace of its own.
const newNamespaces = 0x7e020000

// refused are system calls that no answer to an exercise needs, and that reach
// the kernel's rarely used corners, other processes, or memory outside the limits.
var refused = append([]uint32{
	syscall.SYS_PTRACE, syscall.SYS_UNSHARE, sysSetns, syscall.SYS_MOUNT, syscall.SYS_UMOUNT2, syscall.SYS_PIVOT_ROOT,
	syscall.SYS_CHROOT, syscall.SYS_SWAPON, syscall.SYS_SWAPOFF, syscall.SYS_REBOOT, syscall.SYS_ACCT, syscall.SYS_QUOTACTL,
	syscall.SYS_INIT_MODULE, syscall.SYS_DELETE_MODULE, sysFinitModule, syscall.SYS_KEXEC_LOAD, sysKexecFileLoad,
	syscall.SYS_ADD_KEY, syscall.SYS_REQUEST_KEY, syscall.SYS_KEYCTL, syscall.SYS_PERF_EVENT_OPEN, sysBpf, sysUserfaultfd,
	sysProcessVMReadv, sysProcessVMWritev, sysKcmp, sysPidfdGetfd, sysMemfdCreate,
	syscall.SYS_SHMGET, syscall.SYS_SEMGET, syscall.SYS_MSGGET, syscall.SYS_MQ_OPEN,
	sysNameToHandleAt, sysOpenByHandleAt, syscall.SYS_FANOTIFY_INIT, syscall.SYS_SYSLOG, syscall.SYS_VHANGUP,
	syscall.SYS_SETTIMEOFDAY, syscall.SYS_CLOCK_SETTIME, syscall.SYS_SETHOSTNAME, syscall.SYS_SETDOMAINNAME,
	syscall.SYS_LOOKUP_DCOOKIE, syscall.SYS_NFSSERVCTL, syscall.SYS_MIGRATE_PAGES, syscall.SYS_MOVE_PAGES,
	425, 426, 427, // io_uring: it does calls that no filter sees
	428, 429, 430, 431, 432, 433, sysMountSetattr, // the newer mount interface
	447, // memfd_secret
}, refusedHere...)

// seccomp puts the filter on.
func (s *script) seccomp(p *Plan) {
	f := seccompFilter(p.Processes)
	if p.Home != "" {
		version, _ := LandlockVersion()
		f = append(append([]filter(nil), f[:preamble]...), append(confinedFilter(version, p.User != 0), f[preamble:]...)...)
		s.ownPid(f)
	}
	prog := &filterProgram{n: uint16(len(f)), filters: &f[0]}
	s.call("filter system calls", sysSeccomp, setModeFilter, 0, hold(s, prog))
}

// preamble is how many instructions check the machine and load the call's number.
const preamble = 6

func seccompFilter(processes bool) []filter {
	const eperm, enosys = retErrno | uint32(syscall.EPERM), retErrno | uint32(syscall.ENOSYS)
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
	if !processes {
		for _, nr := range forks {
			refuse(nr, eperm)
		}
	}
	// socket: only local ones, for asyncio's wake-up pair
	f = append(f,
		filter{bpfJeq, 0, 4, syscall.SYS_SOCKET},
		filter{code: bpfLoad, k: dataArg0},
		filter{bpfJeq, 0, 1, syscall.AF_UNIX},
		filter{code: bpfReturn, k: retAllow},
		filter{code: bpfReturn, k: eperm},
	)
	// clone: no new namespaces; without processes, threads only
	f = append(f,
		filter{bpfJeq, 1, 0, syscall.SYS_CLONE},
		filter{code: bpfReturn, k: retAllow},
		filter{code: bpfLoad, k: dataArg0},
		filter{bpfJset, 0, 1, newNamespaces},
		filter{code: bpfReturn, k: eperm},
	)
	if !processes {
		f = append(f, filter{bpfJset, 1, 0, syscall.CLONE_THREAD}, filter{code: bpfReturn, k: eperm})
	}
	return append(f, filter{code: bpfReturn, k: retAllow})
}
