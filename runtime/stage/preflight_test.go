package stage

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
)

// write puts a file into the test's folder and returns its path.
func write(t testing.TB, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

const (
	problemLine = `{"instruction": "2+2?", "response": "4", "answer": "4"}` + "\n"
	plainLine   = `{"prompt": "say hi", "output": "hi"}` + "\n"
	trainLine   = `{"instruction": "a", "output": "b", "failure_type": "loss", "correct_answer": "b"}` + "\n"
	judgedJSON  = `{"timestamp": "x", "results": [{"prompt": "p", "judgment": {"winner": "A"}}]}`
)

func TestSniff(t *testing.T) {
	dir := t.TempDir()
	var gz, zs bytes.Buffer
	z := gzip.NewWriter(&gz)
	z.Write([]byte(problemLine + problemLine))
	z.Close()
	y, _ := zstd.NewWriter(&zs)
	y.Write([]byte(plainLine))
	y.Close()
	type row struct {
		Messages []string `parquet:"messages,list"`
		ID       int64    `parquet:"id"`
	}
	var pq bytes.Buffer
	if err := parquet.Write(&pq, []row{{ID: 1}, {ID: 2}}); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, content string
		kind          Kind
		rows          int
	}{
		{"problems.jsonl", problemLine, Problems, 1},
		{"problems.jsonl.gz", gz.String(), Problems, 2},
		{"plain.jsonl.zst", zs.String(), InstructionRows, 1},
		{"blank.jsonl", "\n\n" + plainLine + "\n" + plainLine, InstructionRows, 2},
		{"train.jsonl", trainLine, TrainingRows, 1},
		{"chat.jsonl", `{"messages": []}`, ChatRows, 1},
		{"pairs.jsonl", `{"prompt": "p", "chosen": "a", "rejected": "b"}`, PreferenceRows, 1},
		{"other.jsonl", `{"a": 1}`, Rows, 1},
		{"junk.jsonl", "not json\n", "", 1},
		{"empty.jsonl", "", "", 0},
		{"long.jsonl", `{"instruction": "` + strings.Repeat("x", 3<<20) + `"}` + "\n" + plainLine, "", 2},
		{"rows.parquet", pq.String(), ChatRows, 2},
		{"verdicts.json", judgedJSON, JudgedRecords, 0},
		{"list.json", `[{"winner": "B"}]`, JudgedRecords, 0},
		{"result.json", `{"base": {"n": 1}, "results": 3}`, Result, 0},
		{"judged/math.json", judgedJSON, JudgedRecords, 0},
		{"deeper/down/math.json", judgedJSON, JudgedRecords, 0},
		{"deepest/a/b/c/math.json", judgedJSON, Folder, 0},
		{"adapter/adapter_config.json", "{}", Adapter, 0},
		{"stuff/readme.txt", "hi", Folder, 0},
		{"table.csv", "a,b\n", TableFile, 0},
		{"what.bin", "??", "", 0},
	}
	for _, tt := range tests {
		path := write(t, dir, tt.name, tt.content)
		if before, _, ok := strings.Cut(tt.name, "/"); ok {
			path = filepath.Join(dir, before)
		}
		got, err := Sniff(path)
		if err != nil || got.Kind != tt.kind || got.Rows != tt.rows {
			t.Errorf("%s is %q with %d rows (%v), want %q with %d", tt.name, got.Kind, got.Rows, err, tt.kind, tt.rows)
		}
	}
	write(t, dir, "model/config.json", "{}")
	write(t, dir, "model/model.safetensors", "")
	if got, err := Sniff(filepath.Join(dir, "model")); err != nil || got.Kind != Model {
		t.Errorf("the model folder is %q, %v", got.Kind, err)
	}
	for name, content := range map[string]string{"bad.parquet": "PAR1", "bad.json": "nope", "bad.jsonl.gz": "xx", "bad.jsonl.zst": "xx"} {
		if got, err := Sniff(write(t, dir, name, content)); err == nil {
			t.Errorf("%s is taken for %q", name, got.Kind)
		}
	}
}

