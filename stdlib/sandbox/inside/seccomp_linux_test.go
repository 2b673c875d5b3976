//go:build amd64 || arm64

package inside

import (
	"slices"
	"syscall"
	"testing"
)

// filterAnswer runs the filter as the kernel does.
func filterAnswer(t *testing.T, f []filter, arch, nr, arg0 uint32) uint32 {
	t.Helper()
	var a uint32
	for i := 0; i < len(f); i++ {
		o := f[i]
		jump := func(is bool) {
			if is {
				i += int(o.jt)
			} else {
				i += int(o.jf)
			}
		}
		switch o.code {
		case bpfLoad:
			a = map[uint32]uint32{dataNr: nr, dataArch: arch, dataArg0: arg0}[o.k]
		case bpfJeq:
			jump(a == o.k)
		case bpfJge:
			jump(a >= o.k)
		case bpfJset:
			jump(a&o.k != 0)
		case bpfReturn:
			return o.k
		default:
			t.Fatalf("instruction %d: code %#x", i, o.code)
		}
	}
	t.Fatal("the filter has no end")
	return 0
}

func TestFilter(t *testing.T) {
	const (
		eperm  = retErrno | uint32(syscall.EPERM)
		enosys = retErrno | uint32(syscall.ENOSYS)
		fork   = uint32(syscall.SIGCHLD)
		thread = syscall.CLONE_THREAD | syscall.CLONE_VM
	)
	for _, processes := range []bool{false, true} {
		f := seccompFilter(processes)
		if len(f) > 4096 {
			t.Errorf("%d instructions, the kernel takes 4096", len(f))
		}
		forked := map[bool]uint32{false: eperm, true: retAllow}[processes]
		for _, c := range []struct {
			name           string
			arch, nr, arg0 uint32
			want           uint32
		}{
			{"read", auditArch, syscall.SYS_READ, 0, retAllow},
			{"read with any argument", auditArch, syscall.SYS_READ, newNamespaces, retAllow},
			{"other machine", 0x40000003, syscall.SYS_READ, 0, retKill},
			{"x32", auditArch, 0x40000000 | syscall.SYS_READ, 0, enosys},
			{"ptrace", auditArch, syscall.SYS_PTRACE, 0, eperm},
			{"unshare", auditArch, syscall.SYS_UNSHARE, 0, eperm},
			{"io_uring", auditArch, 425, 0, eperm},
			{"clone3", auditArch, sysClone3, 0, enosys},
			{"local socket", auditArch, syscall.SYS_SOCKET, syscall.AF_UNIX, retAllow},
			{"internet", auditArch, syscall.SYS_SOCKET, syscall.AF_INET, eperm},
			{"netlink", auditArch, syscall.SYS_SOCKET, syscall.AF_NETLINK, eperm},
			{"vsock", auditArch, syscall.SYS_SOCKET, 40, eperm},
			{"thread", auditArch, syscall.SYS_CLONE, thread, retAllow},
			{"fork", auditArch, syscall.SYS_CLONE, fork, forked},
			{"fork into a user namespace", auditArch, syscall.SYS_CLONE, fork | syscall.CLONE_NEWUSER, eperm},
			{"thread in a network namespace", auditArch, syscall.SYS_CLONE, thread | syscall.CLONE_NEWNET, eperm},
		} {
			if got := filterAnswer(t, f, c.arch, c.nr, c.arg0); got != c.want {
				t.Errorf("%s, processes %t: %#x, want %#x", c.name, processes, got, c.want)
			}
		}
		for _, nr := range refused {
			if got := filterAnswer(t, f, auditArch, nr, 0); got != eperm {
				t.Errorf("system call %d: %#x", nr, got)
			}
		}
	}
}

// What makes threads and processes is asked about, and nothing else.
func TestForkFilter(t *testing.T) {
	f := forkFilter()
	asked := append([]uint32{syscall.SYS_CLONE}, forks...)
	for nr := range uint32(600) {
		want := uint32(retAllow)
		if slices.Contains(asked, nr) {
			want = retNotify
		}
		if got := filterAnswer(t, f, auditArch, nr, 0); got != want {
			t.Errorf("system call %d: %#x, want %#x", nr, got, want)
		}
	}
}

// Without namespaces the filter is all that keeps a program from what Landlock
// does not see.
func TestFilterWithoutNamespaces(t *testing.T) {
	const eperm = retErrno | uint32(syscall.EPERM)
	for _, c := range []struct {
		version int
		own     bool
	}{{1, false}, {2, true}, {3, false}, {6, false}, {7, true}} {
		f := confinedFilter(c.version, c.own)
		f = append([]filter{{code: bpfLoad, k: dataNr}}, append(f, filter{code: bpfReturn, k: retAllow})...)
		others := map[bool]uint32{true: retAllow, false: eperm}[c.own || c.version >= 6]
		truncated := map[bool]uint32{true: retAllow, false: eperm}[c.version >= 3]
		for _, k := range []struct {
			name     string
			nr, arg0 uint32
			want     uint32
		}{
			{"read", syscall.SYS_READ, 0, retAllow},
			{"a signal to itself", syscall.SYS_KILL, ownPid, retAllow},
			{"a signal to others", syscall.SYS_KILL, 1234, others},
			{"a signal to a thread of others", syscall.SYS_TGKILL, 1234, others},
			{"a signal to all", syscall.SYS_KILL, 1<<32 - 1, eperm},
			{"its own limits", syscall.SYS_PRLIMIT64, 0, retAllow},
			{"limits of others", syscall.SYS_PRLIMIT64, 1234, eperm},
			{"truncate", syscall.SYS_TRUNCATE, 0, truncated},
			{"any socket", syscall.SYS_SOCKET, syscall.AF_UNIX, eperm},
			{"a pair of other sockets", syscall.SYS_SOCKETPAIR, syscall.AF_INET, eperm},
			{"to outlive its parent", syscall.SYS_PRCTL, prSetPdeathsig, eperm},
			{"to be named", syscall.SYS_PRCTL, 15, retAllow},
		} {
			if got := filterAnswer(t, f, auditArch, k.nr, k.arg0); got != k.want {
				t.Errorf("%s, Landlock %d, own user %t: %#x, want %#x", k.name, c.version, c.own, got, k.want)
			}
		}
		for _, nr := range unseen {
			if got := filterAnswer(t, f, auditArch, nr, 0); got != eperm {
				t.Errorf("system call %d: %#x", nr, got)
			}
		}
	}
}
