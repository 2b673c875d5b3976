package sandbox

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// attempt says when something works that must raise inside.
const attempt = `
import os, sys
def attempt(name, fn):
    try:
        r = fn()
    except BaseException as e:
        return
    print("ESCAPED", name, repr(r)[:200])
`

func TestNothingGetsOut(t *testing.T) { inEveryWay(t, tryNothingGetsOut) }

func tryNothingGetsOut(t *testing.T, tier string) {
	outside := t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(outside, 0o777); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	t.Setenv("COGUMI_SECRET", "key-in-the-environment")
	home, _ := os.UserHomeDir()
	if r := mustRun(t, Program{Code: attempt + "attempt('nothing', lambda: open('main.py').read(3))"}); !strings.HasPrefix(r.Stdout, "ESCAPED nothing") {
		t.Fatalf("an attempt that works is not seen: %q", r.Stdout)
	}
	for _, c := range []struct{ name, code string }{
		{"TCP", fmt.Sprintf(`import socket; attempt("connect", lambda: socket.create_connection(("127.0.0.1", %d), 2))`, listener.Addr().(*net.TCPAddr).Port)},
		{"other sockets", `import socket
for f in range(46):
    if f != socket.AF_UNIX:
        for k in (1, 2, 3, 5): attempt("socket %d %d" % (f, k), lambda: socket.socket(f, k))`},
		{"names", `import socket; attempt("getaddrinfo", lambda: socket.getaddrinfo("example.com", 80))`},
		{"local socket outside", fmt.Sprintf(`import socket; attempt("bind", lambda: socket.socket(socket.AF_UNIX).bind(%q))`, filepath.Join(outside, "s"))},
		{"read", fmt.Sprintf(`
for p in ["/etc/passwd", "/etc/hostname", "/etc/shadow", "/etc/resolv.conf", %q, %q, "/proc/1/environ", "/proc/self/environ", "/proc/self/maps", "/proc/mounts", "/sys/kernel", "/old/etc/passwd", "/tmp/../etc/passwd",
          "/dev/mem", "/dev/kmsg", "/dev/tty", "/dev/sda", "/dev/vda", "/run", "/var/log", "/root", "/home", "/boot", "/bin/sh", "/usr/bin/env"]:
    attempt("open " + p, lambda: open(p, "rb").read(1))
    attempt("list " + p, lambda: os.listdir(p))
attempt("list root", lambda: os.listdir("/"))`, home+"/.profile", filepath.Join(outside, "secret"))},
		{"write", fmt.Sprintf(`
for p in ["/x", "/dev/x", "/etc/x", "/usr/x", "/usr/lib/x", "/lib/x", "/proc/x", "/var/x", %q, os.path.dirname(os.__file__) + "/x.py", os.__file__, os.path.realpath(sys.executable)]:
    attempt("create " + p, lambda: open(p, "w"))
    attempt("append " + p, lambda: open(p, "a"))
    attempt("remove " + p, lambda: os.remove(p))
    attempt("mkdir " + p, lambda: os.mkdir(p + "d"))
    attempt("chmod " + p, lambda: os.chmod(p, 0o777))
    attempt("rename " + p, lambda: os.rename("main.py", p))
    attempt("link " + p, lambda: os.link("main.py", p))
    attempt("symlink " + p, lambda: os.symlink("main.py", p))`, outside+"/x")},
		{"links", `
os.symlink("/etc/passwd", "a"); attempt("symlink", lambda: open("a").read())
os.symlink("..", "b"); attempt("dots", lambda: open("b/etc/passwd").read())
attempt("hard link", lambda: os.link("/etc/passwd", "c"))
attempt("device", lambda: os.mknod("d", 0o600 | 0o020000, os.makedev(1, 1)))`},
		{"processes", `
import signal
attempt("fork", os.fork)
attempt("forkpty", os.forkpty)
attempt("posix_spawn", lambda: os.posix_spawn(sys.executable, ["python3", "-c", ""], {}))
import subprocess
attempt("subprocess", lambda: subprocess.run([sys.executable, "-c", ""]))
attempt("shell", lambda: 1 // (os.system("true") == 0))
for s in (signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP, signal.SIGQUIT, signal.SIGABRT, signal.SIGINT, signal.SIGSEGV):
    attempt("signal to the init", lambda: os.kill(1, s))
    attempt("signal to the parent", lambda: os.kill(os.getppid(), s))
attempt("signal to all", lambda: os.kill(-1, 9))
for p in range(3, 5000):
    if p != os.getpid(): attempt("signal", lambda: os.kill(p, 0))
attempt("execute a file of its own", lambda: (open("x.sh", "w").write("#!/bin/sh\n"), os.chmod("x.sh", 0o755), os.execv("./x.sh", ["x"])))`},
		{"system calls", `
import ctypes, platform
libc = ctypes.CDLL(None, use_errno=True)
def call(nr, *args):
    if libc.syscall(ctypes.c_long(nr), *map(ctypes.c_long, args)) < 0:
        raise OSError(ctypes.get_errno())
    return "no error"
amd = platform.machine() == "x86_64"
n = dict(ptrace=101, unshare=272, setns=308, mount=165, umount2=166, chroot=161, pivot_root=155, keyctl=250, bpf=321, perf=298, userfaultfd=323, vmread=310, vmwrite=311,
         shmget=29, memfd=319, handle=304, setuid=105, setgid=106, reboot=169, sethostname=170, personality=-1, iopl=172, modify_ldt=154, kexec=246, module=313, acct=163, swapon=167, settime=227) if amd else dict(ptrace=117, unshare=97, mount=40)
if KEEPS_ROOT: n.pop("setuid", 0); n.pop("setgid", 0) # to 0 is no change
for name, nr in n.items():
    attempt(name, lambda: call(nr, 0, 1, 0, 0, 0))
for nr in (425, 428, 430, 432, 438, 442, 447): attempt(nr, lambda: call(nr, 0, 0, 0, 0, 0))
for flag in (0x20000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000, 0x80):
    attempt("unshare", lambda: call(n["unshare"], flag))
    if amd: attempt("clone", lambda: call(56, flag | 17, 0, 0, 0, 0))
if amd:
    attempt("fork", lambda: call(57)); attempt("vfork", lambda: call(58))
    attempt("clone3", lambda: call(435, 0, 88)); attempt("x32", lambda: call(0x40000000 + 39))
attempt("ptrace the init", lambda: call(n["ptrace"], 16, 1, 0, 0))
`},
		{"environment", `
for k, v in os.environ.items():
    if k not in ("PYTHONHASHSEED", "LC_CTYPE", "LD_LIBRARY_PATH"): print("ESCAPED", k, v)
if any("key-in-the-environment" in v for v in os.environ.values()): print("ESCAPED secret")
import ctypes
env = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ")
i = 0
while env[i]:
    if env[i].split(b"=")[0] not in (b"PYTHONHASHSEED", b"LC_CTYPE", b"LD_LIBRARY_PATH"): print("ESCAPED", env[i])
    i += 1`},
		{"descriptors", `
fds = []
for fd in range(3, 1024):
    try: fds.append((fd, oct(os.fstat(fd).st_mode)))
    except OSError: pass
if len(fds) != 1 or fds[0][0] != 3: print("ESCAPED descriptors", fds)`},
		{"limits", `
import resource
for r in (resource.RLIMIT_CPU, resource.RLIMIT_AS, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE):
    attempt("raise a limit", lambda: resource.setrlimit(r, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)))
attempt("niceness", lambda: os.nice(-5))`},
		{"identity", `
if not KEEPS_ROOT and (os.getuid() == 0 or os.geteuid() == 0 or os.getgid() == 0): print("ESCAPED root", os.getuid())
for u in (0, 1, 1000): # a root without capabilities may only stay what it is
    if not (KEEPS_ROOT and u == 0): attempt("setuid", lambda: os.setuid(u)); attempt("setgid", lambda: os.setgid(u))
attempt("setgroups", lambda: os.setgroups([0]))
import socket
if NAMESPACES and socket.gethostname() != "sandbox": print("ESCAPED", socket.gethostname())
attempt("terminal", lambda: open("/dev/tty"))`},
		{"packages", `
if any("site-packages" in p or "dist-packages" in p for p in sys.path): print("ESCAPED", sys.path)`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := mustRun(t, Program{Code: fmt.Sprintf("NAMESPACES, KEEPS_ROOT = %d, %d\n", map[bool]int{true: 1}[tier == Namespaces], map[bool]int{true: 1}[keepsRoot()]) + attempt + c.code + "\nprint('tried')"})
			if r.Stdout != "tried\n" || !r.OK() {
				t.Errorf("%s: %s%s", r.String(), r.Stdout, r.Stderr)
			}
		})
	}
	if left, err := os.ReadDir(outside); err != nil || len(left) != 1 {
		t.Errorf("files outside: %v %v", left, err)
	}
}

