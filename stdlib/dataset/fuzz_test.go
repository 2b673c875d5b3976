package dataset

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// FuzzParseRow: no line panics; what is taken for a row is written as a row that
// reads back as the same one.
func FuzzParseRow(f *testing.F) {
	for _, l := range badLines {
		f.Add([]byte(l.text))
	}
	for _, s := range []string{`{"instruction":"i","input":"n","output":"o","metadata":{"a":1},"x":[1.5,null,-0]}`,
		`{"messages":[{"role":"user","content":"a","weight":1},{"role":"assistant","content":"b"}],"answer":3}`,
		`{"conversations":[{"from":"human","value":"a"},{"from":"gpt","value":"b"}],"messages":null}`,
		`{"question":"q","answer":"x #### 7"}`, `{"text":"t"}`, `{"prompt":[{"role":"user","content":"p"}],"completion":[]}`,
		`{"instruction":"","prompt":"p","output":"","answer":"a","failure_type":"loss"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		row, err := ParseRow(line)
		if err != nil {
			return
		}
		one, err := row.Marshal()
		if err != nil {
			t.Fatalf("%q cannot be written: %v", line, err)
		}
		back, err := ParseRow(one)
		if err != nil {
			t.Fatalf("%q became %q: %v", line, one, err)
		}
		if two, err := back.Marshal(); err != nil || !bytes.Equal(one, two) {
			t.Fatalf("%q became %q, then %q, %v", line, one, two, err)
		}
		row.Prompt()
		row.Reply()
	})
}

// FuzzParquet: no file panics or hangs; rows that come out of it can be written.
func FuzzParquet(f *testing.F) {
	set := &Set{Rows: []Row{{Instruction: "i", Output: "o", Category: "math", Extra: map[string]any{"n": 1.0, "l": []any{"x"}}},
		{Messages: []Message{{"user", "a"}, {"assistant", "b"}}, Metadata: map[string]any{"k": true}}}}
	dir := f.TempDir()
	seed := filepath.Join(dir, "seed.parquet")
	if err := set.Write(seed); err != nil {
		f.Fatal(err)
	}
	b, err := os.ReadFile(seed)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(b[:len(b)-8])
	f.Add([]byte("PAR1PAR1"))
	f.Add(suspectFile(f, "lz4"))
	f.Add(suspectFile(f, "booleans"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 64<<10 {
			return
		}
		var rows []Row
		enough := errors.New("enough")
		in := &input{path: "x.parquet", at: bytes.NewReader(b), size: int64(len(b))}
		err := in.parquetRows(func(r *parsed) error {
			if r.p == nil {
				rows = append(rows, r.row)
			}
			if len(rows) > 1000 {
				return enough
			}
			return nil
		})
		if err != nil || len(rows) == 0 {
			return
		}
		if err := (&Set{Rows: rows}).encodeParquet(io.Discard); err != nil {
			t.Logf("write: %v", err) // columns without a name
		}
	})
}
