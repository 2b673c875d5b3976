package sandbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func need(t testing.TB) {
	t.Helper()
	if err := Available(); errors.Is(err, ErrUnsupported) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
}

func mustRun(t *testing.T, p Program) Result {
	t.Helper()
	r, err := Run(t.Context(), p)
	if err != nil {
		t.Fatalf("the sandbox failed: %v", err)
	}
	return r
}

func TestProgramsThatEnd(t *testing.T) { inEveryWay(t, tryProgramsThatEnd) }

func tryProgramsThatEnd(t *testing.T, tier string) {
	for _, c := range []struct {
		name, code, stdin string
		files             map[string]string
		exit              int
		signal            string
		stdout, stderr    string // contained
	}{
		{name: "prints", code: "print('hello')", stdout: "hello\n"},
		{name: "nothing", code: ""},
		{name: "reads", code: "print(input()[::-1])", stdin: "abc\n", stdout: "cba\n"},
		{name: "raises", code: "1/0", exit: 1, stderr: "ZeroDivisionError"},
		{name: "syntax", code: "def", exit: 1, stderr: "SyntaxError"},
		{name: "exits", code: "import sys; sys.exit(7)", exit: 7},
		{name: "leaves", code: "import os; os._exit(3)", exit: 3},
		{name: "asserts", code: "assert 1 == 2, 'no'", exit: 1, stderr: "AssertionError: no"},
		{name: "unicode", code: "print('žluťoučký 🐎 \\0 数学'.upper())", stdout: "ŽLUŤOUČKÝ 🐎 \x00 数学\n"},
		{name: "not UTF-8", code: "x = '\xff'", exit: 1, stderr: "Non-UTF-8"},
		{name: "files", code: "import helper, sys\nprint(helper.f(2), open('data/x.txt').read())", files: map[string]string{"helper.py": "def f(x): return x + 1", "data/x.txt": "böse"}, stdout: "3 böse\n"},
		{name: "writes its folder", code: "open('a','w').write('1')\nimport os\nos.remove('main.py')\nprint(sorted(os.listdir('.')))", stdout: "['a']\n"},
		{name: "threads", code: "import threading\nr=[]\nts=[threading.Thread(target=r.append,args=(i,)) for i in range(20)]\n[t.start() for t in ts]; [t.join() for t in ts]\nprint(len(r))", stdout: "20\n"},
		{name: "daemon thread", code: "import threading,time\nthreading.Thread(target=time.sleep,args=(100,),daemon=True).start()\nprint('end')", stdout: "end\n"},
		{name: "asyncio", code: "import asyncio\nasync def f():\n    await asyncio.sleep(0.01); return 4\nprint(asyncio.run(f()))", stdout: "4\n"},
		{name: "library", code: "import json, re, math, decimal, fractions, hashlib, sqlite3, ctypes, collections, itertools, random, datetime, heapq, typing, dataclasses, statistics, string, functools, unicodedata\nprint(hashlib.md5(b'x').hexdigest()[:4])", stdout: "9dd4\n"},
		{name: "temporary files", code: "import tempfile\nwith tempfile.TemporaryFile() as f: f.write(b'x')\nprint('ok')", stdout: "ok\n"},
		{name: "deep recursion", code: "def f(n): return f(n+1)\nf(0)", exit: 1, stderr: "RecursionError"},
		{name: "stack overflow", code: "import sys, functools\nsys.setrecursionlimit(10**9)\nx = ()\nfor _ in range(10**6): x = (x,)\nprint(hash(x))", exit: -1, signal: "SIGSEGV"},
		{name: "abort", code: "import os; os.abort()", exit: -1, signal: "SIGABRT"},
		{name: "kills itself", code: "import os; os.kill(os.getpid(), 9)", exit: -1, signal: "SIGKILL"},
		{name: "terminates itself", code: "import os, signal; signal.raise_signal(signal.SIGTERM)", exit: -1, signal: "SIGTERM"},
		{name: "alarm", code: "import signal, time; signal.alarm(1); time.sleep(20)", exit: -1, signal: "SIGALRM"},
		{name: "report", code: "import os; os.write(3, b'seen'); os.close(3); print('x')", stdout: "x\n"},
		{name: "same hash", code: "print(hash('abc'), {'b','a','c'})", stdout: hashOf(t)},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := mustRun(t, Program{Code: c.code, Stdin: c.stdin, Files: c.files})
			if r.ExitCode != c.exit || r.Signal != c.signal || r.TimedOut || r.Truncated {
				t.Errorf("exit %d signal %q timed out %t truncated %t; want exit %d signal %q", r.ExitCode, r.Signal, r.TimedOut, r.Truncated, c.exit, c.signal)
			}
			if c.stdout != "" && r.Stdout != c.stdout || !strings.Contains(r.Stderr, c.stderr) {
				t.Errorf("stdout %q stderr %q; want %q and %q", r.Stdout, r.Stderr, c.stdout, c.stderr)
			}
			if c.name == "report" && r.Report != "seen" {
				t.Errorf("report %q", r.Report)
			}
			if r.OK() != (c.exit == 0) {
				t.Errorf("OK is %t for exit code %d", r.OK(), c.exit)
			}
			if r.CPU <= 0 || r.Memory < 1<<20 {
				t.Errorf("no accounting: %v of CPU, %d bytes", r.CPU, r.Memory)
			}
		})
	}
}

