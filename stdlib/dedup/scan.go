package dedup

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// scanField finds a field of a JSON object without decoding the others. It gives
// the value as it stands in the line; nil where there is no such field. Of a
// repeated name the last one counts, as encoding/json has it. What it passes over
// is checked for its brackets and quotes only.
func scanField(line []byte, name string) (value []byte, err error) {
	s := scanner{b: line}
	if s.space(); !s.eat('{') {
		return nil, errors.New("the row is no JSON object")
	}
	if s.space(); s.eat('}') {
		return nil, s.end()
	}
	for {
		s.space()
		key, err := s.value()
		if err != nil || key[0] != '"' {
			return nil, fmt.Errorf("byte %d: a name in quotes is needed", s.at)
		}
		if s.space(); !s.eat(':') {
			return nil, fmt.Errorf("byte %d: a colon is needed", s.at)
		}
		s.space()
		v, err := s.value()
		if err != nil {
			return nil, err
		}
		if sameName(key, name) {
			value = v
		}
		s.space()
		if s.eat('}') {
			return value, s.end()
		}
		if !s.eat(',') {
			return nil, fmt.Errorf("byte %d: a comma or the end of the object is needed", s.at)
		}
	}
}

func sameName(key []byte, name string) bool {
	if bytes.IndexByte(key, '\\') < 0 {
		return string(key[1:len(key)-1]) == name
	}
	var s string
	return json.Unmarshal(key, &s) == nil && s == name
}

// fieldText is the text of a string value. Without escapes it is a part of the
// value.
func fieldText(value []byte) ([]byte, error) {
	if len(value) == 0 || string(value) == "null" {
		return nil, nil
	}
	if value[0] != '"' {
		return nil, errors.New("the field is no text")
	}
	inner := value[1 : len(value)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner, nil
	}
	return unescape(inner, value)
}

// unescape decodes what stands between the quotes of value, as encoding/json does.
func unescape(inner, value []byte) ([]byte, error) {
	out := make([]byte, 0, len(inner))
	for {
		i := bytes.IndexByte(inner, '\\')
		if i < 0 {
			return append(out, inner...), nil
		}
		out = append(out, inner[:i]...)
		switch inner[i+1] {
		case 'n':
			out = append(out, '\n')
		case 't':
			out = append(out, '\t')
		case 'r':
			out = append(out, '\r')
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case '"', '\\', '/':
			out = append(out, inner[i+1])
		case 'u':
			r, size := escapedRune(inner[i:])
			if size == 0 {
				return nil, notText(value)
			}
			out = utf8.AppendRune(out, r)
			inner = inner[i+size:]
			continue
		default:
			return nil, notText(value)
		}
		inner = inner[i+2:]
	}
}

// notText is what encoding/json says against a string.
func notText(value []byte) error {
	var s string
	if err := json.Unmarshal(value, &s); err != nil {
		return err
	}
	return errors.New("the field is no text")
}

// escapedRune decodes \uXXXX, or two of them that are one rune. Half of such a
// pair is U+FFFD. The size is 0 where that is no escape.
func escapedRune(b []byte) (r rune, size int) {
	first := hex4(b)
	if first < 0 {
		return 0, 0
	}
	if utf16.IsSurrogate(first) {
		if whole := utf16.DecodeRune(first, hex4(b[6:])); whole != unicode.ReplacementChar {
			return whole, 12
		}
		return unicode.ReplacementChar, 6
	}
	return first, 6
}

// hex4 is the number of \uXXXX, −1 if b does not begin with one.
func hex4(b []byte) rune {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return -1
	}
	var r rune
	for _, c := range b[2:6] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// scanner walks over JSON.
type scanner struct {
	b  []byte
	at int
}

func (s *scanner) space() {
	for s.at < len(s.b) && (s.b[s.at] == ' ' || s.b[s.at] == '\t' || s.b[s.at] == '\r' || s.b[s.at] == '\n') {
		s.at++
	}
}

func (s *scanner) eat(c byte) bool {
	if s.at < len(s.b) && s.b[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *scanner) end() error {
	if s.space(); s.at < len(s.b) {
		return fmt.Errorf("byte %d: text follows the object", s.at)
	}
	return nil
}

// value passes over one value and gives it.
func (s *scanner) value() ([]byte, error) {
	from := s.at
	if s.at >= len(s.b) {
		return nil, errors.New("the row is cut off")
	}
	switch s.b[s.at] {
	case '"':
		err := s.text()
		return s.b[from:s.at], err
	case '{', '[':
		err := s.nested()
		return s.b[from:s.at], err
	}
	for s.at < len(s.b) && bytes.IndexByte([]byte(",}] \t\r\n:\"{["), s.b[s.at]) < 0 {
		s.at++
	}
	if s.at == from {
		return nil, fmt.Errorf("byte %d: a value is needed", from)
	}
	if word := s.b[from:s.at]; !json.Valid(word) {
		return nil, fmt.Errorf("byte %d: %.20q is no value", from, word)
	}
	return s.b[from:s.at], nil
}

// text passes over a string; a quote behind an odd number of backslashes is part
// of it.
func (s *scanner) text() error {
	from := s.at + 1
	for at := from; ; {
		i := bytes.IndexByte(s.b[at:], '"')
		if i < 0 {
			s.at = len(s.b)
			return fmt.Errorf("byte %d: the text does not end", from-1)
		}
		at += i + 1
		back := at - 2
		for back >= from && s.b[back] == '\\' {
			back--
		}
		if (at-2-back)%2 == 0 {
			s.at = at
			return nil
		}
	}
}

// nested passes over an object or a list.
func (s *scanner) nested() error {
	var open []byte
	for s.at < len(s.b) {
		switch c := s.b[s.at]; c {
		case '"':
			if err := s.text(); err != nil {
				return err
			}
			continue
		case '{', '[':
			open = append(open, c+2) // its closing bracket
		case '}', ']':
			if open[len(open)-1] != c {
				return fmt.Errorf("byte %d: the wrong bracket closes", s.at)
			}
			if open = open[:len(open)-1]; len(open) == 0 {
				s.at++
				return nil
			}
		}
		s.at++
	}
	return errors.New("the row is cut off")
}
