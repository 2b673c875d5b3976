//go:build linux && (amd64 || arm64)

package confine

import (
	"errors"
	"os"
	"syscall"
)

// Offered is what this machine has.
func Offered() Level { return Level{Landlock: landlockVersion(), Seccomp: hasSeccomp()} }

// In says whether this process is restricted.
func In() bool { return in }

var in bool

func init() {
	var err error
	switch {
	case os.Getenv(EnvPolicy) != "":
		err = first(os.Getenv(EnvPolicy))
	case os.Getenv(EnvConfined) != "":
		err = second()
	}
	if err != nil {
		// Nothing of the script has been read: it does not run at all.
		os.Stderr.WriteString("restrict the script's process: " + err.Error() + "\n")
		os.Exit(1)
	}
}

// first restricts the main thread, on which every init function runs, and
// becomes the second image.
func first(descriptor string) error {
	fd := 0
	for _, c := range descriptor {
		fd = fd*10 + int(c-'0')
	}
	policy, err := readPolicy(fd)
	if err != nil {
		return err
	}
	preferToDie()
	os.Unsetenv(EnvPolicy)
	os.Setenv(EnvConfined, "1")
	if version := landlockVersion(); version > 0 {
		if err := restrict(append(policy, Rule{"/proc/self/exe", Exec}), version); err != nil {
			return err
		}
		err := syscall.Exec("/proc/self/exe", os.Args, os.Environ())
		return errors.New("start the program again: " + err.Error())
	}
	return second()
}

func readPolicy(fd int) (Policy, error) {
	f := os.NewFile(uintptr(fd), "policy")
	defer f.Close()
	var packed []byte
	buf := make([]byte, 1<<14)
	for {
		n, err := syscall.Read(fd, buf)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			return nil, errors.New("read the policy: " + err.Error())
		case n == 0:
			return Unpack(packed)
		}
		packed = append(packed, buf[:n]...)
	}
}

// preferToDie makes this process the one that ends when memory runs out, and
// leaves no core file. Where that is not possible nothing is less safe.
func preferToDie() {
	if fd, err := syscall.Open("/proc/self/oom_score_adj", syscall.O_WRONLY|syscall.O_CLOEXEC, 0); err == nil {
		_, _ = syscall.Write(fd, []byte("900"))
		_ = syscall.Close(fd)
	}
	_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{})
}

// second adds the filter over system calls, which forbids what made this image.
func second() error {
	os.Unsetenv(EnvConfined)
	in = true
	if !hasSeccomp() {
		return nil
	}
	return filterCalls()
}
