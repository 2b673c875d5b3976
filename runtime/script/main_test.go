package script

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"

	"cogumi/reports/run"
	"cogumi/stdlib/experiment"
)

// TestMain lets the tests run scripts as the runner does: in a child process,
// which is this test binary under another role.
func TestMain(m *testing.M) {
	if os.Getenv("SCRIPT_TEST_CHILD") == "1" {
		os.Exit(childRole())
	}
	os.Exit(m.Run())
}

// childRole is what the command line does around ChildMain.
func childRole() int {
	experiment.SetArgs(os.Args[2:])
	var failure error
	OnFailure = func(f run.Failure, interrupted bool) {
		experiment.Current().Fail(f)
		if failure = errors.New(f.Message); interrupted {
			failure = experiment.ErrInterrupted
		}
	}
	code := ChildMain(os.Args[1:])
	if os.Getenv("COGUMI_RUN_DIR") != "" {
		experiment.Close(failure)
	}
	return code
}

// outcome is what a script did.
type outcome struct {
	stdout, stderr string
	code           int
	timeout        bool
}

// child runs a script interpreted, in a process of its own.
func child(t testing.TB, dir, file string, limit time.Duration, args ...string) outcome {
	t.Helper()
	return childIn(t, nil, dir, file, limit, args...)
}

// childIn adds to the child's environment.
func childIn(t testing.TB, env []string, dir, file string, limit time.Duration, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], append([]string{file}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "SCRIPT_TEST_CHILD=1"), env...)
	return finish(ctx, cmd)
}

func finish(ctx context.Context, cmd *exec.Cmd) outcome {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	o := outcome{stdout: stdout.String(), stderr: stderr.String(), timeout: ctx.Err() != nil}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		o.code = exit.ExitCode()
	} else if err != nil {
		o.code = -1
		o.stderr += err.Error()
	}
	return o
}
