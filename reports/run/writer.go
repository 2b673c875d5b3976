package run

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"cogumi/reports/run/durable"
)

// Writer writes into one run folder. It is safe for concurrent use, also by a
// parent and a child process at the same time.
type Writer struct {
	dir string

	mu      sync.Mutex
	events  *os.File
	attempt int
	stop    func() // ends the heartbeat
}

// OpenWriter attaches to a run folder that Create made.
func OpenWriter(dir string) (*Writer, error) {
	info, err := readInfo(dir)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, eventsFile), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open run: %w", err)
	}
	if err := endCutLine(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("open run: %w", err)
	}
	return &Writer{dir: dir, events: f, attempt: info.Attempt}, nil
}

// endCutLine closes a line that a killed writer left open, so that the next
// event does not become a part of it.
func endCutLine(f *os.File) error {
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil || end == 0 {
		return err
	}
	var last [1]byte
	if _, err := f.ReadAt(last[:], end-1); err != nil {
		return err
	}
	if last[0] != '\n' {
		_, err = f.Write([]byte("\n"))
	}
	return err
}

// Dir is the run folder.
func (w *Writer) Dir() string { return w.dir }

// Event appends one line to events.jsonl with a single write, so that lines of
// two processes never mix. Time and Attempt are filled in where they are empty.
// A value that JSON cannot hold (NaN) is an error and nothing is written.
func (w *Writer) Event(e Event) error {
	if e.Time.IsZero() {
		e.Time = time.Now().UTC()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if e.Attempt == 0 {
		e.Attempt = w.attempt
	}
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("event %s: %w", e.Kind, err)
	}
	if w.events == nil {
		return fmt.Errorf("event %s: the run is closed", e.Kind)
	}
	if _, err := w.events.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("event %s: %w", e.Kind, err)
	}
	return nil
}

// Info reads run.json as it is on disk now.
func (w *Writer) Info() (*Info, error) { return readInfo(w.dir) }

// SetInfo replaces run.json.
func (w *Writer) SetInfo(info Info) error { return w.Update(func(i *Info) { *i = info }) }

// Update changes run.json: read, change, replace, under a lock that all
// processes share.
func (w *Writer) Update(change func(*Info)) error {
	unlock, err := durable.Lock(context.Background(), filepath.Join(w.dir, lockFile), nil)
	if err != nil {
		return err
	}
	defer unlock()
	info, err := readInfo(w.dir)
	if err != nil {
		return err
	}
	change(info)
	info.Version, info.ID = Version, filepath.Base(w.dir)
	w.mu.Lock()
	w.attempt = info.Attempt
	w.mu.Unlock()
	return writeInfo(w.dir, info)
}

func writeInfo(dir string, info *Info) error {
	b, err := encodeInfo(info)
	if err != nil {
		return fmt.Errorf("write run.json: %w", err)
	}
	return durable.WriteBytes(filepath.Join(dir, infoFile), b)
}

func encodeInfo(info *Info) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(info)
	return b.Bytes(), err
}

// Close ends the heartbeat and makes the event log durable. It does not change
// the run's state.
func (w *Writer) Close() error {
	w.mu.Lock()
	stop := w.stop
	w.stop = nil
	w.mu.Unlock()
	if stop != nil {
		stop()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.events == nil {
		return nil
	}
	f := w.events
	w.events = nil
	if err := f.Sync(); err != nil {
		f.Close()
		return fmt.Errorf("close run: %w", err)
	}
	return f.Close()
}
