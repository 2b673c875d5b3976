package cells

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"cogumi/reports/run"
	"cogumi/runtime/launch"
)

// Host keeps a session's process alive for a front end: one run, and a process
// that is started again when it died.
type Host struct {
	session *launch.Session
	late    func(Event)

	mu    sync.Mutex
	child *launch.Child
	proc  *Process
	kill  bool // a person ended the process
}

// Begin makes a run and starts its process. late gets what comes outside of any
// piece, in a goroutine of its own.
func Begin(cfg launch.Config, late func(Event)) (*Host, error) {
	session, err := launch.OpenSession(cfg)
	if err != nil {
		return nil, err
	}
	h := &Host{session: session, late: late}
	if err := h.start(); err != nil {
		_, closeErr := session.Close()
		return nil, errors.Join(err, closeErr)
	}
	return h, nil
}

func (h *Host) start() error {
	child, err := h.session.Start()
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.child, h.proc = child, Connect(child.In, child.Out, h.late)
	return nil
}

// Dir is the run folder.
func (h *Host) Dir() string { return h.session.Dir() }

// Run is the run that the pieces belong to.
func (h *Host) Run() *launch.Session { return h.session }

// Process is the session's process as it is now.
func (h *Host) Process() *Process {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.proc
}

// Kill ends the process at once: for a piece that cannot be interrupted. The Eval
// that waits for it returns ErrDied.
func (h *Host) Kill() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.kill = true
	h.child.Kill()
}

// ErrDied: the process ended while a piece ran. Another one has taken its place,
// in which nothing is declared.
type ErrDied struct{ Failure *run.Failure }

func (e *ErrDied) Error() string { return e.Failure.Message }

// Eval runs a piece as Process.Eval does. When the process dies of it the error
// is an *ErrDied, and the next piece runs in a new process.
func (h *Host) Eval(ctx context.Context, name, src string, on func(Event)) (Outcome, error) {
	out, err := h.Process().Eval(ctx, name, src, on)
	if !errors.Is(err, ErrGone) {
		return out, err
	}
	return out, h.revive()
}

// revive starts a process in the place of the one that died.
func (h *Host) revive() error {
	h.child.Kill() // its pipe is closed: it can serve no more
	why := h.child.Wait()
	h.mu.Lock()
	asked := h.kill
	h.kill = false
	h.mu.Unlock()
	switch {
	case asked:
		why = &run.Failure{Message: "ended at once, with all values"}
	case why == nil:
		why = &run.Failure{Message: "the session's process ended"}
	}
	if err := h.start(); err != nil {
		return fmt.Errorf("%s, and a new one did not start: %w", why.Message, err)
	}
	return &ErrDied{why}
}

// Close lets the process go and closes the run.
func (h *Host) Close() (*launch.Outcome, error) { return h.session.Close() }
