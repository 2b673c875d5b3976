package stage

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
)

// Found is what lies at a path, as far as a look at its beginning tells.
type Found struct {
	Kind      Kind // "" where nothing is sure
	Rows      int
	RowsKnown bool
}

// fits: problems may be used where instruction rows are asked for. What looks
// like a plain folder may be anything that is asked for as one.
func (f Found) fits(want Kind) bool {
	if want == Folder || want == Text || f.Kind.Is(want) {
		return true
	}
	// A table for people is a Parquet file like any other.
	return want == TableFile && f.Kind.Is(Rows) || want == Result && f.Kind == Result
}

func (f Found) say() string {
	if f.Kind == Folder {
		return "a folder of other files"
	}
	return string(f.Kind)
}

// Sniff tells what lies at path: a folder by the files in it, a file of rows by
// the fields of its first row. It reads little, and never trusts names alone.
func Sniff(path string) (Found, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return Found{}, err
	}
	if fi.IsDir() {
		return sniffFolder(path)
	}
	name := strings.ToLower(filepath.Base(path))
	name = strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")
	switch filepath.Ext(name) {
	case ".parquet":
		return sniffParquet(path)
	case ".jsonl", ".ndjson":
		return sniffLines(path)
	case ".json":
		return sniffJSON(path)
	case ".gguf":
		return Found{Kind: Quantised}, nil
	case ".html":
		return Found{Kind: ReportFile}, nil
	case ".csv":
		return Found{Kind: TableFile}, nil
	}
	return Found{}, nil
}

func sniffFolder(path string) (Found, error) {
	has := func(name string) bool {
		_, err := os.Stat(filepath.Join(path, name))
		return err == nil
	}
	switch {
	case has("adapter_config.json"):
		return Found{Kind: Adapter}, nil
	case has("config.json") && (has("model.safetensors") || has("model.safetensors.index.json")):
		return Found{Kind: Model}, nil
	}
	looked := 0
	kind := Folder
	err := filepath.WalkDir(path, func(file string, e fs.DirEntry, err error) error {
		if err != nil {
			return nil // what cannot be read is not what is looked for
		}
		below, err := filepath.Rel(path, file)
		if e.IsDir() && (err != nil || strings.Count(below, string(filepath.Separator)) >= 2) {
			return fs.SkipDir
		}
		if looked++; looked > 1000 {
			return fs.SkipAll
		}
		if e.IsDir() || filepath.Ext(file) != ".json" {
			return nil
		}
		if found, err := sniffJSON(file); err == nil && found.Kind == JudgedRecords {
			kind = JudgedRecords
			return fs.SkipAll
		}
		return nil
	})
	return Found{Kind: kind}, err
}

func sniffParquet(path string) (Found, error) {
	f, err := os.Open(path)
	if err != nil {
		return Found{}, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return Found{}, err
	}
	file, err := parquet.OpenFile(f, fi.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return Found{}, fmt.Errorf("not a Parquet file: %w", err)
	}
	var names []string
	for _, field := range file.Schema().Fields() {
		names = append(names, field.Name())
	}
	return Found{Kind: rowKind(names), Rows: int(file.NumRows()), RowsKnown: true}, nil
}

// maxFirst bounds the first row: a longer one is not looked at.
const maxFirst = 1 << 20

// countUpTo: counting rows beyond it takes longer than the answer is worth.
const countUpTo = 256 << 20

func sniffLines(path string) (Found, error) {
	r, close, err := openText(path)
	if err != nil {
		return Found{}, err
	}
	defer close()
	return readLinesKind(r)
}

func readLinesKind(r io.Reader) (Found, error) {
	buffered := bufio.NewReaderSize(r, maxFirst)
	found := Found{}
	var read int
	for {
		line, err := buffered.ReadSlice('\n')
		read += len(line)
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if found.Rows == 0 && err != bufio.ErrBufferFull {
				found.Kind = rowKind(objectKeys(line))
			}
			if err != bufio.ErrBufferFull {
				found.Rows++
			}
		}
		switch {
		case err == io.EOF:
			found.RowsKnown = true
			return found, nil
		case err != nil && err != bufio.ErrBufferFull:
			return Found{}, err
		case read > countUpTo:
			return found, nil
		}
	}
}

// openText opens a file through its compression.
func openText(path string) (io.Reader, func(), error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".gz":
		z, err := gzip.NewReader(f)
		if err != nil {
			f.Close()
			return nil, nil, fmt.Errorf("not a gzip file: %w", err)
		}
		return z, func() { f.Close() }, nil
	case ".zst":
		z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
		if err != nil {
			f.Close()
			return nil, nil, fmt.Errorf("not a zstd file: %w", err)
		}
		return z, func() { z.Close(); f.Close() }, nil
	}
	return f, func() { f.Close() }, nil
}

func objectKeys(line []byte) []string {
	var fields map[string]json.RawMessage
	if json.Unmarshal(line, &fields) != nil {
		return nil
	}
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	return names
}

// rowKind is the narrowest kind that a row with these fields is.
func rowKind(names []string) Kind {
	has := func(any ...string) bool {
		return slices.ContainsFunc(any, func(n string) bool { return slices.Contains(names, n) })
	}
	switch {
	case len(names) == 0:
		return ""
	case has("messages", "conversations"):
		return ChatRows
	case has("chosen") && has("rejected"):
		return PreferenceRows
	case !has("instruction", "prompt", "question"):
		return Rows
	case has("failure_type"):
		return TrainingRows
	case has("answer", "correct_answer"):
		return Problems
	case has("output", "response", "completion"):
		return InstructionRows
	}
	return Rows
}

// sniffJSON looks at the top level of a JSON file: recorded verdicts have
// "results" whose items have a "judgment"; anything else is a result.
func sniffJSON(path string) (Found, error) {
	r, close, err := openText(path)
	if err != nil {
		return Found{}, err
	}
	defer close()
	return readJSONKind(r)
}

func readJSONKind(r io.Reader) (Found, error) {
	dec := json.NewDecoder(io.LimitReader(r, 16<<20))
	open, err := dec.Token()
	if err != nil {
		return Found{}, fmt.Errorf("not a JSON file: %w", err)
	}
	if open == json.Delim('[') {
		if judged(dec) {
			return Found{Kind: JudgedRecords}, nil
		}
		return Found{}, nil
	}
	if open != json.Delim('{') {
		return Found{}, nil
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return Found{}, ignoreCut(err)
		}
		if key == "results" {
			if t, err := dec.Token(); err != nil || t != json.Delim('[') {
				return Found{Kind: Result}, ignoreCut(err)
			}
			if judged(dec) {
				return Found{Kind: JudgedRecords}, nil
			}
			return Found{Kind: Result}, nil
		}
		var skipped json.RawMessage
		if err := dec.Decode(&skipped); err != nil {
			return Found{}, ignoreCut(err)
		}
	}
	return Found{Kind: Result}, nil
}

// judged looks at the first item of a list of records.
func judged(dec *json.Decoder) bool {
	if !dec.More() {
		return false
	}
	var item map[string]json.RawMessage
	if dec.Decode(&item) != nil {
		return false
	}
	for _, name := range []string{"judgment", "judgement", "verdict", "winner"} {
		if _, ok := item[name]; ok {
			return true
		}
	}
	return false
}

// ignoreCut: a value longer than what is looked at proves nothing.
func ignoreCut(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil && errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("not a JSON file: %w", err)
	}
	return err
}
