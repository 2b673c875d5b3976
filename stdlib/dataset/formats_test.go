package dataset

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestBuiltinThroughEveryFormat: 2,586 and 600 rows come back as they were, and
// are the same bytes when they are written again.
func TestBuiltinThroughEveryFormat(t *testing.T) {
	for name, n := range map[string]int{"tinyworld/pool": 2586, "tinyworld/eval": 600} {
		set, err := Read(name)
		if err != nil || set.Len() != n {
			t.Fatalf("%s: %v, %v", name, set, err)
		}
		dir := t.TempDir()
		for _, ext := range []string{".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet"} {
			path, again := filepath.Join(dir, "a"+ext), filepath.Join(dir, "b"+ext)
			if err := set.Write(path); err != nil {
				t.Fatal(err)
			}
			back, err := Read(path)
			if err != nil || back.Len() != n || back.Bad != 0 {
				t.Fatalf("%s: %v, %v", path, back, err)
			}
			if back.Hash() != set.Hash() {
				t.Errorf("%s as %s: another hash", name, ext)
			}
			if err := back.Write(again); err != nil {
				t.Fatal(err)
			}
			a, _ := os.ReadFile(path)
			b, _ := os.ReadFile(again)
			if len(a) == 0 || string(a) != string(b) {
				t.Errorf("%s as %s: written again it has other bytes", name, ext)
			}
		}
	}
}

// TestOddRowsThroughEveryFormat: every kind of row that can be read is written
// so that it is read as the same row.
func TestOddRowsThroughEveryFormat(t *testing.T) {
	for name, line := range map[string]string{
		"alpaca":                   `{"instruction":"add","input":"1 2","output":"3"}`,
		"first name empty":         `{"instruction":"","prompt":"p","output":"o"}`,
		"first output empty":       `{"instruction":"i","output":"","response":"r"}`,
		"answer beside no output":  `{"instruction":"i","output":"","answer":"7"}`,
		"answer alone":             `{"question":"q","answer":"because\n#### 72"}`,
		"empty names of others":    `{"instruction":"","prompt":"","input":"x"}`,
		"input alone":              `{"context":"c"}`,
		"running text":             `{"text":"once upon a time"}`,
		"text with output":         `{"text":"once","output":"upon","answer":"a"}`,
		"chat":                     `{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}`,
		"chat with answer":         `{"messages":[{"role":"user","content":"a"}],"output":"x","answer":"y"}`,
		"chat beside text":         `{"messages":[{"role":"user","content":"a"}],"instruction":"i","input":"n"}`,
		"sharegpt with more":       `{"conversations":[{"from":"human","value":"a","weight":0},{"from":"gpt","value":"b","weight":1}]}`,
		"prompt and completion":    `{"prompt":[{"role":"user","content":"a"}],"completion":[{"role":"assistant","content":"b"}]}`,
		"training row":             `{"instruction":"i","output":"o","failure_type":"loss","answer":"a"}`,
		"training row, no output":  `{"instruction":"i","failure_type":"loss","answer":"a","output":""}`,
		"metadata":                 `{"instruction":"i","output":"o","metadata":{"a":[1,null,{"b":"\u0000"}],"c":1.5e300}}`,
		"metadata that is none":    `{"instruction":"i","output":"o","metadata":"m"}`,
		"ids beyond float64":       `{"instruction":"i","output":"o","a":9007199254740993,"b":18446744073709551615,"c":-9223372036854775808}`,
		"minus zero":               `{"instruction":"i","output":"o","a":-0,"b":-0.0,"c":1e-320}`,
		"mixed kinds":              `{"instruction":"i","output":"o","a":true,"b":[],"c":{}}`,
		"names with dots":          `{"instruction":"i","output":"o","a.b":"x","a":{"b":"y"},"A":"z"," ":"s"}`,
		"all Unicode":              `{"instruction":"\u2028<&>\ud83d\ude00\ufeff","output":"\u0001\u007f"}`,
		"numbers where text is":    `{"instruction":"i","output":"o","category":5,"family":[1],"correct_answer":{"a":1}}`,
		"an answer that is a list": `{"instruction":"i","answer":[["f(1)","2"]]}`,
	} {
		t.Run(name, func(t *testing.T) {
			row, err := ParseRow([]byte(line))
			if err != nil {
				t.Fatal(err)
			}
			set := &Set{Rows: []Row{row}}
			for _, ext := range []string{".jsonl", ".parquet"} {
				path := filepath.Join(t.TempDir(), "x"+ext)
				if err := set.Write(path); err != nil {
					t.Fatal(err)
				}
				back, err := Read(path)
				if err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(back.Rows[0], row) && row.Extra["messages"] == nil { // whose turns get other names
					t.Errorf("%s: %#v, want %#v", ext, back.Rows[0], row)
				}
				if back.Hash() != set.Hash() {
					t.Errorf("%s: another hash: %#v, want %#v", ext, back.Rows[0], row)
				}
			}
		})
	}
	t.Run("together", func(t *testing.T) {
		var set Set
		for _, line := range []string{`{"instruction":"i","output":"o","a":1}`, `{"instruction":"i","output":"o","a":"1"}`,
			`{"instruction":"i","output":"o","a":1.5}`, `{"instruction":"i","output":"o"}`, `{"instruction":"i","output":"o","a":{"b":9007199254740993}}`,
			`{"messages":[{"role":"user","content":"a","name":"n"}],"b":1}`, `{"messages":[{"role":"user","content":"a"}],"b":-0.0}`,
			`{"instruction":"i","output":"o","b":9007199254740993}`} {
			row, err := ParseRow([]byte(line))
			if err != nil {
				t.Fatal(err)
			}
			set.Rows = append(set.Rows, row)
		}
		roundTrip(t, &set)
	})
}

