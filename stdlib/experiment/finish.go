package experiment

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"cogumi/reports/run"
	"cogumi/reports/run/durable"
	"cogumi/stdlib/experiment/machine"
	"cogumi/stdlib/experiment/source"
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
	f := run.Failure{Message: err.Error(), Hint: HintOf(err)}
	r.locate(&f)
	r.setFailure(f, err, false)
	r.flush()
	panic(&Stopped{err})
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

// Finish ends the run: defer it right after Start. Hosted, the host closes the
// run (see Close). Alone it records a panic with the script's line, shows it,
// closes the run and ends the process with exit code 1 (130 after Ctrl-C).
func (r *Run) Finish() {
	if r.hosted {
		r.flush()
		return
	}
	v := recover() // works because Finish itself is the deferred function
	if v == nil {
		r.close(nil)
		return
	}
	err := panicError(v)
	if !isStopped(v) {
		f := run.Failure{Message: err.Error(), Hint: HintOf(err)}
		r.locate(&f)
		if path := r.keepStack(); path != "" && f.Hint == "" {
			f.Hint = "the whole stack is in " + path
		}
		r.setFailure(f, err, false)
	}
	code := r.close(err)
	current.Store(nil)
	exit(code)
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

func (r *Run) keepStack() string {
	path := filepath.Join(r.Dir(), "panic.txt")
	if durable.WriteBytes(path, debug.Stack()) != nil {
		return ""
	}
	return displayPath(path)
}

// Close ends a hosted run after its script returned: err is nil, what the script
// failed with, or ErrInterrupted. It gives the exit code of the process. What
// Fail or Stop recorded is kept. Showing the failure is the host's part:
// ShowFailure.
func Close(err error) (code int) {
	r := current.Load()
	if r == nil {
		if os.Getenv(envRunDir) == "" {
			return exitCode(err)
		}
		var startErr error
		if r, startErr = start(""); startErr != nil { // a script without Start
			return exitCode(errors.Join(err, startErr))
		}
	}
	defer current.Store(nil)
	return r.close(err)
}

func (r *Run) close(err error) (code int) {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return exitCode(err)
	}
	r.closed = true
	if err == nil && r.failed != nil {
		err = r.failed
	}
	r.mu.Unlock()
	if r.stopSignals != nil {
		r.stopSignals()
	}
	state, code := run.Done, exitCode(err)
	switch {
	case err != nil && r.isInterruption(err):
		state, code, err = run.Interrupted, 130, ErrInterrupted
	case err != nil:
		state = run.Failed
		r.setFailure(run.Failure{Message: err.Error(), Hint: HintOf(err)}, err, false)
	default:
		r.leftovers()
	}
	r.con.stop()
	failure := r.Failure()
	if state != run.Failed {
		failure = nil
	}
	if r.w != nil {
		r.report(r.end(state, failure))
	}
	if !r.hosted {
		r.farewell(state, failure)
	}
	r.cancel(ErrInterrupted)
	return code
}

func (r *Run) end(state run.State, failure *run.Failure) error {
	r.mu.Lock()
	c := r.info
	r.mu.Unlock()
	ended := time.Now().UTC()
	err := r.w.Update(func(i *run.Info) {
		c.apply(i)
		i.State, i.Error, i.Ended = state, failure, ended
		i.Cost = costOf(ended.Sub(i.Started))
	})
	return errors.Join(err, r.w.Close())
}

// leftovers warns of what a person asked for and did not get.
func (r *Run) leftovers() {
	for _, name := range r.flags.unread() {
		r.Note(run.Note{Level: "warn", Topic: "flags", Text: fmt.Sprintf("Flag --%s was given, but the script never asked for it.", name)})
	}
	from := os.Getenv(envFrom)
	r.mu.Lock()
	missed := from != "" && !r.forceAll
	r.mu.Unlock()
	if missed {
		r.Note(run.Note{Level: "warn", Topic: "steps", Text: fmt.Sprintf("No step of this run is named %s: nothing was done again.", from)})
	}
}

func (r *Run) farewell(state run.State, failure *run.Failure) {
	took := duration(time.Since(r.begun))
	switch state {
	case run.Done:
		r.con.farewell("done in " + took + "  " + displayPath(r.Dir()))
	case run.Interrupted:
		r.con.farewell("interrupted after " + took + "; run it again to go on  " + displayPath(r.Dir()))
	default:
		if failure != nil {
			r.con.failure(failure)
		}
		r.con.farewell("failed after " + took + "  " + displayPath(r.Dir()))
	}
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
		if fr.File == r.script.Path {
			f.File, f.Line = displayPath(fr.File), fr.Line
			f.Source = strings.TrimSpace(r.script.Line(fr.Line))
			return
		}
		if !more {
			return
		}
	}
}

// usage answers --help and refuses flags that the script does not have.
func (r *Run) usage() error {
	for _, a := range r.flags.args {
		if a == "--" {
			break
		}
		if (a == "-h" || a == "--help") && r.script != nil {
			return errHelp
		}
	}
	return r.flags.unknown()
}

// Usage is the help text of a script: its header and its flags.
func Usage(s *source.Script) string {
	var b strings.Builder
	if h := s.Header(); h != "" {
		b.WriteString(h + "\n\n")
	}
	flags, _ := s.Flags()
	if len(flags) == 0 {
		b.WriteString("This script has no flags.\n")
		return b.String()
	}
	b.WriteString("Flags:\n")
	wide := 0
	left := make([]string, len(flags))
	for i, f := range flags {
		left[i] = "  --" + f.Name
		if f.Kind != "bool" {
			left[i] += " " + f.Kind
		}
		wide = max(wide, len(left[i]))
	}
	for i, f := range flags {
		fmt.Fprintf(&b, "%-*s  %s", wide, left[i], f.Usage)
		if f.Default != "" && f.Default != "false" && !machine.Secret(f.Name) {
			fmt.Fprintf(&b, " (default %s)", f.Default)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
