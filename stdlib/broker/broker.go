// Package broker lets a process that is restricted ask its parent for what it
// cannot do itself: start a sandbox, get the one secret that a primitive needs.
//
// Questions and answers are lines of JSON on a socket; many may be under way at
// once. The parent trusts nothing that comes in: lines have a limit, and so has
// the number of questions that it works on.
package broker

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// message is one line, of either side.
type message struct {
	ID     uint64          `json:"id"`
	Ask    string          `json:"ask,omitempty"` // a question's name
	Cancel bool            `json:"cancel,omitempty"`
	Body   json.RawMessage `json:"body,omitempty"`
	Error  string          `json:"error,omitempty"` // instead of an answer
}

// maxLine bounds a line: the largest program of a sandbox with its files.
const maxLine = 256 << 20

// lines reads messages until the other side ends or breaks the rules.
func lines(r io.Reader, each func(message)) error {
	in := bufio.NewReaderSize(r, 1<<16)
	for {
		line, err := readLine(in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read from the other process: %w", err)
		}
		var m message
		if err := json.Unmarshal(line, &m); err != nil {
			return fmt.Errorf("read from the other process: %w", err)
		}
		each(m)
	}
}

func readLine(in *bufio.Reader) ([]byte, error) {
	var whole []byte
	for {
		part, err := in.ReadSlice('\n')
		whole = append(whole, part...)
		switch {
		case len(whole) > maxLine:
			return nil, fmt.Errorf("a line is longer than %d bytes", maxLine)
		case err == nil:
			return bytes.TrimSuffix(whole, []byte("\n")), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

// sender writes messages whole.
type sender struct {
	mu sync.Mutex
	w  io.Writer
}

func (s *sender) send(m message) error {
	line, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("write to the other process: %w", err)
	}
	if len(line) > maxLine {
		return fmt.Errorf("write to the other process: %d bytes are too long", len(line))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.w.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write to the other process: %w", err)
	}
	return nil
}
