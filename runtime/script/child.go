package script

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
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
	var left ExitError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &left):
		if left.Code != 0 {
			record(run.Failure{Message: left.Error()}, false)
		}
		return left.Code
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

// grace is how long an interrupted script may take: as long as a primitive is at
// work (it saves what it has), else a moment.
func grace(waited time.Duration) bool {
	if atWork() {
		return waited < maxGrace
	}
	return waited < 2*time.Second
}

// maxGrace bounds the wait for a primitive; a second Ctrl-C ends it earlier.
const maxGrace = 10 * time.Minute

// atWork says whether the script is inside one of the stdlib's functions: one of
// the goroutines that interpret it has a frame of the stdlib.
func atWork() bool {
	buf := make([]byte, 1<<20)
	for g := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(g, "\ncogumi/stdlib/") && strings.Contains(g, "traefik/yaegi/interp.runCfg") {
			return true
		}
	}
	return false
}