// TestWriteIsWholeOrNothing: a failed write leaves the old file, and nothing
// beside it.
func TestWriteIsWholeOrNothing(t *testing.T) {
	good := &Set{Rows: []Row{{Instruction: "i", Output: "o"}}}
	var bad Set
	for range 5000 {
		bad.Rows = append(bad.Rows, Row{Instruction: strings.Repeat("x", 200), Output: "y"})
	}
	bad.Rows = append(bad.Rows, Row{Instruction: "cut \xff off"})
	for _, ext := range []string{".jsonl", ".jsonl.gz", ".ndjson.zst", ".parquet"} {
		dir := t.TempDir()
		path := filepath.Join(dir, "x"+ext)
		if err := good.Write(path); err != nil {
			t.Fatal(err)
		}
		before, _ := os.ReadFile(path)
		err := bad.Write(path)
		if err == nil || !strings.Contains(err.Error(), "row 5001") || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v", ext, err)
		}
		if after, _ := os.ReadFile(path); string(after) != string(before) {
			t.Errorf("%s: the old file was changed", ext)
		}
		if left, _ := os.ReadDir(dir); len(left) != 1 {
			t.Errorf("%s: left behind: %v", ext, left)
		}
	}
}

// TestSetOperations leave their operands alone, and a seed decides an order.
func TestSetOperations(t *testing.T) {
	pool, err := Read("tinyworld/pool")
	if err != nil {
		t.Fatal(err)
	}
	hash := pool.Hash()
	a, b, c := pool.Shuffle(1), pool.Shuffle(1), pool.Shuffle(2)
	if a.Hash() != b.Hash() || a.Hash() == c.Hash() || a.Hash() == hash {
		t.Error("an order is not decided by its seed")
	}
	head := pool.Head(3)
	longer := head.Concat(pool.Head(2))
	longer.Rows[0].Instruction = "changed"
	if head.Len() != 3 || longer.Len() != 5 || pool.Head(-1).Len() != 0 || pool.Head(1e6).Len() != 2586 {
		t.Errorf("lengths %d, %d", head.Len(), longer.Len())
	}
	code := pool.Where(func(r Row) bool { return r.Category == "code" })
	other := pool.Where(func(r Row) bool { return r.Category != "code" })
	if code.Len() == 0 || code.Len()+other.Len() != pool.Len() {
		t.Errorf("%d + %d of %d rows", code.Len(), other.Len(), pool.Len())
	}
	if pool.Hash() != hash || pool.Named("x").Hash() != hash {
		t.Error("the set was changed")
	}
}
