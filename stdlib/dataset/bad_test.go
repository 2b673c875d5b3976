package dataset

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cogumi/reports/run"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/experiment/experimenttest"

	"github.com/klauspost/compress/gzip"
)

func put(t *testing.T, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// badLines are lines with the kind of what is wrong; "" is a good or blank line.
var badLines = []struct{ text, kind string }{
	{`{"instruction":"one","output":"1"}`, ""},
	{`{"instruction":"two"`, badJSON},
	{``, ""},
	{"   \t", ""},
	{`{"instruction":"five"} trailing`, badJSON},
	{`{"instruction":6,"output":"x"}`, badType},
	{`{"instruction":"seven","output":["x"]}`, badType},
	{`{"outputs":"eight"}`, badMissing},
	{"{\"instruction\":\"nine \xff\"}", badUTF8},
	{`{"instruction":"ten \ud800"}`, badUTF8},
	{`["eleven"]`, badShape},
	{`null`, badShape},
	{`{}`, badEmpty},
	{`{"instruction":"  "}`, badEmpty},
	{`{"instruction":"a","instruction":"b"}`, badJSON},
	{`{"instruction":"sixteen","n":1e999}`, badJSON},
	{`{"messages":[]}`, badEmpty},
	{`{"messages":"hello"}`, badType},
	{`{"messages":[{"role":"user"}]}`, badMissing},
	{`{"messages":[{"role":"user","content":7}]}`, badType},
	{`{"conversations":[{"from":"martian","value":"x"}]}`, badType},
	{`{"messages":["x"]}`, badType},
	{"\x00\x00\x00\x00", badJSON},
	{`{"instruction":"` + strings.Repeat("y", 500) + `"}`, badLong},
	{`{"instruction":"last","output":"25"}`, ""},
}

// TestBadLines: each bad line is located, named and kept, whatever the end of
// lines and the packing; the good ones are all there.
func TestBadLines(t *testing.T) {
	for _, eol := range []string{"\n", "\r\n"} {
		for _, pack := range []string{"", ".gz"} {
			var text bytes.Buffer
			text.WriteString("\ufeff")
			for _, l := range badLines {
				text.WriteString(l.text + eol)
			}
			b := bytes.TrimSuffix(text.Bytes(), []byte(eol)) // the last line has no end
			if pack != "" {
				var z bytes.Buffer
				w := gzip.NewWriter(&z)
				w.Write(b)
				w.Close()
				b = z.Bytes()
			}
			path := put(t, "rows.jsonl"+pack, b)
			var bad []Bad
			var good []string
			_, _, err := each(path, 200, func(r Row) error { good = append(good, r.Instruction); return nil }, func(b Bad) { bad = append(bad, b) })
			if err != nil || !slices.Equal(good, []string{"one", "last"}) {
				t.Fatalf("%q%s: %v, %v", eol, pack, good, err)
			}
			for i, l := range badLines {
				if l.kind == "" {
					continue
				}
				if len(bad) == 0 {
					t.Fatalf("line %d is missing", i+1)
				}
				got := bad[0]
				bad = bad[1:]
				if got.Line != i+1 || got.Kind != l.kind || got.File != path || got.Why == "" {
					t.Errorf("line %d %q: %+v, want %q", i+1, clip(l.text, 40), got, l.kind)
				}
				kept := got.Text
				if kept == "" {
					raw, _ := base64.StdEncoding.DecodeString(got.Base64)
					kept = string(raw)
				}
				if l.kind != badLong && kept != l.text || kept == "" || !strings.HasPrefix(l.text, kept) {
					t.Errorf("line %d: kept %q of %q", i+1, kept, l.text)
				}
			}
			if len(bad) != 0 {
				t.Errorf("good rows taken for bad: %+v", bad)
			}
		}
	}
}

// TestBadRowsAreSetAside: Read counts them, puts them into the run's folder and
// says so in a note with the first place of each kind.
func TestBadRowsAreSetAside(t *testing.T) {
	x := experimenttest.Start(t)
	path := put(t, "mixed.jsonl", []byte(`{"instruction":"a"}`+"\n"+`{"instruction":`+"\n"+`{"a":1}`+"\n"+`{"b":1}`+"\n"))
	set, err := Read(path)
	if err != nil || set.Len() != 1 || set.Bad != 3 {
		t.Fatalf("%+v, %v", set, err)
	}
	if !strings.HasPrefix(set.Side, x.Dir()) {
		t.Errorf("set aside in %s, not in the run's folder", set.Side)
	}
	text, err := os.ReadFile(set.Side)
	if err != nil {
		t.Fatal(err)
	}
	var lines []int
	for line := range strings.Lines(string(text)) {
		var b Bad
		if err := json.Unmarshal([]byte(line), &b); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, b.Line)
	}
	if !slices.Equal(lines, []int{2, 3, 4}) {
		t.Errorf("set aside: lines %v", lines)
	}
	got := experimenttest.Read(t, x)
	if !slices.ContainsFunc(got.Notes(), func(n run.Note) bool {
		return strings.Contains(n.Text, "3 of 4 rows") && strings.Contains(n.Text, "2 × missing field (first at mixed.jsonl:3") && strings.Contains(n.Hint, set.Side)
	}) {
		t.Errorf("notes: %+v", got.Notes())
	}
}

