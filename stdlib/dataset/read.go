package dataset

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"cogumi/reports/run"
	"cogumi/stdlib/experiment"
)

// maxLine is the longest line that is read; longer ones are set aside.
const maxLine = 64 << 20

// Bad is a row that was set aside.
type Bad struct {
	Line int    `json:"line"` // or row of a Parquet file, from 1
	Why  string `json:"why"`
	Text string `json:"text"` // at most its first 2,000 bytes
}

// Read reads a whole file: .jsonl or .parquet, JSONL also as .gz or .zst, or
// the names of data inside the program. Bad rows are counted, located and set
// aside in a file of the run; a file of bad rows alone is an error.
func Read(path string) (*Set, error) {
	s := &Set{Path: path, Name: baseName(path)}
	var bad []Bad
	err := Each(path, func(r Row) error {
		s.Rows = append(s.Rows, r)
		return nil
	}, func(b Bad) { bad = append(bad, b) })
	if err != nil {
		return nil, err
	}
	s.Bad = len(bad)
	if len(bad) > 0 && len(s.Rows) == 0 {
		return nil, experiment.Hint(fmt.Errorf("read %s: all %d rows are bad; line %d: %s", path, len(bad), bad[0].Line, bad[0].Why),
			"rows are JSON objects with instruction (or prompt, question) and output (or response), or with messages")
	}
	return s, s.setAside(bad)
}

// MustRead is Read; an error ends the run.
func MustRead(path string) *Set {
	s, err := Read(path)
	if err != nil {
		experiment.Stop(experiment.WithCode(err, 3))
	}
	return s
}

func baseName(path string) string {
	name := filepath.Base(path)
	for _, ext := range []string{".gz", ".zst", ".jsonl", ".json", ".parquet"} {
		name = strings.TrimSuffix(name, ext)
	}
	return name
}

// setAside writes the bad rows beside the run's other files and says so.
func (s *Set) setAside(bad []Bad) error {
	if len(bad) == 0 {
		return nil
	}
	r := experiment.Current()
	dir := r.Dir()
	if dir == "" {
		dir = os.TempDir()
	}
	f, err := os.CreateTemp(dir, s.Name+"-bad-*.jsonl")
	if err != nil {
		return fmt.Errorf("set bad rows of %s aside: %w", s.Path, err)
	}
	defer f.Close()
	e := json.NewEncoder(f)
	for _, b := range bad {
		if err := e.Encode(b); err != nil {
			return fmt.Errorf("set bad rows of %s aside: %w", s.Path, err)
		}
	}
	s.Side = f.Name()
	r.Artefact(s.Name+" bad rows", "audit", s.Side)
	r.Note(run.Note{Level: "warn", Topic: "data",
		Text: fmt.Sprintf("%d of %d rows of %s are bad and were set aside; the first: line %d: %s", len(bad), len(bad)+len(s.Rows), s.Path, bad[0].Line, bad[0].Why),
		Hint: "see " + s.Side})
	return nil
}

// Each calls fn with every good row in order and bad with every other, without
// holding the file in memory. An error of fn ends it.
func Each(path string, fn func(Row) error, bad func(Bad)) error {
	if b, ok := openBuiltin(path); ok {
		z, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		return eachLine(path, z, fn, bad)
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return experiment.Hint(fmt.Errorf("read %s: %w", path, errors.Unwrap(err)), `give a .jsonl or .parquet file, or "tinyworld/pool" or "tinyworld/eval" for the built-in data`)
	case info.IsDir():
		return experiment.Hint(fmt.Errorf("read %s: it is a folder", path), "give one file: "+path+"/….jsonl")
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read %w", err)
	}
	defer f.Close()
	if strings.HasSuffix(path, ".parquet") {
		return eachParquet(path, f, info.Size(), fn, bad)
	}
	in, name, err := decompress(f, path)
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	if !strings.HasSuffix(name, ".jsonl") && !strings.HasSuffix(name, ".json") {
		return experiment.Hint(fmt.Errorf("read %s: unknown kind of file", path), "known are .jsonl, .jsonl.gz, .jsonl.zst and .parquet")
	}
	return eachLine(path, in, fn, bad)
}

func decompress(f io.Reader, path string) (io.Reader, string, error) {
	if name, ok := strings.CutSuffix(path, ".gz"); ok {
		z, err := gzip.NewReader(f)
		return z, name, err
	}
	if name, ok := strings.CutSuffix(path, ".zst"); ok {
		z, err := zstd.NewReader(f)
		return z, name, err
	}
	return f, path, nil
}

func eachLine(path string, in io.Reader, fn func(Row) error, bad func(Bad)) error {
	lines := bufio.NewReaderSize(in, 1<<20)
	for n := 1; ; n++ {
		line, long, err := readLine(lines)
		if err != nil && err != io.EOF {
			return fmt.Errorf("read %s: line %d: %w", path, n, err)
		}
		text := bytes.TrimSpace(line)
		switch {
		case long:
			bad(Bad{n, fmt.Sprintf("it is longer than %d MiB", maxLine>>20), clip(text)})
		case len(text) > 0:
			r, rowErr := ParseRow(text)
			if rowErr != nil {
				bad(Bad{n, rowErr.Error(), clip(text)})
			} else if fnErr := fn(r); fnErr != nil {
				return fmt.Errorf("%s: line %d: %w", path, n, fnErr)
			}
		}
		if err == io.EOF {
			return nil
		}
	}
}

// readLine reads to the next newline; of a line above maxLine it keeps the head.
func readLine(in *bufio.Reader) (line []byte, long bool, err error) {
	for {
		part, err := in.ReadSlice('\n')
		if len(line) < maxLine {
			line = append(line, part...)
		} else {
			long = true
		}
		if err != bufio.ErrBufferFull {
			return line, long, err
		}
	}
}

func clip(b []byte) string {
	return strings.ToValidUTF8(string(b[:min(len(b), 2000)]), "\uFFFD")
}

// ParseRow reads one line of JSONL.
func ParseRow(line []byte) (Row, error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return Row{}, fmt.Errorf("broken JSON at byte %d: %w", syntax.Offset, err)
		}
		return Row{}, fmt.Errorf("not a JSON object: %w", err)
	}
	if d.More() {
		return Row{}, errors.New("something follows the JSON object")
	}
	if m == nil {
		return Row{}, errors.New("null is not a row")
	}
	return fromMap(m)
}
