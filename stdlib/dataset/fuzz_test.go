package dataset

import (
	"bytes"
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
	path, again := filepath.Join(dir, "x.parquet"), filepath.Join(dir, "y.parquet")
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 64<<10 {
			return
		}
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		var rows []Row
		err := Each(path, func(r Row) error { rows = append(rows, r); return nil }, func(Bad) {})
		if err != nil || len(rows) == 0 {
			return
		}
		if err := (&Set{Rows: rows}).Write(again); err != nil {
			t.Logf("write: %v", err) // columns without a name
		}
	})
}
