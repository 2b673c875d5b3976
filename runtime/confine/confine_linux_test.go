//go:build linux && (amd64 || arm64)

package confine

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"
)

// The test binary is its own restricted child: COGUMI_TEST_TRY names what it
// tries, which succeeds, or prints an error.
const (
	envTry  = "COGUMI_TEST_TRY"
	envRoot = "COGUMI_TEST_ROOT"
)

func TestMain(m *testing.M) {
	if name := os.Getenv(envTry); name != "" {
		if err := tries[name].do(os.Getenv(envRoot)); err != nil {
			fmt.Print(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func read(path string) error {
	_, err := os.ReadFile(path)
	return err
}

func write(path string) error { return os.WriteFile(path, []byte("x"), 0o644) }

func call(nr uintptr, args ...uintptr) error {
	var a [6]uintptr
	copy(a[:], args)
	if _, _, errno := syscall.Syscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5]); errno != 0 {
		return errno
	}
	return nil
}

type try struct {
	allowed bool
	do      func(root string) error
}

// tries are done by a child that may read in, write out, and control nothing.
var tries = map[string]try{
	"read what it may":          {true, func(r string) error { return read(r + "/in/file") }},
	"list what it may":          {true, func(r string) error { _, err := os.ReadDir(r + "/in"); return err }},
	"write where it may":        {true, func(r string) error { return write(r + "/out/new") }},
	"replace where it may":      {true, func(r string) error { write(r + "/out/a"); return os.Rename(r+"/out/a", r+"/out/b") }},
	"make folders where it may": {true, func(r string) error { return os.MkdirAll(r+"/out/x/y", 0o755) }},
	"move between folders": {true, func(r string) error {
		os.Mkdir(r+"/out/m", 0o755)
		write(r + "/out/n")
		return os.Rename(r+"/out/n", r+"/out/m/n")
	}},
	"look at itself":                {true, func(string) error { return read("/proc/self/status") }},
	"look at itself from a thread":  {true, func(string) error { return elsewhere(func() error { return read("/proc/self/status") }) }},
	"open a connection":             {true, func(string) error { return socket(syscall.AF_INET, syscall.SOCK_STREAM) }},
	"change what it may change":     {true, func(r string) error { return write(r + "/named") }},
	"read what it may change":       {false, func(r string) error { return read(r + "/named") }},
	"name its threads":              {true, func(string) error { return write("/proc/self/task/" + strconv.Itoa(os.Getpid()) + "/comm") }},
	"read its thread's memory":      {false, func(string) error { return read("/proc/self/task/" + strconv.Itoa(os.Getpid()) + "/mem") }},
	"read its thread's environment": {false, func(string) error { return read("/proc/self/task/" + strconv.Itoa(os.Getpid()) + "/environ") }},
	"signal itself":                 {true, func(string) error { return syscall.Kill(os.Getpid(), 0) }},
	"make threads": {true, func(string) error {
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() { runtime.LockOSThread() })
		}
		wg.Wait()
		return nil
	}},

	"read elsewhere":               {false, func(r string) error { return read(r + "/secret") }},
	"read elsewhere from a thread": {false, func(r string) error { return elsewhere(func() error { return read(r + "/secret") }) }},
	"read upwards":                 {false, func(r string) error { return read(r + "/in/../secret") }},
	"read through a link":          {false, func(r string) error { return read(r + "/in/link") }},
	"list elsewhere":               {false, func(r string) error { _, err := os.ReadDir(r); return err }},
	"read /etc/passwd":             {false, func(string) error { return read("/etc/passwd") }},
	"read its own memory":          {false, func(string) error { return read("/proc/self/mem") }},
	"read its own environment":     {false, func(string) error { return read("/proc/self/environ") }},
	"read its parent's":            {false, func(string) error { return read("/proc/" + strconv.Itoa(os.Getppid()) + "/environ") }},
	"list processes":               {false, func(string) error { _, err := os.ReadDir("/proc"); return err }},
	"write what it may read":       {false, func(r string) error { return write(r + "/in/file") }},
	"add to what it may read":      {false, func(r string) error { return write(r + "/in/new") }},
	"truncate what it may read":    {false, func(r string) error { return os.Truncate(r+"/in/file", 0) }},
	"remove what it may read":      {false, func(r string) error { return os.Remove(r + "/in/file") }},
	"move out of reach":            {false, func(r string) error { write(r + "/out/z"); return os.Rename(r+"/out/z", r+"/z") }},
	"link out of reach":            {false, func(r string) error { return os.Link(r+"/in/file", r+"/out/hard") }},
	"make a symbolic link":         {false, func(r string) error { return os.Symlink(r+"/secret", r+"/out/soft") }},
	"make a pipe":                  {false, func(r string) error { return syscall.Mkfifo(r+"/out/fifo", 0o644) }},
	"make a device":                {false, func(r string) error { return syscall.Mknod(r+"/out/null", syscall.S_IFCHR|0o666, 0x103) }},
	"change a file's mode":         {false, func(r string) error { return os.Chmod(r+"/secret", 0o777) }},
	"give a file away":             {false, func(r string) error { return os.Lchown(r+"/secret", 1, 1) }},
	"set an attribute":             {false, func(r string) error { return syscall.Setxattr(r+"/in/file", "user.x", []byte("x"), 0) }},
	"set the user's bit":           {false, func(r string) error { f, _ := os.Create(r + "/out/s"); return f.Chmod(0o755 | os.ModeSetuid) }},
	"set an ordinary mode":         {true, func(r string) error { f, _ := os.Create(r + "/out/o"); return f.Chmod(0o640) }},
	"start a program":              {false, func(string) error { return exec.Command("/proc/self/exe").Run() }},
	"become a program":             {false, func(string) error { return syscall.Exec("/proc/self/exe", []string{"x"}, nil) }},
	"fork":                         {false, func(string) error { return call(syscall.SYS_CLONE, uintptr(syscall.SIGCHLD)) }},
	"clone3":                       {false, func(string) error { return call(435, 0, 0) }},
	"signal its parent":            {false, func(string) error { return syscall.Kill(os.Getppid(), 0) }},
	"signal everyone":              {false, func(string) error { return syscall.Kill(-1, 0) }},
	"signal its group":             {false, func(string) error { return syscall.Kill(0, 0) }},
	"leave its group":              {false, func(string) error { return syscall.Setpgid(0, os.Getppid()) }},
	"leave its session":            {false, func(string) error { _, err := syscall.Setsid(); return err }},
	"outlive its parent":           {false, func(string) error { return call(syscall.SYS_PRCTL, prSetPdeathsig, 0) }},
	"trace its parent":             {false, func(string) error { return syscall.PtraceAttach(os.Getppid()) }},
	"read its parent's memory": {false, func(string) error {
		return call(sysProcessVMReadv, uintptr(os.Getppid()))
	}},
	"a descriptor of its parent": {false, func(string) error { return call(434, uintptr(os.Getppid()), 0) }},
	"new namespaces":             {false, func(string) error { return syscall.Unshare(syscall.CLONE_NEWUSER) }},
	"mount":                      {false, func(r string) error { return syscall.Mount("x", r+"/out", "tmpfs", 0, "") }},
	"change the root":            {false, func(r string) error { return syscall.Chroot(r + "/out") }},
	"io_uring":                   {false, func(string) error { return call(425, 1, uintptr(unsafe.Pointer(&[256]byte{}))) }},
	"bpf":                        {false, func(string) error { return call(sysBpf, 0, 0, 0) }},
	"userfaultfd":                {false, func(string) error { return call(sysUserfaultfd, 1) }},
	"keys":                       {false, func(string) error { return call(syscall.SYS_KEYCTL, 0, ^uintptr(1), 1) }},
	"shared memory that stays":   {false, func(string) error { return call(syscall.SYS_SHMGET, 0, 4096, 0o1600) }},
	"type at the terminal":       {false, func(string) error { return call(syscall.SYS_IOCTL, 0, tiocsti, uintptr(unsafe.Pointer(&[1]byte{'x'}))) }},
	"raw sockets":                {false, func(string) error { return socket(syscall.AF_INET, syscall.SOCK_RAW) }},
	"packet sockets":             {false, func(string) error { return socket(syscall.AF_PACKET, syscall.SOCK_DGRAM) }},
	"listen":                     {false, listen},
	"take off the filter":        {false, func(string) error { return call(sysSeccomp, setModeFilter, 0, 0) }},
}

