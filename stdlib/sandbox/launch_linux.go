//go:build linux && (amd64 || arm64)

package sandbox

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"cogumi/stdlib/sandbox/inside"
)

// grace is how long a sandbox may take to end after its time is over.
const grace = 5 * time.Second

// launchHere runs the program in a sandbox that this process makes.
func launchHere(ctx context.Context, p Program) (Result, error) {
	py, err := interpreter()
	if err != nil {
		return Result{}, err
	}
	return launchWith(ctx, py, p)
}

func launchWith(ctx context.Context, py *python, p Program) (Result, error) {
	if err := context.Cause(ctx); err != nil {
		return Result{}, err
	}
	l := &launch{limits: p.Limits, ended: make(chan struct{})}
	defer l.closeAll()
	plan := py.plan(p)
	if py.tier == Confined {
		if err := py.house(plan); err != nil {
			return Result{}, err
		}
		defer os.RemoveAll(plan.Home) // it is gone already, unless its process had to be killed
	}
	if err := l.start(plan, p.Stdin); err != nil {
		return Result{}, err
	}
	why := l.watch(ctx)
	if why == stopCancelled {
		return Result{}, context.Cause(ctx)
	}
	r, err := l.result(why == stopWall)
	r.Isolation = py.tier
	return r, err
}

// launch is one sandbox process with its pipes.
type launch struct {
	limits Limits
	cmd    *exec.Cmd
	began  time.Time
	ended  chan struct{}

	plan                      *os.File // open as long as the program may run
	open                      []*os.File
	stdout, stderr, rep, done *sink
	readers                   sync.WaitGroup
}

// start makes the process. Nothing of this process's environment goes in.
func (l *launch) start(plan *inside.Plan, stdin string) error {
	l.cmd = &exec.Cmd{
		Path:        "/proc/self/exe",
		Args:        []string{inside.Marker},
		Env:         []string{"GOMAXPROCS=2", "GOGC=off", "GODEBUG=containermaxprocs=0,updatemaxprocs=0"},
		SysProcAttr: &syscall.SysProcAttr{Setsid: true},
	}
	var theirs [6]*os.File
	defer func() {
		for _, f := range theirs {
			if f != nil {
				f.Close()
			}
		}
	}()
	input, err := l.pipe(&theirs[0], true)
	if err != nil {
		return err
	}
	if l.plan, err = l.pipe(&theirs[inside.FDPlan], true); err != nil {
		return err
	}
	var outs [4]*os.File
	for i, fd := range []int{1, 2, inside.FDDone, inside.FDReport} {
		if outs[i], err = l.pipe(&theirs[fd], false); err != nil {
			return err
		}
	}
	l.cmd.Stdin, l.cmd.Stdout, l.cmd.Stderr = theirs[0], theirs[1], theirs[2]
	l.cmd.ExtraFiles = theirs[3:]
	l.began = time.Now()
	if err := l.cmd.Start(); err != nil {
		return fmt.Errorf("start the sandbox process: %w", err)
	}
	l.stdout, l.stderr = l.collect(outs[0], l.limits.Output), l.collect(outs[1], l.limits.Output)
	l.done, l.rep = l.collect(outs[2], 1<<12), l.collect(outs[3], l.limits.Output)
	l.readers.Go(func() { l.plan.Write(plan.Pack()) }) // what goes wrong here, the process says
	l.readers.Go(func() {
		io.WriteString(input, stdin) // a program need not read its input
		input.Close()
	})
	go func() {
		l.cmd.Wait()
		close(l.ended)
	}()
	return nil
}

// pipe gives our end of a new pipe and puts the other one into theirs.
func (l *launch) pipe(theirs **os.File, write bool) (*os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	ours := r
	*theirs = w
	if write {
		ours, *theirs = w, r
	}
	l.open = append(l.open, ours)
	return ours, nil
}

func (l *launch) closeAll() {
	for _, f := range l.open {
		f.Close()
	}
	l.readers.Wait()
}

// collect reads all there is and keeps the first limit bytes: a program that
// floods its output runs against its time, not against this process's memory.
func (l *launch) collect(f *os.File, limit int) *sink {
	s := &sink{limit: limit}
	l.readers.Go(func() { io.Copy(s, f) })
	return s
}

type sink struct {
	limit int
	kept  []byte
	more  bool
}

func (s *sink) Write(b []byte) (int, error) {
	room := min(len(b), s.limit-len(s.kept))
	s.kept = append(s.kept, b[:room]...)
	s.more = s.more || room < len(b)
	return len(b), nil
}

// Why a program was stopped.
type stop int

const (
	stopNot stop = iota
	stopWall
	stopCancelled
)

