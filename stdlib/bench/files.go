package bench

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
	"strings"
	"unicode"

	"github.com/klauspost/compress/zstd"

	"cogumi/stdlib/experiment"
)

// find is the first of names that is in a benchmark's folder, also packed. The
// folder is dir/name, or dir itself where it is the benchmark's own.
func find(dir, folder string, names ...string) (string, error) {
	for _, d := range []string{filepath.Join(dir, folder), dir} {
		for _, name := range names {
			for _, packed := range []string{"", ".gz", ".zst"} {
				path := filepath.Join(d, name+packed)
				if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
					return path, nil
				}
			}
		}
	}
	path := filepath.Join(dir, folder, names[0])
	err := fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	return "", experiment.WithCode(experiment.Hint(err, "--data is a folder with "+folder+"/"+strings.Join(names, ", "+folder+"/")+" (plain, .gz or .zst)"), 3)
}

// maxFile bounds what a benchmark's file unpacks to.
const maxFile = 1 << 30

// read is a file's content, unpacked.
func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var in io.Reader = bufio.NewReader(f)
	switch filepath.Ext(path) {
	case ".gz":
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		in = z
	case ".zst":
		z, err := zstd.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		defer z.Close()
		in = z
	}
	b, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = errors.New("more than 1 GiB: no benchmark's file is as large")
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return b, nil
}

// readLines gives each line of JSON to row, which says what is wrong with it.
func readLines(path string, row func(line []byte) error) error {
	b, err := read(path)
	if err != nil {
		return err
	}
	n := 0
	for line := range bytes.Lines(b) {
		n++
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if err := row(line); err != nil {
			return fmt.Errorf("%s:%d: %w", path, n, err)
		}
	}
	return nil
}

// parse is json.Unmarshal that also wants the fields that are named to be there
// and not null.
func parse(line []byte, v any, fields ...string) error {
	var have map[string]json.RawMessage
	if err := json.Unmarshal(line, &have); err != nil {
		return fmt.Errorf("broken JSON: %w", err)
	}
	for _, f := range fields {
		if raw, ok := have[f]; !ok || string(raw) == "null" {
			return fmt.Errorf("the row has no %q", f)
		}
	}
	return json.Unmarshal(line, v)
}

// strip removes what Python's str.strip removes.
func strip(s string) string {
	return strings.TrimFunc(s, isSpace)
}

// isSpace is Python's str.isspace.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }
