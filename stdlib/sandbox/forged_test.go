package sandbox

import (
	"fmt"
	"strings"
	"testing"
)

// Abuses that outlive, fill, forge or disturb, beside the attempts of
// TestNothingGetsOut. None may print ESCAPED, and every program ends.
func TestAbuses(t *testing.T) { inEveryWay(t, tryAbuses) }

func tryAbuses(t *testing.T, tier string) {
	l := Limits{Disk: 4 << 20, Output: 1 << 12, Memory: 256 << 20, Processes: true, Tasks: 20}
	calls := "import ctypes, ctypes.util\nlibc = ctypes.CDLL(None, use_errno=True)\ndef call(*a):\n    r = libc.syscall(*map(ctypes.c_long, a))\n    if r < 0: raise OSError(ctypes.get_errno(), 'no')\n    return r\n"
	for _, c := range []struct{ name, code string }{
		{"limits of the parent", "import resource\nif os.getppid() != 1: attempt('prlimit', lambda: resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (1, 1)))"},
		{"priority of the parent", "if os.getppid() != 1: attempt('setpriority', lambda: os.setpriority(os.PRIO_PROCESS, os.getppid(), 19))"},
		{"processors of the parent", "if os.getppid() != 1: attempt('affinity', lambda: os.sched_setaffinity(os.getppid(), [0]))"},
		{"stop the parent", "import signal\nattempt('SIGSTOP', lambda: 1 // (os.getppid() != 1) and os.kill(os.getppid(), signal.SIGSTOP))"},
		{"stop the group", "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntry: os.kill(0, signal.SIGTERM)\nexcept OSError: pass"},
		{"signal through a descriptor", "import fcntl\nr, w = os.pipe()\nif os.getppid() != 1: attempt('F_SETOWN', lambda: fcntl.fcntl(r, fcntl.F_SETOWN, os.getppid()))"},
		{"pidfd of the parent", "import signal\nif os.getppid() != 1: attempt('pidfd', lambda: signal.pidfd_send_signal(os.pidfd_open(os.getppid()), 9))"},
		{"datagrams to any name", "import socket\ndef f():\n    a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\n    a.sendto(b'x', '/dev/log')\nattempt('sendto', f)"},
		{"abstract sockets", "import socket\ndef f():\n    s = socket.socket(socket.AF_UNIX); s.connect('\\0/tmp/.X11-unix/X0')\nattempt('abstract', f)"},
		{"times of files", "attempt('utime', lambda: os.utime(os.__file__))"},
		{"modes of files", "attempt('chmod', lambda: os.chmod(os.__file__, 0o777))"},
		{"owners of files", "attempt('chown', lambda: os.chown(os.__file__, 0, 0))"},
		{"attributes of files", "attempt('xattr', lambda: os.setxattr(os.__file__, 'user.x', b'1'))"},
		{"length of files", "attempt('truncate', lambda: os.truncate(os.__file__, 0))"},
		{"shared memory", calls + "attempt('shmget', lambda: call(29, 0x1234, 4096, 0o1666))"},
		{"message queues", calls + "attempt('mq', lambda: libc.mq_open(b'/x', 0o102, 0o666, 0) < 0 and 1 / 0)"},
		{"memory as a program", "attempt('memfd', lambda: os.memfd_create('x'))"},
		{"io_uring", calls + "attempt('io_uring', lambda: call(425, 8, 0))"},
		{"a file that is executed", "import shutil, subprocess\ndef f():\n    shutil.copyfile(sys.executable, 'py')\n    subprocess.run(['./py', '-c', ''], check=True)\nattempt('exec', f)"},
		{"descriptors of the parent", "attempt('fd', lambda: os.open('/proc/%d/fd/1' % os.getppid(), os.O_WRONLY))"},
		{"memory of the parent", "attempt('mem', lambda: open('/proc/%d/mem' % os.getppid(), 'rb').read(1))"},
		{"its own limits", "import resource\nattempt('NPROC', lambda: resource.setrlimit(resource.RLIMIT_AS, (-1, -1)))"},
		{"a core file", "import resource\nattempt('core', lambda: 1 // resource.getrlimit(resource.RLIMIT_CORE)[1])"},
		{"deep folders", "for _ in range(3000):\n    try: os.mkdir('d'); os.chdir('d')\n    except OSError: break"},
		{"folders that nobody can open", "os.mkdir('x', 0)\nos.umask(0o777)\nos.mkdir('y')"},
		{"links to other places", "os.symlink('/', 'root'); os.symlink('loop', 'loop')\nattempt('link', lambda: open('root/etc/passwd').read())"},
		{"a program that became another", "attempt('sh', lambda: os.execv('/bin/sh', ['sh', '-c', 'echo ESCAPED']))"},
		{"children that are left", "import time\nfor _ in range(5):\n    if os.fork() == 0:\n        os.setsid()\n        if os.fork() == 0: os.closerange(0, 9); time.sleep(1000)\n        os._exit(0)"},
		{"the main thread ends alone", "import threading, time, ctypes\nthreading.Thread(target=lambda: (time.sleep(.2), os._exit(0))).start()\nprint('tried', flush=True)\nctypes.CDLL(None).pthread_exit(0)"},
		{"zombies", "for _ in range(10):\n    if os.fork() == 0: os._exit(0)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := mustRun(t, Program{Code: attempt + c.code + "\nprint('tried')", Limits: l})
			if strings.Contains(r.Stdout, "ESCAPED") || r.TimedOut || r.Isolation != tier {
				t.Errorf("%s (%s): %s%s", r.String(), r.Isolation, r.Stdout, r.Stderr)
			}
		})
	}
	if left := sandboxes(t); left != "" {
		t.Errorf("processes that are left: %s", left)
	}
	if err := nothingLeft(); err != nil {
		t.Error(err)
	}
}

// What a caller learns comes from the process's end, not from what it prints: a
// program that says "ok" and fails has failed.
func TestForgedEnds(t *testing.T) { inEveryWay(t, tryForgedEnds) }

func tryForgedEnds(t *testing.T, tier string) {
	for _, code := range []string{
		"import os\nfor fd in range(16):\n    try: os.write(fd, b'end 0 1 1\\n')\n    except OSError: pass\nos._exit(9)",
		"import os, atexit\natexit.register(os._exit, 9)\nprint('end 0 1 1')",
		"import os, signal\nprint('passed', flush=True)\nos.kill(os.getpid(), signal.SIGKILL)",
	} {
		if r := mustRun(t, Program{Code: code}); r.OK() || r.TimedOut {
			t.Errorf("%q is believed: %s", code, fmt.Sprintf("%+v", r))
		}
	}
}
