package cells

import "errors"

// Script is the session so far as a script.
func (s *Session) Script(name string) (string, error) { return "", errors.New("not yet") }
