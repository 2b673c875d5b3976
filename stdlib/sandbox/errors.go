package sandbox

import "errors"

// ErrUnsupported is what errors.Is finds when this machine cannot run programs
// safely. The error itself is an *UnsupportedError.
var ErrUnsupported = errors.New("sandbox not supported")

// UnsupportedError says why there is no sandbox here.
type UnsupportedError struct {
	Reason string // "no python3 found"
	Hint   string // what to do; may be empty
}

func (e *UnsupportedError) Error() string {
	if e.Hint == "" {
		return "sandbox not supported: " + e.Reason
	}
	return "sandbox not supported: " + e.Reason + " (" + e.Hint + ")"
}

// Is makes errors.Is(err, ErrUnsupported) true.
func (e *UnsupportedError) Is(target error) bool { return target == ErrUnsupported }
