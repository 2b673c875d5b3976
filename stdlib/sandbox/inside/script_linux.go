//go:build linux && (amd64 || arm64)

package inside

import "syscall"

// Slots for results of system calls.
const (
	slotFile = iota
	slotRules
	slotPath
)

const ro = mountAttrRdonly | mountAttrNosuid | mountAttrNodev

// The kernel's structs mount_attr (set, clear, propagation, userns_fd), rlimit64
// (soft, hard) and sigaction (handler, flags, restorer, mask).
type (
	mountAttr [4]uint64
	rlimit    [2]uint64
	sigaction [4]uint64
)

// initScript is what the namespace's init does before it starts the program.
func initScript(s *script, p *Plan, sync [2]int) {
	s.call("die with the parent", syscall.SYS_PRCTL, prSetPdeathsig, uintptr(syscall.SIGKILL))
	s.call("close a pipe", syscall.SYS_CLOSE, uintptr(sync[1]))
	var b [8]byte
	s.call("wait for the parent", syscall.SYS_READ, uintptr(sync[0]), s.bytes(b[:]), 1).want = 1
	s.call("leave the terminal", syscall.SYS_SETSID)
	s.call("forbid looking at the init", syscall.SYS_PRCTL, prSetDumpable, 0)
	s.call("set the umask", syscall.SYS_UMASK, 0)
	s.call("set the host name", syscall.SYS_SETHOSTNAME, s.text("sandbox"), uintptr(len("sandbox")))
	s.fileSystem(p)
	s.landlock(p)
	s.defaultSignals()
}

// fileSystem builds a root in memory with nothing but what the plan names. The
// old root is reached through /old meanwhile: what lay under the mount point too.
func (s *script) fileSystem(p *Plan) {
	point := mountPoint()
	s.call("stop mounts from spreading", syscall.SYS_MOUNT, 0, s.text("/"), 0, syscall.MS_REC|syscall.MS_SLAVE, 0)
	s.tmpfs(point, "size=1m,nr_inodes=4k,mode=0755")
	s.call("enter the new root", syscall.SYS_CHDIR, s.text(point))
	s.mkdir("old", 0o700)
	s.call("change the root", syscall.SYS_PIVOT_ROOT, s.text("."), s.text("old"))
	s.call("enter the new root", syscall.SYS_CHDIR, s.text("/"))

	made := map[string]bool{"/": true}
	s.mkdirs(made, Folder, 0o755)
	s.tmpfs(Folder, "size="+decimal(int64(p.Disk))+",nr_inodes=8k,mode=0777")
	for _, l := range p.Links {
		s.mkdirs(made, parent(l.B), 0o755)
		s.call("link "+l.B, syscall.SYS_SYMLINKAT, s.text(l.A), atFDCWD, s.text(l.B))
	}
	for _, dir := range p.Dirs {
		s.mkdirs(made, dir, 0o755)
		s.bind(dir, dir)
		s.readOnly(dir, atRecursive)
	}
	for _, f := range p.Files {
		s.mkdirs(made, parent(f.B), 0o755)
		s.create(f.B, nil)
		s.bind(f.A, f.B)
		if !isDevice(f.A) {
			s.readOnly(f.B, 0)
		}
	}
	made = map[string]bool{Folder: true}
	for _, f := range p.Put {
		path := Folder + "/" + f.A
		s.mkdirs(made, parent(path), 0o777)
		s.create(path, []byte(f.B))
	}
	s.call("leave the old root", syscall.SYS_UMOUNT2, s.text("/old"), syscall.MNT_DETACH)
	s.call("remove the old root", syscall.SYS_UNLINKAT, atFDCWD, s.text("/old"), atRemovedir)
	s.readOnly("/", 0)
	s.call("enter the program's folder", syscall.SYS_CHDIR, s.text(Folder))
}

// mountPoint is any folder that exists; only this process sees what is mounted there.
func mountPoint() string {
	for _, dir := range []string{"/tmp", "/mnt", "/srv", "/home"} {
		var st syscall.Stat_t
		if syscall.Lstat(dir, &st) == nil && st.Mode&syscall.S_IFMT == syscall.S_IFDIR {
			return dir
		}
	}
	return "/usr"
}

func (s *script) tmpfs(at, options string) {
	const flags = syscall.MS_NOSUID | syscall.MS_NODEV | syscall.MS_NOEXEC
	s.call("mount a folder in memory", syscall.SYS_MOUNT, s.text("tmpfs"), s.text(at), s.text("tmpfs"), flags, s.text(options))
}

func (s *script) bind(from, to string) {
	s.call("mount "+from, syscall.SYS_MOUNT, s.text("/old"+from), s.text(to), 0, syscall.MS_BIND|syscall.MS_REC, 0)
}

func (s *script) readOnly(path string, flags uintptr) {
	attr := hold(s, &mountAttr{ro})
	s.call("make "+path+" read-only", sysMountSetattr, atFDCWD, s.text(path), flags, attr, 32)
}

