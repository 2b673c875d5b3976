//go:build linux && (amd64 || arm64)

package confine

import (
	"errors"
	"syscall"
	"unsafe"
)

// Landlock's rights, include/uapi/linux/landlock.h.
const (
	fsExecute    = 1 << 0
	fsWriteFile  = 1 << 1
	fsReadFile   = 1 << 2
	fsReadDir    = 1 << 3
	fsRemoveDir  = 1 << 4
	fsRemoveFile = 1 << 5
	fsMakeDir    = 1 << 7
	fsMakeReg    = 1 << 8
	fsMakeSym    = 1 << 12
	fsRefer      = 1 << 13 // since version 2
	fsTruncate   = 1 << 14 // since version 3
	fsIoctlDev   = 1 << 15 // since version 5

	ofFiles = fsExecute | fsWriteFile | fsReadFile | fsTruncate | fsIoctlDev

	netBind    = 1 // since version 4; connections are the primitives' business
	scopedBoth = 3 // abstract sockets and signals, since version 6

	sysLandlockCreate   = 444
	sysLandlockAddRule  = 445
	sysLandlockRestrict = 446

	oPath           = 0x200000 // amd64 and arm64
	prSetNoNewPrivs = 38
)

type rulesetAttr struct{ fs, net, scoped uint64 }

type pathBeneath struct {
	access uint64
	fd     int32
	_      int32
}

// landlockVersion is the version of the kernel's interface; 0: there is none.
func landlockVersion() int {
	v, _, errno := syscall.Syscall(sysLandlockCreate, 0, 0, 1)
	if errno != 0 {
		return 0
	}
	return int(v)
}

// rights are all that this version of the kernel can forbid.
func rights(version int) uint64 {
	all := uint64(1<<13 - 1)
	if version >= 2 {
		all |= fsRefer
	}
	if version >= 3 {
		all |= fsTruncate
	}
	if version >= 5 {
		all |= fsIoctlDev
	}
	return all
}

func (a Access) rights() uint64 {
	var r uint64
	if a&List != 0 {
		r |= fsReadDir
	}
	if a&Read != 0 {
		r |= fsReadDir | fsReadFile
	}
	if a&Write != 0 {
		r |= fsWriteFile | fsRemoveDir | fsRemoveFile | fsMakeDir | fsMakeReg | fsRefer | fsTruncate
	}
	if a&Change != 0 {
		r |= fsWriteFile | fsTruncate
	}
	if a&Link != 0 {
		r |= fsMakeSym
	}
	if a&Device != 0 {
		r |= fsIoctlDev
	}
	if a&Exec != 0 {
		r |= fsExecute | fsReadFile
	}
	return r
}

// restrict puts the policy on the calling thread, for good.
func restrict(p Policy, version int) error {
	attr, size := &rulesetAttr{fs: rights(version)}, uintptr(8)
	if version >= 4 {
		attr.net, size = netBind, 16
	}
	if version >= 6 {
		attr.scoped, size = scopedBoth, 24
	}
	rules, _, errno := syscall.Syscall(sysLandlockCreate, uintptr(unsafe.Pointer(attr)), size, 0)
	if errno != 0 {
		return errors.New("make Landlock rules: " + errno.Error())
	}
	for _, r := range p {
		if err := allow(rules, r, attr.fs); err != nil {
			return err
		}
	}
	if _, _, errno := syscall.Syscall6(syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0, 0, 0, 0); errno != 0 {
		return errors.New("give up new privileges: " + errno.Error())
	}
	if _, _, errno := syscall.Syscall(sysLandlockRestrict, rules, 0, 0); errno != 0 {
		return errors.New("put on the Landlock rules: " + errno.Error())
	}
	return syscall.Close(int(rules))
}

func allow(rules uintptr, r Rule, known uint64) error {
	fd, err := syscall.Open(r.Path, oPath|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil // what is not there, or out of reach already, needs no rule
	}
	var st syscall.Stat_t
	if err := syscall.Fstat(fd, &st); err != nil {
		return errors.New("look at " + r.Path + ": " + err.Error())
	}
	beneath := &pathBeneath{access: r.May.rights() & known, fd: int32(fd)}
	if st.Mode&syscall.S_IFMT != syscall.S_IFDIR {
		beneath.access &= ofFiles
	}
	if beneath.access != 0 {
		if _, _, errno := syscall.Syscall6(sysLandlockAddRule, rules, 1, uintptr(unsafe.Pointer(beneath)), 0, 0, 0); errno != 0 {
			return errors.New("allow " + r.Path + ": " + errno.Error())
		}
	}
	if inProc(r.Path) {
		// A rule belongs to the inode, and /proc makes a new one when it has
		// forgotten the old: an open descriptor keeps it from forgetting.
		return stayOpen(fd)
	}
	return syscall.Close(fd)
}

func inProc(path string) bool { return len(path) > 11 && path[:11] == "/proc/self/" }

func stayOpen(fd int) error {
	if _, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_SETFD, 0); errno != 0 {
		return errno
	}
	return nil
}
