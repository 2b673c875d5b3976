package cli

import (
	"fmt"
	"os"
	"time"

	"cogumi/reports/run"
	"cogumi/runtime/launch"
	"cogumi/runtime/script"
	"cogumi/runtime/stage"
	"cogumi/stdlib/experiment"
)

// runChild is the hidden command "__child SCRIPT arguments…": the process that
// interprets a script and closes its run.
func runChild(args []string) int {
	if err := launch.RecordCrashes(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return launch.Failed
	}
	if len(args) > 0 {
		experiment.SetArgs(args[1:])
	}
	var end childEnd
	script.OnFailure = func(f run.Failure, interrupted bool) {
		end.failure, end.interrupted = &f, interrupted
	}
	return end.close(script.ChildMain(args))
}

// childEnd is how a script ended, as the interpreter saw it.
type childEnd struct {
	failure     *run.Failure
	interrupted bool
}

// close closes the run and returns the exit code. A primitive that stopped the
// run may have asked for another code than the interpreter's.
func (e childEnd) close(code int) int {
	if experiment.Current().Dir() == "" {
		e.closePlain()
		return code
	}
	var err error
	switch {
	case e.interrupted, e.failure == nil && experiment.Current().Context().Err() != nil:
		// Also a script that saw the end of its context and returned: what it
		// has done is not the whole.
		err = experiment.ErrInterrupted
	case e.failure != nil:
		experiment.Current().Fail(*e.failure)
	}
	asked := experiment.Close(err)
	if asked == launch.OK || asked == launch.Failed && code != launch.OK {
		return code
	}
	return asked
}

// closePlain records why a program ended that never called experiment.Start.
// One that ended well is closed by the parent.
func (e childEnd) closePlain() {
	dir := os.Getenv(launch.EnvRunDir)
	if e.failure == nil || dir == "" {
		return
	}
	w, err := run.OpenWriter(dir)
	if err == nil {
		err = w.Update(func(info *run.Info) {
			info.State, info.Error, info.Ended = run.Failed, e.failure, time.Now().UTC()
			if e.interrupted {
				info.State = run.Interrupted
			}
		})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "close the run:", err)
	}
}

// typeCheck asks the interpreter whether it would start the script.
func typeCheck(f found) []stage.Problem {
	var problems []stage.Problem
	for _, d := range script.Check(f.Path, f.Source) {
		problems = append(problems, stage.Problem{File: d.File, Line: d.Line, Column: d.Column, Source: d.Source, Message: d.Message, Hint: d.Hint})
	}
	stage.SortProblems(problems)
	return problems
}
