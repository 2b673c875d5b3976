// Package errors is what of package errors is generic, for scripts.
package errors

import "errors"

// AsType finds the first error of type E in err's tree.
func AsType[E error](err error) (E, bool) {
	var found E
	ok := errors.As(err, &found)
	return found, ok
}
