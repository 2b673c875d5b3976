package tokenizer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// scanner reads JSON that encoding/json has checked already: only the types of
// the values can be wrong.
type scanner struct {
	b []byte
}

// next passes over white space, commas and colons and returns the next byte, 0 at
// the end.
func (s *scanner) next() byte {
	for i, c := range s.b {
		switch c {
		case ' ', '\t', '\r', '\n', ',', ':':
			continue
		}
		s.b = s.b[i:]
		return c
	}
	s.b = nil
	return 0
}

// open passes over the bracket that a value must start with.
func (s *scanner) open(bracket byte) error {
	if s.next() != bracket {
		return fmt.Errorf("%.40q where %c belongs", s.b, bracket)
	}
	s.b = s.b[1:]
	return nil
}

// close tells whether the value ends here, and passes over its bracket.
func (s *scanner) close(bracket byte) bool {
	if s.next() != bracket {
		return false
	}
	s.b = s.b[1:]
	return true
}

func (s *scanner) string() (string, error) {
	if s.next() != '"' {
		return "", fmt.Errorf("%.40q where a string belongs", s.b)
	}
	end, plain := 1, true
	for ; s.b[end] != '"'; end++ {
		if s.b[end] == '\\' {
			plain = false
			end++
		}
	}
	raw := s.b[:end+1]
	s.b = s.b[end+1:]
	if plain {
		return string(raw[1:end]), nil
	}
	var out string
	err := json.Unmarshal(raw, &out)
	return out, err
}

// readVocab reads {"token": id, …}.
func readVocab(raw []byte) (map[string]int32, error) {
	if isNull(raw) {
		return nil, nil
	}
	s := &scanner{raw}
	if err := s.open('{'); err != nil {
		return nil, err
	}
	vocab := make(map[string]int32, len(raw)/16)
	for !s.close('}') {
		text, err := s.string()
		if err != nil {
			return nil, err
		}
		s.next()
		n := bytes.IndexAny(s.b, ",} \t\r\n")
		id, err := strconv.ParseInt(string(s.b[:max(n, 0)]), 10, 32)
		if err != nil {
			return nil, fmt.Errorf("token %q: the id is no number", text)
		}
		s.b = s.b[n:]
		vocab[text] = int32(id)
	}
	return vocab, nil
}

// readMerges reads [["a", "b"], …], or ["a b", …] of older files.
func readMerges(raw []byte) ([][2]string, error) {
	if isNull(raw) {
		return nil, nil
	}
	s := &scanner{raw}
	if err := s.open('['); err != nil {
		return nil, err
	}
	merges := make([][2]string, 0, len(raw)/16)
	for !s.close(']') {
		p, err := s.merge()
		if err != nil {
			return nil, fmt.Errorf("merge %d: %w", len(merges), err)
		}
		merges = append(merges, p)
	}
	return merges, nil
}

func (s *scanner) merge() (p [2]string, err error) {
	if s.next() == '"' {
		text, err := s.string()
		left, right, ok := strings.Cut(text, " ")
		if err != nil || !ok || strings.Contains(right, " ") {
			return p, fmt.Errorf("%q is not two tokens", text)
		}
		return [2]string{left, right}, nil
	}
	if err := s.open('['); err != nil {
		return p, err
	}
	for i := range p {
		if p[i], err = s.string(); err != nil {
			return p, fmt.Errorf("it is not two tokens: %w", err)
		}
	}
	if !s.close(']') {
		return p, fmt.Errorf("it is not two tokens")
	}
	return p, nil
}

func isNull(raw []byte) bool { return len(raw) == 0 || string(raw) == "null" }
