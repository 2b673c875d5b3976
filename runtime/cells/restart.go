package cells

import "errors"

// Restart does what pieces deferred, ends the process and starts another one, in
// which nothing is declared. No piece may run: interrupt it first, or Kill.
func (h *Host) Restart() error {
	h.Process().Reset() // a process that does not answer is ended all the same
	h.Kill()
	var died *ErrDied
	if err := h.revive(); !errors.As(err, &died) {
		return err
	}
	return nil
}
