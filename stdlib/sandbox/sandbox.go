// Package sandbox runs Python programs that nobody has read: the answers of a
// language model.
//
// Each program runs alone, in user, mount, pid, network, ipc, uts and cgroup
// namespaces of its own, under Landlock, seccomp and resource limits. It sees the
// interpreter, its standard library, and one small writable folder in memory. It
// sees no other file, no other process, no network and no environment. When it
// ends, or when its time is over, everything that it started is killed.
//
// Many rented containers have no namespaces. There a program runs behind Landlock,
// a narrower seccomp filter and limits alone, and each Result says so: it still
// opens no other file, reaches no process and no network, and leaves nothing
// behind, but it sees the names of files, the host's name, and its memory in files
// is counted only every few milliseconds. Without Landlock there is no weaker mode.
//
// A program that fails is a Result. A sandbox that fails is an error. Where the
// machine offers neither, the error is ErrUnsupported with a reason.
//
// The same program gives the same output every time, as far as that is possible:
// string hashes are seeded with 0 and addresses are not random. Clocks are real.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"cogumi/stdlib/broker"
)

// Program is a Python program with what it may see.
type Program struct {
	Code  string // UTF-8; runs as __main__
	Stdin string

	// Files are placed into the program's folder, which is its working directory
	// and the first place where import looks. Names are relative and slash-separated.
	Files map[string]string

	Limits Limits // what is zero gets its default
}

// Limits bound what a program can take from the machine.
type Limits struct {
	CPU       time.Duration // of all threads together; whole seconds, rounded up; default 5 s
	Wall      time.Duration // from launch to end; default 30 s, since a busy machine is no wrong answer
	Memory    int64         // bytes of address space per process; default 1 GiB
	Disk      int64         // bytes in the program's folder, which lies in memory; default 64 MiB
	Output    int           // bytes kept of each of Stdout, Stderr and Report; default 1 MiB
	OpenFiles int           // default 64
	Tasks     int           // threads and processes together; default 64
	Processes bool          // the program may start processes; Memory then holds for each of them
}

// The defaults are far above what an answer to a programming exercise needs.
const (
	defaultCPU       = 5 * time.Second
	defaultWall      = 30 * time.Second
	defaultMemory    = 1 << 30
	defaultDisk      = 64 << 20
	defaultOutput    = 1 << 20
	defaultOpenFiles = 64
	defaultTasks     = 64
)

// How programs are kept in.
const (
	Namespaces = "namespaces, Landlock, seccomp, limits"
	Confined   = "Landlock, seccomp, limits; no namespaces"
)

// Result is what became of a program.
type Result struct {
	Isolation string // Namespaces or Confined

	ExitCode int    // -1 when a signal ended the program
	Signal   string // "SIGSEGV"; empty when the program ended by itself
	Stdout   string
	Stderr   string

	// Report is what the program wrote to file descriptor 3: a way out that print
	// does not reach.
	Report string

	Truncated      bool // Stdout, Stderr or Report were longer than Limits.Output
	TimedOut       bool // Limits.CPU or Limits.Wall was reached
	MemoryExceeded bool // it died of MemoryError, or killed at the limit; best effort

	Wall   time.Duration // with the sandbox's own time
	CPU    time.Duration // user and system, with the few milliseconds of the sandbox
	Memory int64         // largest resident set of a process, bytes
}

// OK says whether the program ended by itself with exit code 0.
func (r *Result) OK() bool { return r.ExitCode == 0 && !r.TimedOut && r.Signal == "" }

// String says in a few words how the program ended.
func (r *Result) String() string {
	switch {
	case r.TimedOut:
		return fmt.Sprintf("timed out after %.3g s (%.3g s of CPU)", r.Wall.Seconds(), r.CPU.Seconds())
	case r.MemoryExceeded:
		return "ran out of memory"
	case r.Signal != "":
		return "killed by " + r.Signal
	case r.ExitCode != 0:
		return fmt.Sprintf("exit code %d", r.ExitCode)
	}
	return "ok"
}

// Run runs one program and waits for its end. The error says that the sandbox
// failed, or that ctx ended; how the program fared is in the Result only.
func Run(ctx context.Context, p Program) (Result, error) {
	p, err := p.prepared()
	if err != nil {
		return Result{}, fmt.Errorf("sandbox: %w", err)
	}
	run := runHere
	if parent := broker.Parent(); parent != nil {
		run = parentOf(parent)
	}
	r, err := run(ctx, p)
	var unsupported *UnsupportedError
	switch {
	case errors.As(err, &unsupported):
		return Result{}, unsupported
	case err != nil:
		return Result{}, fmt.Errorf("sandbox: %w", err)
	}
	return r, nil
}

// runHere runs a prepared program in a sandbox that this process makes.
func runHere(ctx context.Context, p Program) (Result, error) {
	if _, err := availableHere(); err != nil {
		return Result{}, err
	}
	return launchHere(ctx, p)
}

// Available is nil where programs can be run, and an *UnsupportedError elsewhere.
// It finds out once, by running a program that tries to break out.
func Available() error {
	_, err := offered()
	return err
}

// Version names the interpreter, as "3.11.7", and says where programs run without
// namespaces, since runs and reports show it; empty where there is none.
func Version() string {
	o, _ := offered()
	if o.Isolation == Confined {
		return o.Version + " without namespaces"
	}
	return o.Version
}

// Isolation is how programs are kept in on this machine, Namespaces or Confined;
// empty where they are not run.
func Isolation() string {
	o, _ := offered()
	return o.Isolation
}

// offer is what a machine has for programs.
type offer struct{ Version, Isolation string }

func offered() (offer, error) {
	if parent := broker.Parent(); parent != nil {
		return askAvailability(parent)
	}
	return availableHere()
}

// prepared is the program with its defaults filled in and its files checked.
func (p Program) prepared() (Program, error) {
	l := &p.Limits
	setDefault(&l.CPU, defaultCPU)
	setDefault(&l.Wall, defaultWall)
	setDefault(&l.Memory, defaultMemory)
	setDefault(&l.Disk, defaultDisk)
	setDefault(&l.Output, defaultOutput)
	setDefault(&l.OpenFiles, defaultOpenFiles)
	setDefault(&l.Tasks, defaultTasks)
	size := int64(len(p.Code))
	for name, text := range p.Files {
		if err := checkName(name); err != nil {
			return p, err
		}
		size += int64(len(text))
	}
	if size > l.Disk {
		return p, fmt.Errorf("the program's files take %d bytes, its folder holds %d: raise Limits.Disk", size, l.Disk)
	}
	return p, nil
}

func setDefault[T ~int | ~int64](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
}

// mainFile is the program itself, in its folder.
const mainFile = "main.py"

func checkName(name string) error {
	bad := ""
	switch {
	case name == "" || strings.ContainsRune(name, 0):
		bad = "is empty or holds a NUL byte"
	case strings.Contains(name, `\`) || !filepath.IsLocal(name) || filepath.ToSlash(filepath.Clean(name)) != name || name == ".":
		bad = "is not a clean relative path"
	case name == mainFile:
		bad = "is taken by the program's code"
	default:
		return nil
	}
	return fmt.Errorf("file name %q of a program %s", name, bad)
}
