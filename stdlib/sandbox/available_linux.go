//go:build linux && (amd64 || arm64)

package sandbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"cogumi/stdlib/sandbox/inside"
)

// availableHere is what this process has to run programs.
func availableHere() (offer, error) {
	py, err := interpreter()
	if err != nil {
		return offer{}, err
	}
	return offer{py.version, py.tier}, nil
}

var interpreter = sync.OnceValues(findInterpreter)

// findInterpreter prefers namespaces with any interpreter to none with a person's own.
func findInterpreter() (*python, error) {
	py, first := interpreterFor(Namespaces)
	if first == nil {
		return py, nil
	}
	if py, err := interpreterFor(Confined); err == nil {
		return py, nil
	}
	return nil, first
}

func interpreterFor(tier string) (*python, error) {
	if _, err := inside.LandlockVersion(); err != nil {
		return nil, &UnsupportedError{Reason: "the kernel offers no Landlock: " + err.Error(), Hint: "Linux 5.13 or later, with landlock among its security modules"}
	}
	found, none := candidates()
	if len(found) == 0 && none == nil {
		return nil, &UnsupportedError{Reason: "no python3 found", Hint: "install Python 3.8 or later"}
	}
	var first error
	for _, own := range users(tier) {
		for _, py := range found {
			here := *py
			here.tier, here.own = tier, own
			here.root = here.root && tier == Namespaces
			err := selfTest(&here)
			if err == nil {
				return &here, nil
			}
			first = cmp.Or(first, err)
		}
	}
	first = cmp.Or(first, none)
	var u *UnsupportedError
	if errors.As(first, &u) {
		return nil, u
	}
	return nil, &UnsupportedError{Reason: first.Error()}
}

// breakOut prints what a program should not be able to do, and "ok".
const breakOut = `
import json, os, threading, socket, hashlib, decimal, random
def can(what, fn, *args):
    try:
        fn(*args)
    except (OSError, RuntimeError):
        return
    print("it can", what)
can("write to /", open, "/x", "w")
can("list /proc", os.listdir, "/proc/self")
can("read /etc/passwd", open, "/etc/passwd")
can("look at its parent", open, "/proc/%d/environ" % os.getppid())
can("open a socket", socket.socket, socket.AF_INET, socket.SOCK_STREAM)
can("fork", os.fork)
if os.getppid() != 1: can("signal its parent", os.kill, os.getppid(), 0)
if set(os.environ) - {"PYTHONHASHSEED", "LC_CTYPE", "LD_LIBRARY_PATH"}:
    print("it sees the environment")
done = []
threads = [threading.Thread(target=done.append, args=(i,)) for i in range(4)]
for t in threads: t.start()
for t in threads: t.join()
with open("file", "w") as f: f.write("x")
print("ok", len(done))
`

// alone is what holds in namespaces only.
const alone = `
if os.getppid() != 1 or os.getuid() == 0:
    print("it is", os.getpid(), "child of", os.getppid(), "user", os.getuid())
`

// selfTest runs a program that must work and must not get out.
func selfTest(py *python) error {
	code := breakOut
	if py.tier == Namespaces {
		code += alone
	}
	p, err := Program{Code: code, Limits: Limits{Wall: 60 * time.Second}}.prepared()
	if err != nil {
		return err
	}
	r, err := launchWith(context.Background(), py, p)
	if err != nil {
		return unsupported(err)
	}
	if !r.OK() || r.Stdout != "ok 4\n" {
		return &UnsupportedError{
			Reason: fmt.Sprintf("the test program of the sandbox failed: %s, %q%s", r.String(), strings.TrimSpace(r.Stdout), lastWords([]byte(r.Stderr))),
		}
	}
	return nil
}

// unsupported says why a sandbox could not be made, with what mostly helps.
func unsupported(err error) error {
	u := &UnsupportedError{Reason: err.Error()}
	refused := strings.Contains(u.Reason, syscall.EPERM.Error()) || strings.Contains(u.Reason, syscall.EACCES.Error())
	switch {
	case isOne("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") && os.Geteuid() != 0:
		u.Hint = "AppArmor restricts user namespaces here: sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for cogumi"
	case isZero("/proc/sys/kernel/unprivileged_userns_clone"):
		u.Hint = "user namespaces are switched off: sysctl kernel.unprivileged_userns_clone=1"
	case isZero("/proc/sys/user/max_user_namespaces"):
		u.Hint = "user namespaces are switched off: sysctl user.max_user_namespaces=10000"
	case strings.Contains(u.Reason, syscall.EBUSY.Error()):
		u.Hint = "this container watches system calls itself, which leaves no place for the sandbox: run outside it, or as root"
	case refused:
		u.Hint = "containers often forbid namespaces: run outside, or with --privileged"
	}
	return u
}

func isOne(file string) bool  { return firstByte(file) == '1' }
func isZero(file string) bool { return strings.TrimSpace(readAll(file)) == "0" }

func firstByte(file string) byte {
	if text := readAll(file); text != "" {
		return text[0]
	}
	return 0
}

func readAll(file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	return string(b)
}
