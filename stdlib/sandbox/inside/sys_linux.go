//go:build linux && (amd64 || arm64)

package inside

// Numbers of the kernel's interface that package syscall does not have. System
// calls from 424 on have the same number everywhere.
const (
	sysPidfdGetfd       = 438
	sysClone3           = 435
	sysCloseRange       = 436
	sysMountSetattr     = 442
	sysLandlockCreate   = 444
	sysLandlockAddRule  = 445
	sysLandlockRestrict = 446

	cloneNewCgroup = 0x02000000

	sigSetMask = 2

	prSetPdeathsig  = 1
	prSetDumpable   = 4
	prSetNoNewPrivs = 38

	atFDCWD     = ^uintptr(99) // -100
	atRecursive = 0x8000

	closeRangeCloexec = 4

	mountAttrRdonly = 1
	mountAttrNosuid = 2
	mountAttrNodev  = 4

	addrNoRandomize = 0x0040000

	rlimitCPU      = 0
	rlimitFsize    = 1
	rlimitCore     = 4
	rlimitNproc    = 6
	rlimitNofile   = 7
	rlimitMemlock  = 8
	rlimitAS       = 9
	rlimitMsgqueue = 12
)

// nobody is who programs run as, inside.
const nobody = 65534

// everyone maps users to themselves, for root.
const everyone = "0 0 65536\n"
