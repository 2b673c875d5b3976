//go:build linux && (amd64 || arm64)

package inside

import (
	"syscall"
	"unsafe"
)

// Landlock's rights, include/uapi/linux/landlock.h.
const (
	fsExecute   = 1 << 0
	fsWriteFile = 1 << 1
	fsReadFile  = 1 << 2
	fsReadDir   = 1 << 3
	fsTruncate  = 1 << 14 // since version 3
	fsIoctlDev  = 1 << 15 // since version 5

	fsV1 = 1<<13 - 1
	fsV2 = 1<<14 - 1
	fsV3 = 1<<15 - 1
	fsV5 = 1<<16 - 1

	netBoth    = 3 // bind and connect, since version 4
	scopedBoth = 3 // abstract sockets and signals, since version 6
)

type rulesetAttr struct{ fs, net, scoped uint64 }

type pathBeneath struct {
	access uint64
	fd     int32
}

// LandlockVersion is what the kernel offers, or the error why there is nothing.
func LandlockVersion() (int, error) {
	v, _, errno := syscall.Syscall(sysLandlockCreate, 0, 0, 1)
	if errno != 0 {
		return 0, errno
	}
	return int(v), nil
}

func fsRights(version int) uint64 {
	switch {
	case version >= 5:
		return fsV5
	case version >= 3:
		return fsV3
	case version == 2:
		return fsV2
	}
	return fsV1
}

// landlock makes the rules: a second wall behind the file system of the mount
// namespace. The program's process puts them on; the init goes without.
func (s *script) landlock(p *Plan) {
	version, _ := LandlockVersion() // none: the next call says so
	all := fsRights(version)
	attr, size := &rulesetAttr{fs: all}, uintptr(8)
	if version >= 4 {
		attr.net, size = netBoth, 16
	}
	if version >= 6 {
		attr.scoped, size = scopedBoth, 24
	}
	s.call("make Landlock rules", sysLandlockCreate, hold(s, attr), size, 0).out = 1 + slotRules
	for _, dir := range p.Dirs {
		s.allow(dir, fsExecute|fsReadFile|fsReadDir)
	}
	for _, f := range p.Files {
		switch {
		case f.B == "/dev/null":
			s.allow(f.B, fsReadFile|fsWriteFile|all&fsTruncate)
		case isDevice(f.B):
			s.allow(f.B, fsReadFile)
		default:
			s.allow(f.B, fsExecute|fsReadFile)
		}
	}
	s.allow(p.folder(), all&^(fsExecute|fsIoctlDev))
}

func (s *script) allow(path string, access uint64) {
	const flags = syscall.O_CLOEXEC | oPath
	rule := &pathBeneath{access: access}
	addr := hold(s, rule)
	s.call("open "+path, syscall.SYS_OPENAT, atFDCWD, s.text(path), flags).out = 1 + slotPath
	s.call("", 0, slotPath).store = &rule.fd
	s.call("allow "+path, sysLandlockAddRule, slotRules, 1, addr, 0).slots = 1
	s.call("close "+path, syscall.SYS_CLOSE, slotPath).slots = 1
}

var _ [16]byte = [unsafe.Sizeof(pathBeneath{})]byte{} // the kernel reads 12 of them
