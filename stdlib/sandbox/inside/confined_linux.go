//go:build linux && (amd64 || arm64)

package inside

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Without namespaces a sandbox is two processes: this one, which stays outside to
// look after the other, and the program. What the program starts and leaves behind
// becomes this process's child, so that nothing of it can get lost.

// confined runs a program without namespaces.
func confined(p *Plan) (Outcome, error) {
	defer os.RemoveAll(p.Home)
	if err := putFiles(p); err != nil {
		return Outcome{}, err
	}
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, prSetSubreaper, 1, 0); errno != 0 {
		return Outcome{}, errors.New("look after what programs leave: " + errno.Error())
	}
	var status [2]int
	if err := syscall.Pipe2(status[:], syscall.O_CLOEXEC); err != nil {
		return Outcome{}, errors.New("make a pipe: " + err.Error())
	}
	s := &scripts[1]
	s.defaultSignals()
	s.call("enter the program's folder", syscall.SYS_CHDIR, s.text(p.Home))
	s.landlock(p)
	asks := [2]int{-1, -1}
	if p.User == 0 {
		var err error
		if asks, err = questions(); err != nil {
			return Outcome{}, err
		}
	}
	programScript(s, p, asks[1])
	pid, err := clone(0, status[1])
	if err != nil {
		return Outcome{}, errors.New("start a process: " + err.Error())
	}
	syscall.Close(status[1])
	// When memory runs out the program ends, not what looks after it.
	writeFile("/proc/"+decimal(int64(pid))+"/oom_score_adj", "1000")
	if p.User == 0 {
		syscall.Close(asks[1])
		go answerForks(asks[0], p.Tasks)
	}
	var killed, ended, over atomic.Bool
	var said sync.Once
	var refused atomic.Bool // a limit is broken: the program does not end well
	refuse := func(what string) {
		refused.Store(true)
		said.Do(func() { syscall.Write(2, []byte("sandbox: "+what+"\n")) })
	}
	go func() {
		awaitEnd()
		killed.Store(true)
		KillBelow(os.Getpid())
	}()
	go func() {
		for !over.Load() {
			time.Sleep(lookEvery)
			if ended.Load() { // one that was woken while others were stopped
				KillBelow(os.Getpid())
			} else if what := p.exceeded(); what != "" && !ended.Load() {
				refuse(what)
				KillBelow(os.Getpid())
			}
		}
	}()
	out, err := reap(pid, status[0], &ended)
	over.Store(true)
	if what := p.exceeded(); what != "" { // it may have ended before anybody looked
		refuse(what)
	}
	if refused.Load() && out.Status == 0 {
		out.Status = int(syscall.SIGKILL)
	}
	out.Killed = killed.Load() && syscall.WaitStatus(out.Status).Signaled()
	return out, err
}

// putFiles places the program's files.
func putFiles(p *Plan) error {
	made := []string{p.Home}
	for _, f := range p.Put {
		path := p.Home + "/" + f.A
		for dir := parent(path); len(dir) > len(p.Home); dir = parent(dir) {
			made = append(made, dir)
		}
		if err := os.MkdirAll(parent(path), 0o700); err != nil {
			return errors.New("make the program's folder: " + err.Error())
		}
		if err := os.WriteFile(path, []byte(f.B), 0o600); err != nil {
			return errors.New("write the program: " + err.Error())
		}
		made = append(made, path)
	}
	if p.User == 0 {
		return nil
	}
	for _, path := range made {
		if err := os.Lchown(path, int(p.User), int(p.User)); err != nil {
			return errors.New("hand over the program's folder: " + err.Error())
		}
	}
	return nil
}

// reap waits for the program, then for all that it left, which it kills.
func reap(pid, status int, ended *atomic.Bool) (Outcome, error) {
	var out Outcome
	for {
		var ws syscall.WaitStatus
		var ru syscall.Rusage
		got, err := syscall.Wait4(-1, &ws, 0, &ru)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.ECHILD:
			return out, failed(status)
		case err != nil:
			return out, errors.New("wait for the program: " + err.Error())
		}
		out.CPU += ru.Utime.Nano() + ru.Stime.Nano()
		out.Memory = max(out.Memory, ru.Maxrss<<10)
		if got == pid {
			out.Status = int(ws)
			ended.Store(true)
			if !childless() {
				KillBelow(os.Getpid())
			}
		}
	}
}

// failed is what the process said before it was a program.
func failed(status int) error {
	var b [12]byte
	if n, _ := syscall.Read(status, b[:]); n != len(b) {
		return nil
	}
	m := [3]uint32{uint32(FromLE64(append(b[0:4:4], 0, 0, 0, 0))), uint32(FromLE64(append(b[4:8:8], 0, 0, 0, 0))), uint32(FromLE64(append(b[8:12:12], 0, 0, 0, 0)))}
	return errors.New(stepName(m[0], m[1]) + ": " + syscall.Errno(m[2]).Error())
}
