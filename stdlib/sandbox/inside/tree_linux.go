//go:build linux && (amd64 || arm64)

package inside

import (
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// lookEvery is how often limits are compared that no rlimit holds: between two
// looks a program can be above them.
const lookEvery = 25 * time.Millisecond

// mostFiles is what the folder in memory of the other kind of sandbox can hold.
const mostFiles = 8 << 10

var killing sync.Mutex

// KillBelow kills all that pid started, a sandbox process, itself or from outside:
// before one is killed that does not end, since what it leaves is nobody's. What is
// stopped first cannot have children while others are looked for.
func KillBelow(pid int) {
	noMore.Store(true)
	killing.Lock()
	defer killing.Unlock()
	stopped := map[int]bool{}
	for again := true; again; {
		again = false
		for _, pid := range below(pid) {
			if !stopped[pid] {
				stopped[pid], again = true, true
				syscall.Kill(pid, syscall.SIGSTOP)
			}
		}
	}
	for pid := range stopped {
		syscall.Kill(pid, syscall.SIGKILL)
	}
}

// below are the processes that pid started, and those that they started: all of
// them, found by looking at every process that there is.
func below(pid int) []int {
	children := map[int][]int{}
	for _, name := range names("/proc") {
		if n := number(name); n > 0 {
			if p := parentOf(name); p > 0 {
				children[p] = append(children[p], n)
			}
		}
	}
	return descend(pid, func(pid int) []int { return children[pid] })
}

// seenBelow is below by the kernel's own lists: a hundred times cheaper, but of
// processes that end meanwhile it may make others be missed. It is for looks that are repeated.
//
// All that this process itself has are children of its main thread, which starts
// them and inherits what others leave. Its other threads must not be looked at: a
// thread that has an entry in /proc's cache ends in a race with who waits for the
// process, which costs the kernel a tenth of the time of a whole program.
func seenBelow(pid int) []int {
	if !listsChildren {
		return below(pid)
	}
	return descend(pid, func(p int) (all []int) {
		task := "/proc/" + decimal(int64(p)) + "/task/"
		threads := []string{decimal(int64(p))}
		if p != pid {
			threads = names(task)
		}
		for _, thread := range threads {
			all = append(all, numbers(readFile(task+thread+"/children"))...)
		}
		return all
	})
}

// listsChildren: a kernel without CONFIG_PROC_CHILDREN has no such lists.
var listsChildren = func() bool {
	var st syscall.Stat_t
	return syscall.Stat("/proc/thread-self/children", &st) == nil
}()

func descend(pid int, children func(pid int) []int) []int {
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		all = append(all, children(all[i])...)
	}
	return all[1:]
}

// childless says that this process has no child, so that nothing can be left of
// what it looks after: what loses its parent becomes its child.
func childless() bool {
	var info [128]byte
	_, _, errno := syscall.RawSyscall6(syscall.SYS_WAITID, waitAll, 0, uintptr(unsafe.Pointer(&info)), waitExited|waitNoHang|waitNoReap, 0, 0)
	return errno == syscall.ECHILD
}

// The kernel's P_ALL and flags of waitid.
const (
	waitAll    = 0
	waitNoHang = 1
	waitExited = 4
	waitNoReap = 0x01000000
)

func names(dir string) []string {
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close()
	list, _ := f.Readdirnames(-1)
	return list
}

// readFile reads a file of the kernel, without os.File, which would watch it. The
// file's length is known when it has been read.
func readFile(path string) []byte {
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer syscall.Close(fd)
	b := make([]byte, 0, 512)
	for {
		n, err := syscall.Read(fd, b[len(b):cap(b)])
		if err == syscall.EINTR {
			continue
		}
		if err != nil || n <= 0 {
			return b
		}
		if b = b[:len(b)+n]; len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
	}
}

// numbers are those of a text with spaces between them.
func numbers(text []byte) (all []int) {
	from := 0
	for i, c := range append(text, ' ') {
		if c != ' ' {
			continue
		}
		if n := number(string(text[from:min(i, len(text))])); n > 0 {
			all = append(all, n)
		}
		from = i + 1
	}
	return all
}

func number(s string) int {
	n := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' || n > 1<<24 {
			return 0
		}
		n = 10*n + int(c-'0')
	}
	return n
}

// parentOf reads the fourth field of stat; the second, a name in parentheses, may
// hold anything.
func parentOf(pid string) int {
	b := readFile("/proc/" + pid + "/stat")
	i := len(b) - 1
	for i >= 0 && b[i] != ')' {
		i--
	}
	if i < 0 || len(b) < i+5 {
		return 0
	}
	j := i + 4 // a zombie counts: its other threads may live
	for j < len(b) && b[j] != ' ' {
		j++
	}
	return number(string(b[i+4 : j]))
}

// exceeded says which of the limits that are only looked at is broken.
func (p *Plan) exceeded() string {
	tasks, bytes := 0, uint64(0)
	for _, pid := range seenBelow(os.Getpid()) {
		proc := "/proc/" + decimal(int64(pid))
		tasks += len(names(proc + "/task"))
		for _, fd := range names(proc + "/fd") {
			var st syscall.Stat_t // of a file that has no name any more
			if syscall.Stat(proc+"/fd/"+fd, &st) == nil && st.Nlink == 0 && st.Mode&syscall.S_IFMT == syscall.S_IFREG {
				bytes += uint64(st.Blocks) * 512
			}
		}
	}
	files := 0
	usage(p.Home, 0, &files, &bytes)
	switch {
	case uint64(tasks) > 2*p.Tasks: // a second wall: fewer are let
		return "more threads and processes than " + decimal(int64(p.Tasks))
	case files > mostFiles:
		return "more files than " + decimal(mostFiles)
	case bytes > p.Disk+1<<20: // one file as large as allowed, beside the program, is not too much
		return "No space left: more in files than " + decimal(int64(p.Disk)) + " bytes"
	}
	return ""
}

// usage adds up what is in a folder. One that is too deep to look into counts as full.
func usage(dir string, depth int, files *int, bytes *uint64) {
	if depth > 64 {
		*files = mostFiles + 1
	}
	for _, name := range names(dir) {
		if *files++; *files > mostFiles {
			return
		}
		var st syscall.Stat_t
		if syscall.Lstat(dir+"/"+name, &st) != nil {
			continue
		}
		*bytes += uint64(st.Blocks) * 512
		if st.Mode&syscall.S_IFMT == syscall.S_IFDIR {
			usage(dir+"/"+name, depth+1, files, bytes)
		}
	}
}