func (s *script) mkdir(path string, mode uintptr) {
	s.call("make folder "+path, syscall.SYS_MKDIRAT, atFDCWD, s.text(path), mode)
}

// mkdirs makes path and what is above it, each once.
func (s *script) mkdirs(made map[string]bool, path string, mode uintptr) {
	if made[path] {
		return
	}
	s.mkdirs(made, parent(path), mode)
	made[path] = true
	s.call("make folder "+path, syscall.SYS_MKDIRAT, atFDCWD, s.text(path), mode).soft = true
}

// create makes a file. One that cannot be opened shows in the calls that follow.
func (s *script) create(path string, data []byte) {
	const flags = syscall.O_CREAT | syscall.O_WRONLY | syscall.O_CLOEXEC | syscall.O_NOFOLLOW
	s.call("make file "+path, syscall.SYS_OPENAT, atFDCWD, s.text(path), flags, 0o666).out = 1 + slotFile
	if len(data) > 0 {
		o := s.call("write file "+path, syscall.SYS_WRITE, slotFile, s.bytes(data), uintptr(len(data)))
		o.slots, o.want = 1, int64(len(data))
	}
	s.call("close file "+path, syscall.SYS_CLOSE, slotFile).slots = 1
}

// defaultSignals undoes what Go's runtime set up: an init without handlers cannot
// be reached by any signal of the processes that it starts.
func (s *script) defaultSignals() {
	act := hold(s, &sigaction{})
	for sig := uintptr(1); sig <= 64; sig++ {
		s.call("reset signals", syscall.SYS_RT_SIGACTION, sig, act, 0, 8).soft = true
	}
	none := uint64(0)
	s.call("allow signals", syscall.SYS_RT_SIGPROCMASK, sigSetMask, hold(s, &none), 0, 8)
}

// programScript is what the third process does until it is Python. A socket to ask
// over about new processes is none below 0.
func programScript(s *script, p *Plan, socket int) {
	s.call("place the report's descriptor", syscall.SYS_DUP3, FDReport, 3, 0)
	s.call("close other descriptors", sysCloseRange, 4, 1<<32-1, closeRangeCloexec)
	s.call("set the umask", syscall.SYS_UMASK, 0o022)
	s.call("fix addresses", syscall.SYS_PERSONALITY, addrNoRandomize).soft = true
	s.limits(p)
	if p.User != 0 {
		s.become(uintptr(p.User))
	}
	if p.Root {
		s.become(nobody)
	}
	s.call("drop capabilities", syscall.SYS_CAPSET, hold(s, &[2]uint32{0x20080522, 0}), hold(s, &[6]uint32{}))
	s.call("forbid new privileges", syscall.SYS_PRCTL, prSetNoNewPrivs, 1)
	s.call("die with the init", syscall.SYS_PRCTL, prSetPdeathsig, uintptr(syscall.SIGKILL))
	s.call("restrict with Landlock", sysLandlockRestrict, slotRules, 0).slots = 1
	if socket >= 0 {
		s.askBeforeForks(socket)
	}
	s.seccomp(p)
	s.call("start "+p.Exe, syscall.SYS_EXECVE, s.text(p.Exe), s.texts(p.Args), s.texts(p.Env))
}

func (s *script) become(user uintptr) {
	s.call("leave groups", syscall.SYS_SETGROUPS, 0, 0)
	s.call("become another user", syscall.SYS_SETRESGID, user, user, user)
	s.call("become another user", syscall.SYS_SETRESUID, user, user, user)
}

func (s *script) limits(p *Plan) {
	set := func(name string, which uintptr, cur, max uint64) {
		s.call("limit "+name, syscall.SYS_PRLIMIT64, 0, which, hold(s, &rlimit{cur, max}), 0)
	}
	set("CPU time", rlimitCPU, p.CPU, p.CPU+1) // SIGXCPU first, SIGKILL for those who ignore it
	set("memory", rlimitAS, p.Memory, p.Memory)
	set("file size", rlimitFsize, p.Disk, p.Disk)
	set("open files", rlimitNofile, p.OpenFiles, p.OpenFiles)
	switch {
	case p.Home != "" && p.User == 0: // the limit would count all that this user runs; see answerForks
	case p.Root || p.User != 0:
		set("processes", rlimitNproc, p.Tasks, p.Tasks)
	default:
		set("processes", rlimitNproc, p.Tasks+1, p.Tasks+1) // the init is of the same user
	}
	set("core dumps", rlimitCore, 0, 0)
	set("locked memory", rlimitMemlock, 0, 0)
	set("message queues", rlimitMsgqueue, 0, 0)
}

func parent(path string) string {
	i := len(path) - 1
	for i > 0 && path[i] != '/' {
		i--
	}
	if i <= 0 {
		return "/"
	}
	return path[:i]
}

func isDevice(path string) bool { return len(path) > 5 && path[:5] == "/dev/" }
