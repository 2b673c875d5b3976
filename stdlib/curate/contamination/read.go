package contamination

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// names of the field that holds an item's question, in the files of GSM8K, MMLU,
// HumanEval, MBPP, BBH and others.
var names = []string{"question", "prompt", "input", "text", "problem", "instruction"}

// AddPath adds a benchmark's file, or all files of a folder: JSON lines (also
// .gz), a JSON list, or BBH's {"examples": […]}. Each is called by its folder and
// name: gsm8k/test. Choices are a part of an item that is short without them. It
// says how many items were added.
func (x *Index) AddPath(path string) (added int, err error) {
	fi, err := os.Stat(path)
	if err != nil {
		return 0, fmt.Errorf("read benchmarks: %w", err)
	}
	if !fi.IsDir() {
		return x.addFile(path)
	}
	err = filepath.WalkDir(path, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !readable(name) {
			return err
		}
		n, err := x.addFile(name)
		added += n
		return err
	})
	if err == nil && added == 0 {
		err = fmt.Errorf("read benchmarks: %s holds no .jsonl or .json file with items", path)
	}
	return added, err
}

func readable(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".gz")
	return slices.Contains([]string{".jsonl", ".ndjson", ".json"}, filepath.Ext(name))
}

func (x *Index) addFile(path string) (added int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, fmt.Errorf("read benchmarks: %w", err)
	}
	defer f.Close()
	var r io.Reader = bufio.NewReaderSize(f, 1<<16)
	if strings.HasSuffix(strings.ToLower(path), ".gz") {
		if r, err = gzip.NewReader(r); err != nil {
			return 0, fmt.Errorf("read benchmark %s: %w", path, err)
		}
	}
	name := title(path)
	err = eachItem(r, func(number int, fields map[string]json.RawMessage) {
		if text := itemText(fields); x.Add(name, number, text) {
			added++
		}
	})
	if err != nil {
		return added, fmt.Errorf("read benchmark %s: %w", path, err)
	}
	return added, nil
}

// title is the folder and the file without its ending.
func title(path string) string {
	base := filepath.Base(path)
	base, _, _ = strings.Cut(base, ".")
	abs, err := filepath.Abs(path)
	if err != nil {
		return base
	}
	return filepath.Base(filepath.Dir(abs)) + "/" + base
}

// eachItem gives the objects of JSON lines, of a list, of a list under "examples".
func eachItem(r io.Reader, take func(int, map[string]json.RawMessage)) error {
	d := json.NewDecoder(r)
	number := 0
	for {
		var value json.RawMessage
		if err := d.Decode(&value); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("item %d: %w", number, err)
		}
		list := []json.RawMessage{value}
		if bytes.HasPrefix(value, []byte("[")) {
			if err := json.Unmarshal(value, &list); err != nil {
				return err
			}
		}
		for _, raw := range list {
			var fields map[string]json.RawMessage
			if err := json.Unmarshal(raw, &fields); err != nil {
				return fmt.Errorf("item %d is no object", number)
			}
			var examples []map[string]json.RawMessage
			if json.Unmarshal(fields["examples"], &examples) == nil && len(examples) > 0 {
				for _, e := range examples {
					take(number, e)
					number++
				}
				continue
			}
			take(number, fields)
			number++
		}
	}
}

func itemText(fields map[string]json.RawMessage) string {
	text := ""
	for _, name := range names {
		if json.Unmarshal(fields[name], &text) == nil && text != "" {
			break
		}
	}
	var choices []string
	if len(strings.Fields(text)) < Words && json.Unmarshal(fields["choices"], &choices) == nil {
		text += "\n" + strings.Join(choices, "\n")
	}
	return text
}
