package peft

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
)

// Pattern gives projections values of their own: rank_pattern, alpha_pattern. A
// key is a regular expression for the end of a projection's name, from a dot on
// or all of it; the first key that fits counts (get_pattern_key of
// src/peft/utils/other.py).
type Pattern []Entry

// Entry is one key with its value.
type Entry struct {
	Key   string
	Value float64
}

// Of is the value for a projection.
func (p Pattern) Of(name string) (float64, bool) {
	for _, e := range p {
		if r, err := e.compile(); err == nil && r.MatchString(name) {
			return e.Value, true
		}
	}
	return 0, false
}

// compile reads the key as Python would: what Go's regular expressions lack is
// refused.
func (e Entry) compile() (*regexp.Regexp, error) {
	return regexp.Compile(`^(.*\.)?(` + e.Key + `)$`)
}

// UnmarshalJSON keeps the order of the keys.
func (p *Pattern) UnmarshalJSON(b []byte) error {
	*p = nil
	if string(b) == "null" {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(b))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return errors.New("want an object of numbers by pattern")
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		e := Entry{Key: key.(string)}
		value, err := d.Token()
		if err != nil {
			return err
		}
		var ok bool
		if e.Value, ok = value.(float64); !ok {
			return fmt.Errorf("%q is no number", e.Key)
		}
		if _, err := e.compile(); err != nil {
			return fmt.Errorf("the pattern %q is not supported: %w", e.Key, err)
		}
		*p = append(*p, e)
	}
	return nil
}

// MarshalJSON keeps the order of the keys.
func (p Pattern) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, e := range p {
		key, err := json.Marshal(e.Key)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(e.Value)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(append(append(key, ':'), value...))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
