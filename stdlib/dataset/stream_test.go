package dataset

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestWriteStream: rows that come one by one give the bytes of a set that is
// written whole.
func TestWriteStream(t *testing.T) {
	set, err := Read("tinyworld/pool")
	if err != nil {
		t.Fatal(err)
	}
	set.Rows[3].Extra = map[string]any{"score": 0.5}
	set.Rows[700].Extra = map[string]any{"score": 2.0, "tags": []any{"a"}}
	var all Columns
	for half := range 2 { // as parts that were counted apart
		var part, back Columns
		for i := range set.Rows {
			if i%2 == half {
				part.Add(&set.Rows[i])
			}
		}
		b, err := json.Marshal(part)
		if err == nil {
			err = json.Unmarshal(b, &back)
		}
		if err != nil {
			t.Fatal(err)
		}
		all.Merge(back)
	}
	dir := t.TempDir()
	for _, name := range []string{"rows.parquet", "rows.jsonl", "rows.jsonl.zst"} {
		whole, stream := filepath.Join(dir, "whole-"+name), filepath.Join(dir, "stream-"+name)
		if err := errors.Join(set.Write(whole), WriteStream(stream, &all, set.put)); err != nil {
			t.Fatal(err)
		}
		a, _ := os.ReadFile(whole)
		b, _ := os.ReadFile(stream)
		if len(a) == 0 || string(a) != string(b) {
			t.Errorf("%s: %d and %d bytes", name, len(a), len(b))
		}
	}
}

// TestWriteStreamLosesNothing: a field without a column and a stream that fails are
// errors and leave no file.
func TestWriteStreamLosesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rows.parquet")
	var c Columns
	c.Add(&Row{Instruction: "i", Output: "o"})
	err := WriteStream(path, &c, func(put func(*Row) error) error {
		return put(&Row{Instruction: "i", Output: "o", Extra: map[string]any{"id": 1.0, "x": true}})
	})
	if err == nil || !strings.Contains(err.Error(), "row 1: it has fields without a column: id, x") {
		t.Errorf("%v", err)
	}
	broken := errors.New("broken")
	if err := WriteStream(path, &c, func(func(*Row) error) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("%v", err)
	}
}

func TestNames(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rows.jsonl")
	text := `{"q":"What?","answers":[{"text":"That."}],"instruction":"old","output":null,"id":7}` + "\n" + `{"q":3}` + "\n"
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	var rows []Row
	var bad []Bad
	err := EachAs(path, Names{"instruction": "q", "output": "answers.0.text"},
		func(r Row) error { rows = append(rows, r); return nil }, func(b Bad) { bad = append(bad, b) })
	if err != nil || len(rows) != 1 || len(bad) != 1 {
		t.Fatalf("%v, %+v, %+v", err, rows, bad)
	}
	r := rows[0]
	if r.Instruction != "What?" || r.Output != "That." || r.Extra["file_instruction"] != "old" || r.Extra["id"] != 7.0 {
		t.Errorf("%+v", r)
	}
	set := &Set{Rows: rows}
	again := filepath.Join(t.TempDir(), "again.parquet")
	if err := set.Write(again); err != nil {
		t.Fatal(err)
	}
	var back []Row
	if err := EachAs(again, Names{"instruction": "file_instruction"}, func(r Row) error { back = append(back, r); return nil }, nil); err != nil {
		t.Fatal(err)
	}
	want := Row{Instruction: "old", Output: "That.", Extra: map[string]any{"file_instruction": "What?", "id": 7.0, "answers": r.Extra["answers"]}}
	delete(back[0].Extra, "file_file_instruction")
	if back[0].Instruction != want.Instruction || back[0].Extra["file_instruction"] != "What?" || !reflect.DeepEqual(back[0].Extra["answers"], want.Extra["answers"]) {
		t.Errorf("%+v, want %+v", back[0], want)
	}
}