// elsewhere runs on a thread of its own, made after the restriction.
func elsewhere(do func() error) error {
	err := make(chan error)
	go func() {
		runtime.LockOSThread() // and the thread ends with it
		err <- do()
	}()
	return <-err
}

func socket(family, kind int) error {
	fd, err := syscall.Socket(family, kind, 0)
	if err == nil {
		syscall.Close(fd)
	}
	return err
}

func listen(string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		l.Close()
	}
	return err
}

func TestTries(t *testing.T) {
	offered := Offered()
	if offered.Landlock < 6 || !offered.Seccomp {
		t.Skipf("the whole corpus needs Landlock 6 and seccomp, this machine has %v", offered)
	}
	root := t.TempDir()
	for _, dir := range []string{"in", "out"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"in/file", "secret", "named"} {
		if err := write(filepath.Join(root, file)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../secret", filepath.Join(root, "in/link")); err != nil {
		t.Fatal(err)
	}
	policy := Policy{
		{root + "/in", Read}, {root + "/out", Read | Write}, {"/proc/self/status", Read}, {"/dev/null", Read | Write},
		{"/lib", Exec}, {"/lib64", Exec}, {"/usr/lib", Exec}, {"/not/there", Read}, {root + "/named", Change}, {"/proc/self/task", Change},
	}
	for name, try := range tries {
		t.Run(name, func(t *testing.T) {
			said, err := child(t, policy, root, name)
			if (err == nil) != try.allowed {
				t.Errorf("allowed is %v, and: %v %s", try.allowed, err, said)
			}
			if strings.Contains(said, "restrict the script's process") || err != nil && said == "" {
				t.Errorf("it was not tried: %v %s", err, said)
			}
		})
	}
}

// child starts this binary with a policy.
func child(t *testing.T, p Policy, root, name string) (string, error) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := w.Write(p.Pack()); err != nil {
		t.Fatal(err)
	}
	w.Close()
	cmd := exec.Command("/proc/self/exe")
	cmd.ExtraFiles = []*os.File{r}
	cmd.Env = append(os.Environ(), EnvPolicy+"=3", envTry+"="+name, envRoot+"="+root)
	out, err := cmd.CombinedOutput()
	return string(out), err
}