// With processes allowed, a bomb hits the limit, and nobody survives the program.
func TestProcessesEndWithTheProgram(t *testing.T) { inEveryWay(t, tryProcessesEndWithTheProgram) }

func tryProcessesEndWithTheProgram(t *testing.T, tier string) {
	l := Limits{Wall: 5 * time.Second, Tasks: 20, Processes: true}
	for _, c := range []struct{ name, code, stdout string }{
		{"child", "import os\npid = os.fork()\nif pid == 0: os._exit(4)\nprint(os.waitpid(pid, 0)[1] >> 8)", "4\n"},
		{"subprocess", "import subprocess, sys\nprint(subprocess.run([sys.executable, '-c', 'print(5)'], capture_output=True).stdout)", "b'5\\n'\n"},
		{"bomb", "import os\nn = 0\ntry:\n    while n < 100:\n        if os.fork() == 0:\n            import time; time.sleep(1000)\n        n += 1\nexcept OSError: print(n)", "19\n"},
		{"bomb of bombs", "import os, time\nmain = os.getpid()\ntry:\n    for _ in range(12): os.fork()\nexcept OSError: pass\nif os.getpid() == main: time.sleep(0.2); print('end', flush=True)\nelse: time.sleep(1000)", "end\n"},
		{"daemon", "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: time.sleep(1000)\n    os._exit(0)\nos.wait()\nprint('left one')", "left one\n"},
		{"namespaces", "import ctypes\nprint(ctypes.CDLL(None).unshare(0x10000000))", "-1\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			began := time.Now()
			r := mustRun(t, Program{Code: c.code, Limits: l})
			if r.Stdout != c.stdout {
				t.Errorf("stdout %q, want %q; %s %s", r.Stdout, c.stdout, r.String(), r.Stderr)
			}
			if d := time.Since(began); d > 4*time.Second {
				t.Errorf("it took %v: something was waited for", d)
			}
		})
	}
	if left := sandboxes(t); left != "" {
		t.Errorf("still there: %s", left)
	}
}

