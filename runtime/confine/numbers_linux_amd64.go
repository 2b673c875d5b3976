package confine

import "syscall"

// Numbers of the kernel's interface that package syscall does not have.
const (
	auditArch = 0xc000003e

	sysExecveat        = 322
	sysSetns           = 308
	sysFinitModule     = 313
	sysKexecFileLoad   = 320
	sysBpf             = 321
	sysUserfaultfd     = 323
	sysProcessVMReadv  = 310
	sysProcessVMWritev = 311
	sysKcmp            = 312
	sysNameToHandleAt  = 303
	sysOpenByHandleAt  = 304
	sysSeccomp         = 317
)

var refusedHere = []uint32{syscall.SYS_FORK, syscall.SYS_CHMOD, syscall.SYS_CHOWN, syscall.SYS_LCHOWN, syscall.SYS_VFORK, syscall.SYS_IOPL, syscall.SYS_IOPERM, syscall.SYS_USELIB, syscall.SYS_MODIFY_LDT}
