package dataset

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode"

	"cogumi/stdlib/experiment"

	"github.com/go-json-experiment/json/jsontext"
)

// lines reads JSONL: one goroutine cuts lines, several parse them, the caller
// gets rows in the order of the file.
type lines struct {
	in    *input
	limit int // bytes of a line
}

// batch is some lines on their way. ready is closed when rows are there.
type batch struct {
	first int // number of its first line, from 1
	text  [][]byte
	sizes []int // of each line; larger than limit: text is only the head
	rows  []parsed
	err   error // why there is no line after these
	ready chan struct{}
}

const (
	batchLines = 256
	batchBytes = 1 << 20
)

func (l *lines) each(workers int, take func(*parsed) error) error {
	var (
		order = make(chan *batch, 2*workers)
		work  = make(chan *batch, 2*workers)
		stop  = make(chan struct{})
		done  = make(chan struct{})
	)
	defer func() { close(stop); <-done }() // the file is closed next
	go func() { defer close(done); l.cut(order, work, stop) }()
	for range workers {
		go func() {
			for b := range work {
				l.parse(b)
				close(b.ready)
			}
		}()
	}
	ctx := experiment.Current().Context()
	for b := range order {
		<-b.ready
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("read %s: %w", l.in.path, err)
		}
		for i := range b.rows {
			if err := take(&b.rows[i]); err != nil {
				return err
			}
		}
		if b.err != nil {
			return b.err
		}
	}
	return nil
}

// cut makes batches until the file ends or stop is closed.
func (l *lines) cut(order, work chan<- *batch, stop <-chan struct{}) {
	defer close(order)
	defer close(work)
	r := bufio.NewReaderSize(l.in.text, 256<<10)
	if bom, _ := r.Peek(3); bytes.Equal(bom, []byte("\xef\xbb\xbf")) {
		r.Discard(3)
	}
	for line, more := 1, true; more; {
		var b *batch
		b, more = l.next(r, line)
		line += len(b.text)
		for _, to := range []chan<- *batch{order, work} {
			select {
			case to <- b:
			case <-stop:
				return
			}
		}
	}
}

// next reads the next batch; more is false after the last one.
func (l *lines) next(r *bufio.Reader, first int) (b *batch, more bool) {
	b = &batch{first: first, ready: make(chan struct{})}
	for bytes := 0; len(b.text) < batchLines && bytes < batchBytes; {
		text, size, err := l.line(r)
		if size > 0 {
			b.text, b.sizes = append(b.text, text), append(b.sizes, size)
			bytes += len(text)
		}
		if err == io.EOF {
			return b, false
		}
		if err != nil {
			b.err = l.in.cutOff(first+len(b.text)-1, "line", err)
			return b, false
		}
	}
	return b, true
}

// line reads one line with its end. Of a line beyond the limit it gives the
// head and counts the rest.
func (l *lines) line(r *bufio.Reader) (text []byte, size int, err error) {
	for {
		part, err := r.ReadSlice('\n')
		size += len(part)
		room := l.limit + len("\r\n") - len(text)
		text = append(text, part[:min(len(part), room)]...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return text, size, err
		}
	}
}

func (l *lines) parse(b *batch) {
	b.rows = make([]parsed, 0, len(b.text))
	for i, text := range b.text {
		line := bytes.TrimRight(text, "\r\n")
		if size := b.sizes[i]; size > len(text) || len(line) > l.limit {
			p := &problem{kind: badLong, why: fmt.Sprintf("%d bytes, at most %d are read", size, l.limit)}
			b.rows = append(b.rows, parsed{p: p, line: b.first + i, raw: line, size: size})
			continue
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue // between rows; not a row
		}
		b.rows = append(b.rows, parseLine(line, b.first+i, l.in.names))
	}
	b.text = nil
}

// isList says whether a .json file is one JSON list. Other files never are.
func (in *input) isList() (bool, error) {
	if in.format.shape != shapeJSON {
		return false, nil
	}
	r := bufio.NewReaderSize(in.text, 256<<10)
	in.text = r
	if bom, _ := r.Peek(3); bytes.Equal(bom, []byte("\xef\xbb\xbf")) {
		r.Discard(3)
	}
	for {
		c, _, err := r.ReadRune()
		if err == io.EOF {
			return false, nil
		}
		if err != nil {
			return false, in.cutOff(0, "row", err)
		}
		if !unicode.IsSpace(c) {
			return c == '[', r.UnreadRune()
		}
	}
}

// listRows reads a JSON list of rows. What stands after a syntax error cannot be
// told apart, so that ends the reading.
func (in *input) listRows(take func(*parsed) error) error {
	// Names and UTF-8 are checked row by row, so that one bad row stays one.
	dec := jsontext.NewDecoder(in.text, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if _, err := dec.ReadToken(); err != nil {
		return in.cutOff(0, "row", err)
	}
	ctx := experiment.Current().Context()
	row := 0
	for ; dec.PeekKind() != ']'; row++ {
		text, err := dec.ReadValue()
		if err != nil {
			return in.cutOff(row, "row", err)
		}
		r := parseLine(bytes.Clone(text), row+1, in.names)
		if err := take(&r); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("read %s: %w", in.path, err)
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return in.cutOff(row, "row", err)
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return in.cutOff(row, "row", errors.New("text follows the list"))
	}
	return nil
}
