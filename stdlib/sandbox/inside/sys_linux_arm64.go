package inside

const (
	auditArch = 0xc00000b7

	sysSetns           = 268
	sysFinitModule     = 273
	sysKexecFileLoad   = 294
	sysBpf             = 280
	sysUserfaultfd     = 282
	sysProcessVMReadv  = 270
	sysProcessVMWritev = 271
	sysKcmp            = 272
	sysMemfdCreate     = 279
	sysNameToHandleAt  = 264
	sysOpenByHandleAt  = 265
	sysSeccomp         = 277
	sysSchedSetattr    = 274

	oPath       = 0x200000
	atRemovedir = 0x200
)

var (
	forks       []uint32 // arm64 has only clone
	unseenHere  []uint32
	refusedHere []uint32
)
