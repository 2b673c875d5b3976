package experiment

import (
	"os"
	"os/signal"
	"syscall"

	"cogumi/reports/run"
)

// watchSignals ends the run's context at the first Ctrl-C or SIGTERM and the
// process at the second.
func (r *Run) watchSignals() {
	c := make(chan os.Signal, 2)
	done := make(chan struct{})
	signal.Notify(c, os.Interrupt, syscall.SIGTERM)
	r.stopSignals = func() { signal.Stop(c); close(done) }
	go func() {
		select {
		case <-c:
		case <-done:
			return
		}
		r.life.Load().cancel(ErrInterrupted)
		r.con.urgent("stopping after the current step's checkpoint; press Ctrl-C again to force")
		select {
		case <-c:
			r.force()
		case <-done:
		}
	}()
}

// force closes the run as far as that is possible from outside and exits.
func (r *Run) force() {
	r.con.stop()
	r.mu.Lock()
	first := !r.closed
	r.closed = true
	r.mu.Unlock()
	if first && r.w != nil {
		r.report(r.end(run.Interrupted, nil))
	}
	r.con.urgent("forced; finished steps are kept")
	exit(130)
}
