package confine

// Numbers of the kernel's interface that package syscall does not have.
const (
	auditArch = 0xc00000b7

	sysExecveat        = 281
	sysSetns           = 268
	sysFinitModule     = 273
	sysKexecFileLoad   = 294
	sysBpf             = 280
	sysUserfaultfd     = 282
	sysProcessVMReadv  = 270
	sysProcessVMWritev = 271
	sysKcmp            = 272
	sysNameToHandleAt  = 264
	sysOpenByHandleAt  = 265
	sysSeccomp         = 277
)

// refusedHere: arm64 has only clone, and no ports.
var refusedHere []uint32
