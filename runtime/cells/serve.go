package cells

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"strings"
	"sync"
	"time"

	"cogumi/runtime/script"
	"cogumi/stdlib/experiment"
)

// server is the child's side: it holds the session and answers the parent.
type server struct {
	wire
	options Options
	session *Session
	streams [2]*stream

	mu       sync.Mutex
	cancel   context.CancelFunc // of the piece that runs
	running  int                // its number
	unwanted int                // pieces up to this number are to end
	work     chan request
}

// Serve answers requests from in on out until in ends. What is printed to
// os.Stdout and os.Stderr goes out as events.
func Serve(in io.Reader, out io.Writer, o Options) error {
	v := &server{wire: wire{out: bufio.NewWriter(out)}, work: make(chan request, 64)}
	v.options = o
	v.options.Late = func(d script.Diagnostic) { _ = v.send(Event{Kind: "late", Late: &d}) }
	if err := v.reopen(); err != nil {
		return fmt.Errorf("take over what pieces print: %w", err)
	}
	log.SetOutput(os.Stderr)
	if o.Begin != nil {
		if err := o.Begin(); err != nil {
			return err
		}
	}
	v.session = New(v.options)
	if err := v.send(Event{Kind: "ready"}); err != nil {
		return err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for r := range v.work {
			v.answer(r)
		}
		v.finish()
	}()
	err := lines(in, func(r request) {
		if r.Do == "interrupt" {
			v.interrupt(r.ID)
			return
		}
		v.work <- r
	})
	close(v.work)
	v.interrupt(all)
	select {
	case <-done:
	case <-time.After(2*time.Second + finishing): // it does not stop; the process ends
	}
	return err
}

// finishing is how long what pieces deferred may take at the end.
const finishing = 5 * time.Second

// finish does what pieces deferred, and tells what went wrong with it.
func (v *server) finish() {
	ctx, cancel := context.WithTimeout(context.Background(), finishing)
	defer cancel()
	experiment.Current().Resume() // an interrupted piece does not keep it from cleaning up
	for _, s := range v.streams {
		s.belongs(0)
	}
	for _, out := range v.session.Finish(ctx) {
		for _, d := range out.Diagnostics {
			_ = v.send(Event{Kind: "late", Late: &d})
		}
	}
	v.drain()
}

// all pieces, in place of one's number.
const all = math.MaxInt

// interrupt ends the piece that has this number, also when it has not begun yet.
func (v *server) interrupt(id int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.unwanted = max(v.unwanted, id)
	if v.cancel != nil && v.running <= id {
		v.cancel()
		experiment.Current().Interrupt()
	}
}

func (v *server) answer(r request) {
	switch r.Do {
	case "eval":
		out := v.eval(r)
		_ = v.send(Event{ID: r.ID, Kind: "done", Outcome: &out}) // the parent is gone: the process ends
		return
	case "reset":
		v.finish()
		v.session = New(v.options)
	}
	a := v.question(r)
	_ = v.send(Event{ID: r.ID, Kind: "done", Answer: &a})
}

func (v *server) question(r request) (a Answer) {
	defer func() {
		if p := recover(); p != nil {
			a = Answer{Error: fmt.Sprint(p)}
		}
	}()
	switch r.Do {
	case "complete":
		return v.session.Complete(r.Text, r.At)
	case "doc":
		return v.session.Doc(r.Text)
	case "type":
		return v.session.TypeOf(r.Text)
	case "save":
		text, err := v.session.Script(r.Name)
		if err != nil {
			return Answer{Error: err.Error()}
		}
		return Answer{Text: text}
	}
	return Answer{}
}

func (v *server) eval(r request) Outcome {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	v.mu.Lock()
	v.cancel, v.running = cancel, r.ID
	if r.ID <= v.unwanted {
		cancel()
	}
	v.mu.Unlock()
	_ = v.reopen() // without it the piece prints nowhere
	for _, s := range v.streams {
		s.belongs(r.ID)
	}
	out := v.session.Eval(ctx, r.Name, r.Text, func(value Value) {
		v.drain()
		_ = v.send(Event{ID: r.ID, Kind: "value", Value: &value})
	})
	v.mu.Lock()
	v.cancel = nil
	v.mu.Unlock()
	experiment.Current().Resume()
	v.drain()
	return out
}

// reopen gives pieces what they print to: at first, and after one has closed it.
func (v *server) reopen() error {
	for i, f := range []**os.File{&os.Stdout, &os.Stderr} {
		if s := v.streams[i]; s != nil {
			if _, err := s.file.Write(nil); err == nil {
				continue
			}
		}
		s, err := v.capture([]string{"stdout", "stderr"}[i])
		if err != nil {
			return err
		}
		*f, v.streams[i] = s.file, s
	}
	return nil
}

func (v *server) drain() {
	for _, s := range v.streams {
		s.drain()
	}
}

// stream forwards what is written to a file.
type stream struct {
	file *os.File
	kind string
	v    *server

	mu      sync.Mutex
	id      int
	drained chan struct{}
}

// mark is written by drain; nobody prints it.
const mark = "\x00\x1bcogumi-drain\x1b\x00"

func (v *server) capture(kind string) (*stream, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	s := &stream{file: w, kind: kind, v: v, drained: make(chan struct{}, 1)}
	go s.forward(r)
	return s, nil
}

func (s *stream) belongs(id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.id = id
}

// drain waits until all that was written has been sent.
func (s *stream) drain() {
	if _, err := s.file.WriteString(mark); err == nil {
		<-s.drained
	}
}

func (s *stream) forward(r io.Reader) {
	buf := make([]byte, 32<<10)
	var kept []byte // the beginning of a mark, or of a letter
	for {
		n, err := r.Read(buf)
		kept = append(kept, buf[:n]...)
		for {
			i := bytes.Index(kept, []byte(mark))
			if i < 0 {
				break
			}
			s.emit(kept[:i])
			kept = kept[i+len(mark):]
			s.drained <- struct{}{}
		}
		hold := held(kept)
		s.emit(kept[:len(kept)-hold])
		kept = append([]byte{}, kept[len(kept)-hold:]...)
		if err != nil {
			s.emit(kept)
			return
		}
	}
}

// held is how many bytes at the end may belong to what comes next.
func held(b []byte) int {
	for n := min(len(mark)-1, len(b)); n > 0; n-- {
		if strings.HasPrefix(mark, string(b[len(b)-n:])) {
			return n
		}
	}
	for n := 1; n <= 3 && n <= len(b); n++ { // a letter of several bytes that is not whole
		c := b[len(b)-n]
		if c < 0x80 {
			return 0
		}
		if c >= 0xC0 {
			if whole := 2 + b2i(c >= 0xE0) + b2i(c >= 0xF0); n < whole {
				return n
			}
			return 0
		}
	}
	return 0
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (s *stream) emit(b []byte) {
	if len(b) == 0 {
		return
	}
	s.mu.Lock()
	id := s.id
	s.mu.Unlock()
	_ = s.v.send(Event{ID: id, Kind: s.kind, Text: string(b)})
}
