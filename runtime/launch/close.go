package launch

import (
	"fmt"
	"strings"
	"time"

	"cogumi/reports/run"
)

// code is the command line's exit code for the ending. Go itself exits with 2
// on a crash and a script may exit with anything; only the codes of the table
// pass through.
func (e ending) code() int {
	if e.startErr != nil || e.state == nil {
		return Failed
	}
	status := e.state.ExitCode()
	switch {
	case status == OK:
		return OK
	case e.interrupted:
		return Interrupted
	case e.crash != "", e.compiled && status == Usage: // Go's own status after a crash
		return Failed
	case status >= Failed && status <= GateFailed, status == Interrupted:
		return status
	}
	return Failed
}

// closeRun gives a run that the child left open its state and reason, and
// reports whether it was open.
func (e ending) closeRun(w *run.Writer) (open bool, err error) {
	err = w.Update(func(info *run.Info) {
		if info.Ended.IsZero() {
			info.Ended = time.Now().UTC()
		}
		if info.State != run.Running {
			return
		}
		open = true
		info.State = e.runState()
		if info.State != run.Done && info.Error == nil {
			info.Error = e.failure()
		}
		for i := range info.Steps {
			if info.Steps[i].State == run.Running {
				info.Steps[i].State = info.State
			}
		}
	})
	return open, err
}

func (e ending) runState() run.State {
	switch e.code() {
	case OK:
		return run.Done
	case Interrupted:
		return run.Interrupted
	}
	return run.Failed
}

const goesOn = "run it again: finished steps are used as they are"

func (e ending) failure() *run.Failure {
	f := e.reason()
	if !e.interrupted && e.startErr == nil && e.last.Line > 0 {
		f.File, f.Line, f.Column, f.Source = e.last.File, e.last.Line, e.last.Column, e.last.Source
		f.Hint = strings.TrimPrefix(f.Hint+"; the line is where the script was shortly before", "; ")
	}
	return f
}

func (e ending) reason() *run.Failure {
	switch {
	case e.startErr != nil:
		return &run.Failure{Message: "the script's process did not start: " + e.startErr.Error()}
	case e.forced:
		return &run.Failure{Message: "ended at once by a second Ctrl-C", Hint: goesOn}
	case e.interrupted:
		return &run.Failure{Message: "interrupted by Ctrl-C", Hint: goesOn}
	case e.crash != "":
		return &run.Failure{Message: crashMessage(e.crash), Hint: "the whole trace is in " + crashFile + " of the run folder"}
	}
	if name, killed := signalName(e.state); killed {
		f := &run.Failure{Message: "the script's process was ended by the signal " + name, Hint: goesOn}
		if name == "SIGKILL" {
			f.Hint = "the system does that when memory runs out" + peakMemory(e.state) + "; " + goesOn
		}
		return f
	}
	return &run.Failure{Message: fmt.Sprintf("the script ended with exit status %d", e.state.ExitCode())}
}

// crashMessage is the line that names the crash: "panic: boom", "fatal error: …".
func crashMessage(crash string) string {
	for _, line := range strings.Split(crash, "\n") {
		if strings.HasPrefix(line, "panic:") || strings.HasPrefix(line, "fatal error:") {
			line, _, _ = strings.Cut(line, " [recovered")
			return line
		}
	}
	line, _, _ := strings.Cut(crash, "\n")
	return line
}
