package experiment

import (
	"errors"
	"fmt"
	"os"
	"time"

	"cogumi/reports/run"
)

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
		code := r.close(nil)
		current.Store(nil)
		if code != 0 { // stopped, and the script went on
			exit(code)
		}
		return
	}
	err := panicError(v)
	if !isStopped(v) {
		f := failureOf(err)
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
		if r, startErr = StartScript(""); startErr != nil { // a script without Start
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
	state := run.Done
	code = exitCode(err)
	switch {
	case err != nil && r.isInterruption(err):
		state, code = run.Interrupted, 130
	case err != nil:
		state = run.Failed
		r.setFailure(failureOf(err), err, false)
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
	r.life.Load().cancel(ErrInterrupted)
	return code
}

func (r *Run) end(state run.State, failure *run.Failure) error {
	r.background.Wait()
	err := r.last(state, failure)
	// Not under flushing: Close waits for a heartbeat, which may be about to flush.
	return errors.Join(err, r.w.Close())
}

// last is the last change of run.json.
func (r *Run) last(state run.State, failure *run.Failure) error {
	r.flushing.Lock()
	defer r.flushing.Unlock()
	r.mu.Lock()
	c := r.info
	r.info.dirty = false
	r.mu.Unlock()
	ended := time.Now().UTC()
	return r.w.Update(func(i *run.Info) {
		c.apply(i)
		i.State, i.Error, i.Ended = state, failure, ended
		i.Cost = costOf(ended.Sub(i.Started))
	})
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
	if r.prepared { // the parent says the rest
		if failure != nil {
			r.con.failure(failure)
		}
		return
	}
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
