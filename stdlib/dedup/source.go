package dedup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"sync"

	"cogumi/kernels/cpu/par"
	"cogumi/stdlib/dedup/minhash"
)

// source is a file of JSON lines, read once from end to end and then here and
// there.
type source struct {
	path  string // as the user named it
	field string
	file  *os.File
	*sketch
	bad []badLine
}

// sourceBlock is how much is read and sketched at a time.
var sourceBlock = 1 << 20

// longestLine is the longest line that is read as a row.
const longestLine = 64 << 20

// block is a piece of a file that ends with a line.
type block struct {
	at    int64
	end   int64
	text  []byte
	rows  []row
	signs []byte // their signatures
	bad   []badLine
	ready chan struct{}
}

// read sketches the file from a byte on: blocks in parallel, rows in their order.
// done is told of each block's rows and where it ends.
func (s *source) read(ctx context.Context, from int64, done func(rows int, end int64) error) error {
	h := s.head
	hash := minhash.New(h.Permutations)
	order, work := make(chan *block, 2*par.Workers()), make(chan *block, 2*par.Workers())
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer cancel()
	var failed, stopped error
	group.Go(func() { failed = s.blocks(ctx, from, order, work) })
	for range par.Workers() {
		group.Go(func() {
			r := reader{field: h.Field, quality: h.Quality, signer: newSigner(h.Ngram, hash), signature: make([]byte, h.Permutations)}
			for b := range work {
				r.block(b)
				close(b.ready)
			}
		})
	}
	for b := range order {
		<-b.ready
		for _, x := range b.bad {
			s.bad = append(s.bad, badLine{s.rows() + x.row, x.why})
		}
		for i, r := range b.rows {
			s.add(b.signs[i*h.Permutations:(i+1)*h.Permutations], r)
		}
		if stopped == nil {
			if stopped = done(len(b.rows), b.end); stopped != nil {
				cancel()
			}
		}
	}
	group.Wait()
	if stopped != nil {
		return stopped
	}
	return failed
}

// blocks cuts the file behind line ends.
func (s *source) blocks(ctx context.Context, at int64, order, work chan<- *block) error {
	defer close(order)
	defer close(work)
	var rest []byte
	for {
		text := make([]byte, len(rest)+sourceBlock)
		copy(text, rest)
		n, err := s.file.ReadAt(text[len(rest):], at+int64(len(rest)))
		text = text[:len(rest)+n]
		if err != nil && err != io.EOF {
			return fmt.Errorf("read %s: %w", s.path, err)
		}
		end := len(text)
		if err == nil {
			if end = bytes.LastIndexByte(text, '\n') + 1; end == 0 && len(text) > longestLine {
				return fmt.Errorf("read %s: the line at byte %d is longer than %d MB", s.path, at, longestLine>>20)
			}
		}
		if rest = text[end:]; end > 0 {
			b := &block{at: at, end: at + int64(end), text: text[:end], ready: make(chan struct{})}
			for _, to := range []chan<- *block{order, work} {
				select {
				case to <- b:
				case <-ctx.Done():
					if to == work {
						close(b.ready)
					}
					return fmt.Errorf("read %s: %w", s.path, ctx.Err())
				}
			}
			at += int64(end)
		}
		if err == io.EOF {
			return nil
		}
	}
}

// reader sketches lines, on one goroutine.
type reader struct {
	field, quality string
	signer         *signer
	text           []byte
	signature      []byte
}

func (r *reader) block(b *block) {
	lines := bytes.Count(b.text, []byte("\n")) + 1
	b.rows, b.signs = make([]row, 0, lines), make([]byte, 0, lines*len(r.signature))
	for at := 0; at < len(b.text); {
		line := b.text[at:]
		next := len(b.text)
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line, next = line[:i], at+i+1
		}
		from := b.at + int64(at)
		if from == 0 {
			cut := bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
			from, line = int64(len(line)-len(cut)), cut
		}
		at = next
		if line = bytes.TrimRight(line, "\r"); len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		row, err := r.line(line)
		if err != nil {
			b.bad = append(b.bad, badLine{len(b.rows), err.Error()})
			row.length = -1
		}
		row.at, row.size = from, int32(len(line))
		b.rows, b.signs = append(b.rows, row), append(b.signs, r.signature...)
	}
	b.text = nil
}

// line computes the signature of a line and what else is kept of it.
func (r *reader) line(line []byte) (out row, err error) {
	clear(r.signature)
	if r.text, err = lineText(line, r.field, r.text); err != nil {
		return row{}, err
	}
	r.signer.sign(r.text, r.signature)
	sum := sha256.Sum256(r.text)
	out.hash, out.length = [hashSize]byte(sum[:]), int32(len(r.text))
	if r.quality != "" {
		value, _ := scanField(line, r.quality) // the line was read before
		q, err := strconv.ParseFloat(string(value), 32)
		if err != nil && len(value) > 0 && string(value) != "null" || math.IsNaN(q) {
			return row{}, fmt.Errorf("the field %q is no number", r.quality)
		}
		out.quality = float32(q)
	}
	return out, nil
}

// lineText is the normalised text of a line, in buf if there is room. Of several
// fields (instruction+output) those count that the line has.
func lineText(line []byte, field string, buf []byte) ([]byte, error) {
	first, rest, several := strings.Cut(field, "+")
	text, err := rawText(line, first)
	if err != nil {
		return nil, err
	}
	if !several {
		return normaliseInto(buf, text), nil
	}
	all := bytes.Clone(text)
	for name := range strings.SplitSeq(rest, "+") {
		text, err := rawText(line, name)
		if err != nil {
			return nil, err
		}
		if len(all) > 0 && len(text) > 0 {
			all = append(all, "\n\n"...)
		}
		all = append(all, text...)
	}
	return normaliseInto(buf, all), nil
}

// rawText is the text of a field. A list of messages counts with all its contents.
func rawText(line []byte, field string) ([]byte, error) {
	value, err := scanField(line, field)
	if err != nil {
		return nil, err
	}
	if len(value) > 0 && value[0] == '[' {
		var turns []struct{ Content string }
		if err := json.Unmarshal(value, &turns); err != nil {
			return nil, fmt.Errorf("the field %q holds no messages", field)
		}
		var all []byte
		for _, t := range turns {
			all = append(append(all, t.Content...), "\n\n"...)
		}
		return all, nil
	}
	text, err := fieldText(value)
	if err != nil {
		return nil, fmt.Errorf("the field %q: %w", field, err)
	}
	return text, nil
}

// textAt reads the normalised text of a row again.
func (s *source) textAt(row int, buf []byte) ([]byte, error) {
	line := make([]byte, s.row(row).size)
	if _, err := s.file.ReadAt(line, s.row(row).at); err != nil {
		return nil, fmt.Errorf("read %s again: %w", s.path, err)
	}
	return lineText(line, s.field, buf)
}
