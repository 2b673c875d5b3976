package cli

import (
	"fmt"
	"log"
	"os"
	"time"

	"cogumi/reports/run"
	"cogumi/runtime/guard"
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
	if err := enter(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return launch.Failed
	}
	log.SetOutput(os.Stderr) // it took its copy before
	if len(args) > 0 {
		experiment.SetArgs(args[1:])
	}
	asked := launch.OK
	script.OnFailure = func(f run.Failure, interrupted bool) { asked = closeRun(&f, interrupted) }
	script.OnPosition = launch.RecordPosition()
	code := script.ChildMain(args)
	if code == launch.OK {
		return closeRun(nil, false)
	}
	// A primitive that stopped the run may have asked for another code than the
	// interpreter's.
	if asked != launch.OK && asked != launch.Failed {
		return asked
	}
	return code
}

// enter takes over what a restricted child gets from its parent.
func enter() error {
	setup, err := launch.Enter()
	if setup == nil || err != nil {
		return err
	}
	return guard.Files(setup.Writable, setup.Caches, setup.Steps)
}

// closeRun closes the run and returns the exit code that goes with it; failure
// is nil for a script that came to its end.
func closeRun(failure *run.Failure, interrupted bool) int {
	x := experiment.Current()
	if x.Dir() == "" {
		return closePlain(failure, interrupted)
	}
	var err error
	switch {
	case interrupted, failure == nil && x.Context().Err() != nil:
		// Also a script that saw the end of its context and returned: what it
		// has done is not the whole.
		err = experiment.ErrInterrupted
	case failure != nil:
		x.Fail(*failure)
	}
	return experiment.Close(err)
}

// closePlain records why a program ended that never called experiment.Start.
// The parent closes one that ended well.
func closePlain(failure *run.Failure, interrupted bool) int {
	dir := os.Getenv(launch.EnvRunDir)
	if failure == nil || dir == "" {
		return launch.OK
	}
	state, code := run.Failed, launch.Failed
	if interrupted {
		state, code = run.Interrupted, launch.Interrupted
	}
	w, err := run.OpenWriter(dir)
	if err == nil {
		err = w.Update(func(info *run.Info) { info.State, info.Error, info.Ended = state, failure, time.Now().UTC() })
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "close the run:", err)
	}
	return code
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