func TestPreflight(t *testing.T) {
	dir := t.TempDir()
	problems := write(t, dir, "problems.jsonl", problemLine)
	judged := filepath.Dir(write(t, dir, "judged/math.json", judgedJSON))
	scale := small("scale", "3", "--pool F (default tinyworld/pool) | problems | rows>=2", "none")
	extract := small("extract", "2", "--records DIR | judged records | from=bench.go", "--out F (default data/train.jsonl) | training rows")
	bench := small("bench", "1", "--model M (default tiny) | model", "--to DIR (default data/judged) | judged records")
	train := small("train", "3", "data/train.jsonl | instruction rows | from=extract.go", "none")
	maybe := small("maybe", "3", "--notes F | text | optional", "none")
	set := NewSet([]*Script{scale, extract, bench, train, maybe})
	tests := []struct {
		name          string
		script        *Script
		args          []string
		message, hint string // "" for nothing wrong
	}{
		{"a default that comes with cogumi", scale, nil, "", ""},
		{"not there", scale, []string{"--pool", "gone.jsonl"}, "scale needs problems, and --pool gone.jsonl does not exist", "give a path to problems"},
		{"too few rows", scale, []string{"--pool=" + problems}, "needs at least 2 rows, but --pool " + problems + " holds 1", ""},
		{"wrong kind", scale, []string{"--pool", judged}, "holds judged records", "for judged records use: cogumi run extract --records " + judged},
		{"right kind", extract, []string{"--records", judged}, "", ""},
		{"no default", extract, nil, "extract needs --records DIR, which has no default", "bench makes it: cogumi run bench"},
		{"made elsewhere", extract, []string{"--records", "here"}, "--records here does not exist", "cogumi run bench --to here"},
		{"fixed path", train, nil, "train needs instruction rows, and data/train.jsonl does not exist", "extract makes it: cogumi run extract"},
		{"hub id", bench, []string{"--model", "org/name"}, "", ""},
		{"no such folder", bench, []string{"--model", "./gone"}, "--model ./gone does not exist", ""},
		{"rows for a model", bench, []string{"--model", problems}, "needs model, but --model " + problems + " holds problems", "cogumi run scale --pool " + problems},
		{"optional, not given", maybe, nil, "", ""},
		{"optional, given, not there", maybe, []string{"--notes", "gone.txt"}, "--notes gone.txt does not exist", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			values, err := tt.script.ReadArgs(tt.args)
			if err != nil {
				t.Fatal(err)
			}
			m := Preflight(tt.script, set, values)
			switch {
			case m == nil && tt.message != "":
				t.Errorf("nothing is wrong, want %q", tt.message)
			case m != nil && (tt.message == "" || !strings.Contains(m.Message, tt.message) || !strings.Contains(m.Hint, tt.hint)):
				t.Errorf("got %q (%q), want %q (%q)", m.Message, m.Hint, tt.message, tt.hint)
			}
		})
	}
}

func TestReadArgs(t *testing.T) {
	s, problems := Parse("x.go", script(fullHeader, fullBody))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	v, err := s.ReadArgs([]string{"a", "--seed", "-3", "-fast", "--pool=p=q", "-5", "--", "--seed"})
	if err != nil {
		t.Fatal(err)
	}
	if v.Get(s, "seed") != "-3" || v.Get(s, "fast") != "true" || v.Get(s, "pool") != "p=q" || v.Get(s, "out") != "" || strings.Join(v.Rest, " ") != "a -5 --seed" {
		t.Errorf("values are %+v", v)
	}
	for args, want := range map[string]string{
		"--sede 3":      "x has no flag --sede",
		"--seed":        "--seed needs a value",
		"--seed --fast": "--seed needs a value",
		"--seed=x":      "--seed x: not a whole number",
		"--fast=maybe":  "--fast maybe: not true or false",
	} {
		if _, err := s.ReadArgs(strings.Fields(args)); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", args, err, want)
		}
	}
}

func FuzzSniff(f *testing.F) {
	for _, s := range []string{judgedJSON, problemLine, `[{"winner":1}]`, `{"results": [`, `{"a": {"b": [1,2`, "[[[["} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, read := range []func(io.Reader) (Found, error){readJSONKind, readLinesKind} {
			found, err := read(bytes.NewReader(b))
			if err == nil && found.Kind != "" && !found.Kind.known() || found.Rows > len(b) {
				t.Errorf("kind %q with %d rows", found.Kind, found.Rows)
			}
		}
	})
}
