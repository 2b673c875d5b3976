package experiment

import (
	"context"
	"errors"
)

// ErrInterrupted is why a run's context ends after Ctrl-C or SIGTERM.
var ErrInterrupted = errors.New("interrupted")

// Stopped is what Stop panics with.
type Stopped struct{ Err error }

func (s *Stopped) Error() string { return s.Err.Error() }
func (s *Stopped) Unwrap() error { return s.Err }

type hinted struct {
	error
	hint string
}

func (h *hinted) Unwrap() error { return h.error }

// Hint gives err a line that says what to do about it. The message stays.
func Hint(err error, hint string) error {
	if err == nil || hint == "" {
		return err
	}
	return &hinted{err, hint}
}

// HintOf is the outermost hint in err, or "".
func HintOf(err error) string {
	var h *hinted
	if errors.As(err, &h) {
		return h.hint
	}
	return ""
}

type coded struct {
	error
	code int
}

func (c *coded) Unwrap() error { return c.error }

// WithCode gives err the exit code of the process that ends with it: 1 script
// failed, 2 usage, 3 a needed input is missing, 4 a gate failed.
func WithCode(err error, code int) error {
	if err == nil {
		return nil
	}
	return &coded{err, code}
}

// ExitCode is the exit code for err: 0 for nil, 130 for an interruption, what
// WithCode said, else 1.
func ExitCode(err error) int { return exitCode(err) }

func exitCode(err error) int {
	var c *coded
	switch {
	case err == nil, errors.Is(err, errHelp):
		return 0
	case interrupted(err):
		return 130
	case errors.As(err, &c):
		return c.code
	}
	return 1
}

func interrupted(err error) bool { return errors.Is(err, ErrInterrupted) }

// stopErr says why ctx ended: ErrInterrupted after Ctrl-C.
func stopErr(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return context.Cause(ctx)
}