// sandboxes are this test's children that are still alive.
func sandboxes(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/children", os.Getpid()))
	if err != nil {
		t.Skip(err)
	}
	return strings.TrimSpace(string(b))
}

// A parent that is killed takes its sandboxes along.
func TestEndsWithItsParent(t *testing.T) {
	need(t)
	if os.Getenv("COGUMI_TEST_PARENT") != "" {
		mustRun(t, Program{Code: "import time\ntime.sleep(300)", Limits: Limits{Wall: 5 * time.Minute}})
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestEndsWithItsParent$")
	cmd.Env = append(os.Environ(), "COGUMI_TEST_PARENT=1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var tree []string // the same three for a while: not the self-test's
	for began, same := time.Now(), 0; same < 40; time.Sleep(25 * time.Millisecond) {
		now := descendants(cmd.Process.Pid)
		if len(now) >= 3 && slices.Equal(now, tree) {
			same++
		} else {
			tree, same = now, 0
		}
		if time.Since(began) > 30*time.Second {
			t.Fatalf("a sandbox is three processes, seen: %v", tree)
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		alive := 0
		for _, pid := range tree {
			if b, err := os.ReadFile("/proc/" + pid + "/stat"); err == nil && !strings.Contains(string(b), ") Z ") {
				alive++
			}
		}
		if alive == 0 {
			return
		}
		if time.Since(began) > 10*time.Second {
			t.Fatalf("%d of %v still alive", alive, tree)
		}
	}
}

// descendants are the processes below pid.
func descendants(pid int) []string {
	var out []string
	todo := []string{fmt.Sprint(pid)}
	for len(todo) > 0 {
		tasks, _ := filepath.Glob("/proc/" + todo[0] + "/task/*/children")
		todo = todo[1:]
		for _, file := range tasks {
			b, _ := os.ReadFile(file)
			todo = append(todo, strings.Fields(string(b))...)
			out = append(out, strings.Fields(string(b))...)
		}
	}
	return out
}