// watch waits for the end, or makes one: closing the plan kills all inside, and
// the process says what they used. Killing the process itself kills them as well.
func (l *launch) watch(ctx context.Context) stop {
	timer := time.NewTimer(l.limits.Wall)
	defer timer.Stop()
	why := stopNot
	select {
	case <-l.ended:
		return stopNot
	case <-timer.C:
		why = stopWall
	case <-ctx.Done():
		why = stopCancelled
	}
	l.plan.Close()
	select {
	case <-l.ended:
	case <-time.After(grace):
		inside.KillBelow(l.cmd.Process.Pid)
		l.cmd.Process.Kill()
		<-l.ended
	}
	return why
}

// result is what the process and the pipes say together.
func (l *launch) result(wall bool) (Result, error) {
	l.plan.Close()
	for _, f := range l.open { // what a process that was killed from outside left holds them open
		f.SetDeadline(time.Now().Add(grace))
	}
	l.readers.Wait()
	out, err := parseOutcome(string(l.done.kept))
	switch {
	case err != nil && wall:
		out = inside.Outcome{Killed: true} // it had to be killed itself
	case err != nil:
		return Result{}, fmt.Errorf("%w%s", err, lastWords(l.stderr.kept))
	}
	r := Result{
		Stdout: string(l.stdout.kept), Stderr: string(l.stderr.kept), Report: string(l.rep.kept),
		Truncated: l.stdout.more || l.stderr.more || l.rep.more,
		Wall:      time.Since(l.began), CPU: time.Duration(out.CPU), Memory: out.Memory,
	}
	status := syscall.WaitStatus(out.Status)
	switch {
	case out.Killed:
		r.ExitCode, r.Signal, r.TimedOut = -1, "SIGKILL", true
		return r, nil
	case status.Signaled():
		r.ExitCode, r.Signal = -1, signalName(status.Signal())
		spent := r.CPU >= l.limits.CPU/10*9 // the limit counts ticks
		r.TimedOut = status.Signal() == syscall.SIGXCPU || status.Signal() == syscall.SIGKILL && spent
		r.MemoryExceeded = !r.TimedOut && r.Memory >= l.limits.Memory/10*9
	default:
		r.ExitCode = status.ExitStatus()
		r.MemoryExceeded = r.ExitCode != 0 && outOfMemory(r.Stderr)
	}
	return r, nil
}

// outOfMemory looks for Python's own word in the last line of a traceback.
func outOfMemory(stderr string) bool {
	stderr = strings.TrimRight(stderr, "\n")
	last := stderr[strings.LastIndexByte(stderr, '\n')+1:]
	return last == "MemoryError" || strings.HasPrefix(last, "MemoryError:")
}

// lastWords is what a sandbox process that broke wrote, for the error.
func lastWords(stderr []byte) string {
	text := strings.TrimSpace(string(stderr))
	if text == "" {
		return ""
	}
	lines := strings.SplitN(text, "\n", 4)
	return ": " + strings.Join(lines[:min(3, len(lines))], "; ")
}

var signalNames = map[syscall.Signal]string{
	syscall.SIGABRT: "SIGABRT", syscall.SIGALRM: "SIGALRM", syscall.SIGBUS: "SIGBUS", syscall.SIGFPE: "SIGFPE", syscall.SIGHUP: "SIGHUP",
	syscall.SIGILL: "SIGILL", syscall.SIGINT: "SIGINT", syscall.SIGKILL: "SIGKILL", syscall.SIGPIPE: "SIGPIPE", syscall.SIGQUIT: "SIGQUIT",
	syscall.SIGSEGV: "SIGSEGV", syscall.SIGSYS: "SIGSYS", syscall.SIGTERM: "SIGTERM", syscall.SIGTRAP: "SIGTRAP", syscall.SIGUSR1: "SIGUSR1",
	syscall.SIGUSR2: "SIGUSR2", syscall.SIGXCPU: "SIGXCPU", syscall.SIGXFSZ: "SIGXFSZ",
}

func signalName(s syscall.Signal) string {
	if n, ok := signalNames[s]; ok {
		return n
	}
	return fmt.Sprintf("signal %d", int(s))
}

// plan is what the sandbox process has to do for a program.
func (py *python) plan(p Program) *inside.Plan {
	files := []inside.Pair{{A: mainFile, B: p.Code}}
	names := make([]string, 0, len(p.Files))
	for name := range p.Files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		files = append(files, inside.Pair{A: name, B: p.Files[name]})
	}
	l := p.Limits
	return &inside.Plan{
		Exe: py.exe, Args: append(slices.Clone(py.args), inside.Folder+"/"+mainFile), Env: py.env,
		Dirs: py.dirs, Files: py.files, Links: py.links, Put: files, Root: py.root,
		CPU: uint64((l.CPU + time.Second - 1) / time.Second), Memory: uint64(l.Memory), Disk: uint64(l.Disk),
		OpenFiles: uint64(l.OpenFiles), Tasks: uint64(l.Tasks), Processes: p.Limits.Processes,
	}
}
