package dataset

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/parquet-go/parquet-go"
)

// eachParquet reads rows of any flat or nested schema as named values.
func eachParquet(path string, f *os.File, size int64, fn func(Row) error, bad func(Bad)) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("read %s: the file is damaged: %v", path, p)
		}
	}()
	file, err := parquet.OpenFile(f, size)
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	in := parquet.NewGenericReader[any](file)
	defer in.Close()
	rows := make([]any, 64)
	for n := 1; ; {
		count, err := in.Read(rows)
		for _, v := range rows[:count] {
			m, ok := plainValue(v).(map[string]any)
			if !ok {
				return fmt.Errorf("read %s: row %d is no record but %T", path, n, v)
			}
			r, rowErr := fromMap(m)
			if rowErr != nil {
				bad(Bad{n, rowErr.Error(), fmt.Sprint(m)[:min(len(fmt.Sprint(m)), 2000)]})
			} else if fnErr := fn(r); fnErr != nil {
				return fmt.Errorf("%s: row %d: %w", path, n, fnErr)
			}
			n++
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: row %d: %w", path, n, err)
		}
		if count == 0 {
			return fmt.Errorf("read %s: row %d: no progress", path, n)
		}
		clear(rows)
	}
}

// plainValue copies what the reader will use again and turns bytes into text.
func plainValue(v any) any {
	switch x := v.(type) {
	case []byte:
		return string(x)
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, e := range x {
			out[k] = plainValue(e)
		}
		// A list column is a group of a group in the file; rows want the list.
		if list, ok := out["list"].([]any); ok && len(out) == 1 {
			return unwrap(list)
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = plainValue(e)
		}
		return out
	}
	return v
}

func unwrap(list []any) []any {
	out := make([]any, len(list))
	for i, e := range list {
		out[i] = e
		if m, ok := e.(map[string]any); ok && len(m) == 1 {
			if inner, ok := m["element"]; ok {
				out[i] = inner
			} else if inner, ok := m["item"]; ok {
				out[i] = inner
			}
		}
	}
	return out
}
