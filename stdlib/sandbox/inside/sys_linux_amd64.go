package inside

import "syscall"

const (
	auditArch = 0xc000003e

	sysSetns           = 308
	sysFinitModule     = 313
	sysKexecFileLoad   = 320
	sysBpf             = 321
	sysUserfaultfd     = 323
	sysProcessVMReadv  = 310
	sysProcessVMWritev = 311
	sysKcmp            = 312
	sysMemfdCreate     = 319
	sysNameToHandleAt  = 303
	sysOpenByHandleAt  = 304
	sysSeccomp         = 317
	sysSchedSetattr    = 314

	oPath       = 0x200000
	atRemovedir = 0x200
)

var (
	forks = []uint32{syscall.SYS_FORK, syscall.SYS_VFORK}
	// what Landlock does not see, by its older names
	unseenHere = []uint32{syscall.SYS_CHMOD, syscall.SYS_CHOWN, syscall.SYS_LCHOWN, syscall.SYS_UTIME, syscall.SYS_UTIMES, syscall.SYS_FUTIMESAT, syscall.SYS_INOTIFY_INIT}

	refusedHere = []uint32{syscall.SYS_IOPL, syscall.SYS_IOPERM, syscall.SYS_USELIB, syscall.SYS_MODIFY_LDT}
)
