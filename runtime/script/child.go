package script

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"time"

	"cogumi/reports/run"
)

// Exit codes of the child.
const (
	exitOK          = 0
	exitFailed      = 1
	exitRejected    = 2
	exitInterrupted = 130
)

// OnFailure records the failure in the run and closes it; the command line sets
// it. interrupted: the failure is a Ctrl-C.
var OnFailure func(f run.Failure, interrupted bool)

// ChildMain is the hidden command `__child SCRIPT args…`. It returns the exit code.
func ChildMain(args []string) int {
	if len(args) == 0 {
		fmt.Fprintln(os.Stderr, "__child: no script")
		return exitRejected
	}
	path := args[0]
	source := path
	if copied := os.Getenv("COGUMI_SCRIPT"); copied != "" {
		source = copied
	}
	src, err := os.ReadFile(source)
	if err != nil {
		fmt.Fprintf(os.Stderr, "read script: %v\n", err)
		return exitRejected
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	return exitCode(Run(ctx, path, src, args[1:]))
}

func exitCode(err error) int {
	var failed *Error
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &failed):
		fmt.Fprint(os.Stderr, failed.Error()+"\n")
		record(failed.Diagnostics[0].Failure(), false)
		if !failed.Started() {
			return exitRejected
		}
		return exitFailed
	case errors.Is(err, context.Canceled):
		record(run.Failure{Message: "interrupted"}, true)
		return exitInterrupted
	}
	fmt.Fprintln(os.Stderr, err)
	record(run.Failure{Message: err.Error()}, false)
	return exitFailed
}

func record(f run.Failure, interrupted bool) {
	if OnFailure != nil {
		OnFailure(f, interrupted)
	}
}

// exit is the script's os.Exit: the run is closed before the process ends.
func exit(code int) {
	if code != 0 {
		record(run.Failure{Message: fmt.Sprintf("the script called os.Exit(%d)", code)}, false)
	} else if OnExit != nil {
		OnExit()
	}
	os.Exit(code)
}

// OnExit closes the run after os.Exit(0), which runs no deferred Finish.
var OnExit func()

// Busy says whether a primitive is at work that may need its time to save what
// it has when it is interrupted.
var Busy = func() bool { return false }

func grace(waited time.Duration) bool {
	if Busy() {
		return waited < 10*time.Minute
	}
	return waited < 2*time.Second
}
