package repl

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// journal keeps every piece in the run folder as it is run: what a person wrote is
// there whatever happens to the processes.
type journal struct {
	f    *os.File
	name string
}

// entry is one piece, a line of pieces.jsonl.
type entry struct {
	Time    time.Time `json:"time"`
	Piece   int       `json:"piece"`
	Name    string    `json:"name"`
	Text    string    `json:"text"`
	Failed  bool      `json:"failed,omitempty"`
	Seconds float64   `json:"seconds"`
}

func openJournal(dir string) (*journal, error) {
	name := filepath.Join(dir, "pieces.jsonl")
	f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("keep the pieces: %w", err)
	}
	return &journal{f, filepath.Base(name)}, nil
}

func (j *journal) write(e entry) {
	e.Time = time.Now().UTC()
	if b, err := json.Marshal(e); err == nil {
		_, _ = j.f.Write(append(b, '\n')) // a full disk does not end the session
	}
}

func (j *journal) close() { _ = j.f.Close() }