// TestBadInputs: errors name the file and say what to do.
func TestBadInputs(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"only.jsonl": "{\n[1]\n", "rows.csv": "a,b\n", "none": "x", "lfs.jsonl": "version https://git-lfs.github.com/spec/v1\n",
		"cut.parquet": "PAR1", "text.parquet": "hello, this is no parquet file at all", "empty.parquet": "", "really.jsonl": "PAR1xxxxxxxx",
		"cut.jsonl.gz": "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\xab", "bare.jsonl.gz": "{}", "list.json": `[{"instruction":"a"},{"instr`, "pool.jsonl": "x",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ path, says, hint string }{
		{"only.jsonl", "none of its 2 rows", "A row needs one of the fields instruction"},
		{"rows.csv", "does not say", ".parquet"},
		{"none", "does not say", ".jsonl"},
		{"lfs.jsonl", "Git LFS", "git lfs pull"},
		{"cut.parquet", "after row 0", "damaged"},
		{"text.parquet", "after row 0", "damaged"},
		{"empty.parquet", "after row 0", "damaged"},
		{"really.jsonl", "Parquet", ".parquet"},
		{"cut.jsonl.gz", "cut.jsonl.gz", "damaged"},
		{"bare.jsonl.gz", "not packed", "Rename"},
		{"list.json", "after row 1", "damaged"},
		{"", "folder", "cut.jsonl.gz"},
		{"pol.jsonl", "no such file", "pool.jsonl"},
		{"deep/pol.jsonl", "no such file", "tinyworld/pool"},
	} {
		path := filepath.Join(dir, c.path)
		set, err := Read(path)
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, error %v", c.path, set, err)
		} else if !strings.Contains(experiment.HintOf(err), c.hint) {
			t.Errorf("%s: hint %q, want %q", c.path, experiment.HintOf(err), c.hint)
		} else if experiment.ExitCode(err) != 3 {
			t.Errorf("%s: exit code %d", c.path, experiment.ExitCode(err))
		}
	}
	for _, name := range []string{"x.csv", "x", "x.json", "x.parquet.gz"} {
		path := filepath.Join(dir, "out", name)
		if err := (&Set{}).Write(path); err == nil || experiment.HintOf(err) == "" {
			t.Errorf("write %s: %v", name, err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s was written all the same", name)
		}
	}
}

// TestCutOff: a packed file without its end is no shorter file.
func TestCutOff(t *testing.T) {
	set, err := Read("tinyworld/eval")
	if err != nil {
		t.Fatal(err)
	}
	for _, ext := range []string{".jsonl.gz", ".jsonl.zst", ".parquet"} {
		path := filepath.Join(t.TempDir(), "x"+ext)
		if err := set.Write(path); err != nil {
			t.Fatal(err)
		}
		whole, _ := os.ReadFile(path)
		for _, keep := range []int{len(whole) - 1, len(whole) / 2, 20} {
			os.WriteFile(path, whole[:keep], 0o644)
			if s, err := Read(path); err == nil {
				t.Errorf("%s: %d of %d bytes gave %d rows and no error", ext, keep, len(whole), s.Len())
			}
		}
	}
}

// TestCallbacksEndReading: an error or a panic of the caller's function reaches
// the caller as it is, whatever the format.
func TestCallbacksEndReading(t *testing.T) {
	set, err := Read("tinyworld/pool")
	if err != nil {
		t.Fatal(err)
	}
	mine := errors.New("enough")
	for _, ext := range []string{".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet"} {
		path := filepath.Join(t.TempDir(), "x"+ext)
		if err := set.Write(path); err != nil {
			t.Fatal(err)
		}
		n := 0
		if err := Each(path, func(Row) error { n++; return mine }, nil); !errors.Is(err, mine) || n != 1 {
			t.Errorf("%s: %d rows, error %v", ext, n, err)
		}
		got := func() (p any) {
			defer func() { p = recover() }()
			return fmt.Sprint("returned ", Each(path, func(Row) error { panic(mine) }, nil))
		}()
		if got != any(mine) {
			t.Errorf("%s: a panic became %v", ext, got)
		}
	}
}
