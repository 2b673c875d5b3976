package dedup

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// open opens the files. What is not plain JSON lines is unpacked into scratch.
func (j *job) open(ctx context.Context) error {
	j.signatures = newStore(j.Permutations, 0)
	if j.Memory > 0 {
		j.signatures.limit, j.signatures.dir = j.signatureRoom(), j.scratch
	}
	if err := j.openIndex(); err != nil {
		return err
	}
	j.index = len(j.sources)
	for i, path := range j.In {
		s := &source{path: path, field: j.Field}
		if err := s.open(ctx, filepath.Join(j.scratch, fmt.Sprintf("rows-%d.jsonl", i))); err != nil {
			return experiment.WithCode(err, 3)
		}
		j.sources = append(j.sources, s)
	}
	return nil
}

func (s *source) open(ctx context.Context, spool string) error {
	f, err := os.Open(s.path)
	if err != nil {
		if strings.HasPrefix(s.path, "tinyworld/") {
			return s.openRows(spool)
		}
		return fmt.Errorf("dedup: %w", err)
	}
	head := make([]byte, 64)
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		f.Close()
		return fmt.Errorf("read %s: %w", s.path, err)
	}
	head = bytes.TrimLeft(bytes.TrimPrefix(head[:n], []byte("\xef\xbb\xbf")), " \t\r\n")
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")), bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		defer f.Close()
		return s.unpack(ctx, f, head[0] == 0x1f, spool)
	case bytes.HasPrefix(head, []byte("{")) || len(head) == 0 || lines(s.path) && head[0] != '[':
		s.file = f
		return nil
	}
	f.Close()
	return s.openRows(spool)
}

// lines: the name says that every line is a row, whatever the first one looks like.
func lines(path string) bool {
	ext := strings.ToLower(filepath.Ext(path))
	return ext == ".jsonl" || ext == ".ndjson"
}

// unpack writes the lines of a packed file into the spool.
func (s *source) unpack(ctx context.Context, f *os.File, isGzip bool, spool string) error {
	var r io.Reader
	if isGzip {
		z, err := gzip.NewReader(f)
		if err != nil {
			return fmt.Errorf("read %s: gzip: %w", s.path, err)
		}
		r = z
	} else {
		z, err := zstd.NewReader(f)
		if err != nil {
			return fmt.Errorf("read %s: zstd: %w", s.path, err)
		}
		defer z.Close()
		r = z
	}
	b := bufio.NewReaderSize(r, 1<<20)
	if first, _ := b.Peek(64); bytes.HasPrefix(bytes.TrimLeft(first, " \t\r\n"), []byte("[")) {
		return s.openRows(spool)
	}
	out, err := os.Create(spool)
	if err != nil {
		return err
	}
	s.file = out
	if _, err := io.Copy(out, b); err != nil {
		return fmt.Errorf("read %s: %w", s.path, err)
	}
	return ctx.Err()
}

// aliases are the names under which package dataset writes fields that files call
// otherwise.
var aliases = map[string]string{"prompt": "instruction", "question": "instruction", "query": "instruction",
	"context": "input", "response": "output", "completion": "output", "answer": "output", "conversations": "messages"}

// openRows writes rows that are no lines (Parquet, lists, built-in data) into the
// spool, as package dataset writes them.
func (s *source) openRows(spool string) error {
	out, err := os.Create(spool)
	if err != nil {
		return err
	}
	s.file = out
	w := bufio.NewWriterSize(out, 1<<20)
	renamed := ""
	err = dataset.Each(s.path, func(r dataset.Row) error {
		line, err := r.Marshal()
		if err != nil {
			return err
		}
		if value, _ := scanField(line, s.field); value == nil && renamed == "" {
			if value, _ := scanField(line, aliases[s.field]); value != nil {
				renamed = aliases[s.field]
			}
		}
		_, err = w.Write(append(line, '\n'))
		return err
	}, nil)
	if err != nil {
		return err
	}
	if renamed != "" {
		s.field = renamed
	}
	return w.Flush()
}

// read sketches every file, or takes the sketch that a killed run has left.
func (j *job) read(ctx context.Context) error {
	j.first = []int{0}
	for _, s := range j.sources[:j.index] {
		j.first = append(j.first, j.first[len(j.first)-1]+s.rows())
	}
	for _, s := range j.sources[j.index:] {
		if err := j.readOne(ctx, s); err != nil {
			return err
		}
		j.first = append(j.first, j.first[len(j.first)-1]+s.rows())
		j.result.Rows += s.rows()
		j.result.Bad += len(s.bad)
	}
	j.result.IndexRows = j.indexRows()
	return j.signatures.failed
}

// anyText: a file none of whose rows has the field is the wrong file or field.
func (s *source) anyText() error {
	for i := range s.rows() {
		if s.row(i).length > 0 {
			return nil
		}
	}
	if s.rows() == 0 {
		return nil
	}
	err := fmt.Errorf("read %s: no row has a text in the field %q", s.path, s.field)
	if len(s.bad) > 0 {
		err = fmt.Errorf("%w; row %d: %s", err, s.bad[0].row+1, s.why(s.bad[0]))
	}
	return experiment.WithCode(experiment.Hint(err, "Name the field with the text."), 3)
}
