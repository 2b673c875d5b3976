package cells

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"cogumi/runtime/script"
)

// request is a line from the parent to the child.
type request struct {
	ID   int    `json:"id"`
	Do   string `json:"do"` // eval, interrupt, complete, doc, type, save, reset
	Name string `json:"name,omitempty"`
	Text string `json:"text,omitempty"`
	At   int    `json:"at,omitempty"`
}

// Event is what happens while a piece runs, and what is answered.
type Event struct {
	ID      int                `json:"id,omitempty"` // of the request; 0: of none
	Kind    string             `json:"kind"`         // stdout, stderr, value, late, done, ready
	Text    string             `json:"text,omitempty"`
	Value   *Value             `json:"value,omitempty"`
	Late    *script.Diagnostic `json:"late,omitempty"`
	Outcome *Outcome           `json:"outcome,omitempty"`
	Answer  *Answer            `json:"answer,omitempty"`
}

// Answer is what a question about the session gives.
type Answer struct {
	Text       string       `json:"text,omitempty"`
	Error      string       `json:"error,omitempty"`
	From       int          `json:"from,omitempty"` // where the completed word begins
	Candidates []Completion `json:"candidates,omitempty"`
}

// Completion is one way in which a word may go on.
type Completion struct {
	Text string `json:"text"`           // the whole word
	Kind string `json:"kind"`           // package, func, method, field, var, const, type, file, command
	Type string `json:"type,omitempty"` // its type or signature
}

// wire writes events one a line.
type wire struct {
	mu  sync.Mutex
	out *bufio.Writer
}

func (w *wire) send(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.out.Write(append(b, '\n')); err != nil {
		return err
	}
	return w.out.Flush()
}

// lines calls f with each line of r until it ends.
func lines[T any](r io.Reader, f func(T)) error {
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 1 {
			var v T
			if err := json.Unmarshal(line, &v); err != nil {
				return fmt.Errorf("read from the session: %w in %.200q", err, line)
			}
			f(v)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read from the session: %w", err)
		}
	}
}
