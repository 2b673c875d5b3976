package experiment

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"cogumi/reports/run"
	"cogumi/reports/run/durable"
	"cogumi/stdlib/experiment/machine"
)

// Stop ends the run with err: the failure is recorded with the script's line,
// then Stop panics with *Stopped.
func Stop(err error) {
	Current().stop(err)
}

func (r *Run) stop(err error) {
	if err == nil {
		err = errors.New("stopped without a reason")
	}
	f := failureOf(err)
	r.locate(&f)
	r.setFailure(f, err, false)
	r.flush()
	panic(&Stopped{err})
}

// failureOf is err as it may be written down.
func failureOf(err error) run.Failure {
	return run.Failure{Message: machine.RedactText(err.Error()), Hint: machine.RedactText(HintOf(err))}
}

// Fail records why the run ends early. The first failure with a position counts:
// what comes after it is mostly its consequence.
func (r *Run) Fail(f run.Failure) { r.setFailure(f, errors.New(f.Message), true) }

func (r *Run) setFailure(f run.Failure, err error, explicit bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failure != nil && r.failure.Line > 0 && !(explicit && f.Line > 0 && f.Message == r.failure.Message) {
		return
	}
	if r.failure != nil && f.Hint == "" && f.Message == r.failure.Message {
		f.Hint = r.failure.Hint
	}
	r.failure = &f
	if r.failed == nil || r.failed.Error() != f.Message {
		r.failed = err
	}
}

// Failure is why the run ends early, or nil.
func (r *Run) Failure() *run.Failure {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failure
}

func isStopped(v any) bool {
	err, ok := v.(error)
	var s *Stopped
	return ok && errors.As(err, &s)
}

func panicError(v any) error {
	switch v := v.(type) {
	case *Stopped:
		return v.Err
	case error:
		return fmt.Errorf("panic: %w", v)
	}
	return fmt.Errorf("panic: %v", v)
}

// recordCrashes lets the Go runtime write what it says about a crash, all the
// goroutines of it, to the run folder as well: the parent reads it there.
func recordCrashes(dir string) error {
	f, err := os.Create(filepath.Join(dir, "crash.log"))
	if err != nil {
		return fmt.Errorf("record crashes: %w", err)
	}
	defer f.Close() // SetCrashOutput keeps a descriptor of its own
	if err := debug.SetCrashOutput(f, debug.CrashOptions{}); err != nil {
		return fmt.Errorf("record crashes: %w", err)
	}
	return nil
}

func (r *Run) keepStack() string {
	path := filepath.Join(r.Dir(), "panic.txt")
	if durable.WriteBytes(path, debug.Stack()) != nil {
		return ""
	}
	return displayPath(path)
}

// locate finds the script's line on the stack. Interpreted scripts have no
// frames of their own there: their host knows the line.
func (r *Run) locate(f *run.Failure) {
	if r.script == nil || r.hosted {
		return
	}
	pcs := make([]uintptr, 256)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for {
		fr, more := frames.Next()
		if fr.File == r.file {
			f.File, f.Line = displayPath(fr.File), fr.Line
			f.Source = strings.TrimSpace(r.script.Line(fr.Line))
			return
		}
		if !more {
			return
		}
	}
}