// Whatever Python makes of it, a program with a NUL is a program.
func TestNUL(t *testing.T) {
	need(t)
	if r := mustRun(t, Program{Code: "print(1)\x00print(2)", Stdin: "\x00"}); r.TimedOut || r.Signal != "" {
		t.Errorf("%+v", r)
	}
}

// hashOf is what one program says that shows string hashes: others must agree.
func hashOf(t *testing.T) string {
	return mustRun(t, Program{Code: "print(hash('abc'), {'b','a','c'})"}).Stdout
}

func TestLimits(t *testing.T) { inEveryWay(t, tryLimits) }

func tryLimits(t *testing.T, tier string) {
	short := Limits{CPU: time.Second, Wall: 20 * time.Second, Memory: 256 << 20, Disk: 1 << 20, Output: 1000}
	wall := short
	wall.CPU, wall.Wall = 20*time.Second, time.Second
	for _, c := range []struct {
		name, code string
		limits     Limits
		check      func(r Result) bool
	}{
		{"endless loop", "while True: pass", short, func(r Result) bool { return r.TimedOut && r.CPU >= time.Second/2 && r.CPU < 5*time.Second }},
		{"endless loop that ignores the signal", "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass", short, func(r Result) bool { return r.TimedOut && r.Signal == "SIGKILL" }},
		{"sleeps", "import time; time.sleep(1000)", wall, func(r Result) bool { return r.TimedOut && r.Wall < 10*time.Second && r.CPU < time.Second }},
		{"sleeps deaf", "import signal, time\nfor s in range(1, 65):\n  try: signal.signal(s, signal.SIG_IGN)\n  except (OSError, ValueError): pass\ntime.sleep(1000)", wall, func(r Result) bool { return r.TimedOut }},
		{"waits for input", "import os\nos.read(0, 1)\nos.pause() if hasattr(os, 'pause') else __import__('time').sleep(1000)", wall, func(r Result) bool { return r.TimedOut }},
		{"output before the end of time", "print('so far', flush=True)\nwhile True: pass", short, func(r Result) bool { return r.TimedOut && r.Stdout == "so far\n" }},
		{"list of everything", "x = [0]\nwhile True: x += x", short, func(r Result) bool { return r.MemoryExceeded && !r.TimedOut && r.ExitCode == 1 }},
		{"one string", "'x' * (1 << 30)", short, func(r Result) bool { return r.MemoryExceeded }},
		{"memory by mmap", "import mmap\nmmap.mmap(-1, 1 << 30)", short, func(r Result) bool { return r.ExitCode == 1 }},
		{"memory by memfd", "import os\nos.memfd_create('x')", short, func(r Result) bool { return r.ExitCode == 1 && strings.Contains(r.Stderr, "PermissionError") }},
		{"flood", "while True: print('x' * 1000)", short, func(r Result) bool { return r.Truncated && r.TimedOut && len(r.Stdout) == 1000 }},
		{"much output", "import sys\nsys.stdout.write('x' * 5000); sys.stderr.write('y' * 500)", short, func(r Result) bool {
			return r.Truncated && r.OK() && r.Stdout == strings.Repeat("x", 1000) && len(r.Stderr) == 500
		}},
		{"huge file", "f = open('big', 'wb')\nfor _ in range(100): f.write(b'x' * (1 << 20))", short, func(r Result) bool { return r.ExitCode == 1 && strings.Contains(r.Stderr, "OSError") }},
		{"many files", "for i in range(100):\n  with open(str(i), 'wb') as f: f.write(b'x' * 100000)", short, func(r Result) bool { return r.ExitCode != 0 && strings.Contains(r.Stderr, "No space") }},
		{"sparse file", "import os\nos.truncate('main.py', 1 << 40)", short, func(r Result) bool { return r.ExitCode == 1 && strings.Contains(r.Stderr, "too large") }},
		{"open files", "x = [open('main.py') for _ in range(1000)]", short, func(r Result) bool { return r.ExitCode == 1 && strings.Contains(r.Stderr, "Too many open files") }},
		{"many threads", "import threading, time\nfor i in range(1000): threading.Thread(target=time.sleep, args=(5,), daemon=True).start()", Limits{}, func(r Result) bool {
			return r.ExitCode == 1 && strings.Contains(r.Stderr, "start new thread")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := mustRun(t, Program{Code: c.code, Limits: c.limits})
			if !c.check(r) {
				r.Stdout = r.Stdout[:min(100, len(r.Stdout))]
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestRunAllKeepsOrder(t *testing.T) {
	need(t)
	var ps []Program
	for i := range 12 {
		ps = append(ps, Program{Code: fmt.Sprintf("import time\ntime.sleep(%g)\nprint(%d)", float64(12-i)/100, i)})
	}
	rs, err := RunAll(t.Context(), ps, 4)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range rs {
		if r.Stdout != fmt.Sprintf("%d\n", i) {
			t.Errorf("result %d is %q", i, r.Stdout)
		}
	}
	ps[3].Files = map[string]string{"../x": ""}
	if _, err := RunAll(t.Context(), ps, 4); err == nil || !strings.Contains(err.Error(), "program 3") {
		t.Errorf("a program that cannot be run: %v", err)
	}
	if rs, err := RunAll(t.Context(), nil, 4); err != nil || len(rs) != 0 {
		t.Errorf("no programs: %v, %v", rs, err)
	}
}

func TestCancelled(t *testing.T) {
	need(t)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := Run(ctx, Program{Code: "import time\ntime.sleep(1000)"})
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 20*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	if _, err := Run(ctx, Program{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a context that has ended: %v", err)
	}
}

func TestFileNames(t *testing.T) {
	for _, name := range []string{"", ".", "..", "../x", "/x", "a/../b", "a//b", "./a", "a/", "a\x00b", `a\b`, "main.py"} {
		if _, err := Run(t.Context(), Program{Files: map[string]string{name: ""}}); err == nil || errors.Is(err, ErrUnsupported) {
			t.Errorf("file name %q: %v", name, err)
		}
	}
	if _, err := Run(t.Context(), Program{Code: strings.Repeat("#", 100), Limits: Limits{Disk: 50}}); err == nil || !strings.Contains(err.Error(), "Limits.Disk") {
		t.Errorf("a program larger than its folder: %v", err)
	}
}
