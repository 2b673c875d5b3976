package curate

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cogumi/reports/run"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/experiment/experimenttest"
)

// TestMain is also the process that TestKill kills.
func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		os.Exit(child())
	}
	os.Exit(m.Run())
}

// prose are sentences that differ, so that no two texts of some are alike.
var nouns = []string{"river", "lantern", "carpenter", "violin", "orchard", "harbour", "teacher", "glacier", "kitchen", "market", "soldier", "garden"}
var verbs = []string{"follows", "repairs", "remembers", "describes", "carries", "watches", "questions", "paints", "answers", "surprises", "measures", "forgets"}

func prose(n, words int) string {
	var b strings.Builder
	state := uint64(n)*2654435761 + 12345
	pick := func(list []string) string {
		state = state*6364136223846793005 + 1442695040888963407
		return list[state>>33%uint64(len(list))]
	}
	for i := 0; i < words; i += 6 {
		fmt.Fprintf(&b, "The %s %s the %s of %d%s. ", pick(nouns), pick(verbs), pick(nouns), state>>50, string(rune('a'+state>>40%26)))
	}
	return strings.TrimSpace(b.String())
}

func write(t *testing.T, path string, rows ...any) string {
	t.Helper()
	var b strings.Builder
	for _, r := range rows {
		if text, ok := r.(string); ok {
			b.WriteString(text + "\n")
			continue
		}
		line, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

type m = map[string]any

// raw writes two sources with one row for every filter and gives their descriptions.
func raw(t *testing.T) []string {
	dir := t.TempDir()
	benchmark := "Natalia sold clips to forty eight of her friends in April, and then she sold half as many clips in May. How many did she sell?"
	write(t, filepath.Join(dir, "bench", "test.jsonl"), m{"question": benchmark, "answer": "72"})
	write(t, filepath.Join(dir, "a", "one.jsonl"),
		m{"instruction": prose(1, 20), "output": prose(2, 60), "category": "math"},
		`{"instruction": "cut off`,
		m{"instruction": prose(3, 20), "output": ""},
		m{"instruction": "Why?", "output": "So."},
		m{"instruction": prose(5, 20), "output": "Der Fluss war den ganzen Sommer niedrig, und die Boote lagen schief im Schlamm hinter der alten Mühle, wo niemand mehr vom Regen sprach und die Kinder barfuß liefen."},
		m{"instruction": prose(6, 20), "output": strings.Repeat("Buy our product today. ", 30)},
		m{"instruction": prose(7, 20), "output": "sdfkjh wqrtzp xkcvbn mnbvcx qwrtzp lkjhgf zxcvbnm dfghjkl"},
		m{"instruction": prose(8, 20), "output": prose(9, 40) + " Write to jane.doe@acme-corp.io."},
		m{"instruction": prose(10, 20), "output": prose(11, 40) + " " + benchmark})
	write(t, filepath.Join(dir, "a", "deep", "two.jsonl"),
		m{"instruction": prose(1, 20), "output": prose(2, 60), "category": "math"}, // a duplicate of one.jsonl's first
		m{"instruction": prose(12, 20), "output": prose(13, 40), "category": "code", "source": "elsewhere"})
	other := &dataset.Set{}
	for i := range 6 {
		other.Rows = append(other.Rows, dataset.Row{Extra: m{"q": prose(20+i, 20), "a": m{"text": prose(30+i, 40)}, "topic": []string{"math", "code", "code"}[i%3]}})
	}
	if err := other.Write(filepath.Join(dir, "b.parquet")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TEST_BENCHMARK", filepath.Join(dir, "bench"))
	return []string{"first=" + filepath.Join(dir, "a"), "second=" + filepath.Join(dir, "b.parquet") + ",instruction=q,output=a.text,category=.topic,license=MIT"}
}

var strict = Rules{Format: true, MinTokens: 8, MaxTokens: 2000, Languages: []string{"en"}, Repetition: true, Gibberish: true, PII: PersonalData(), Contamination: true}

func curated(t *testing.T, specs []string) *Rows {
	t.Helper()
	sources, err := Sources(specs)
	if err != nil {
		t.Fatal(err)
	}
	tagged, err := Tag(sources, Tagger{Benchmarks: []string{os.Getenv("TEST_BENCHMARK")}})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := tagged.Mix(strict)
	if err == nil {
		rows, err = rows.Dedup(Dedup{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestCurate: one row for every filter goes through all stages.
func TestCurate(t *testing.T) {
	x := experimenttest.Start(t)
	rows := curated(t, raw(t))
	path := filepath.Join(t.TempDir(), "out.parquet")
	if err := rows.Write(path); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range rows.Stages() {
		got = append(got, fmt.Sprintf("%s %d", s.Name, s.Count))
	}
	want := []string{"rows 17", "readable 16", "format 15", "length 14", "language 13", "repetition 12", "gibberish 11", "personal data 10", "offensive words 10", "contamination 9", "duplicates 8"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	set, err := dataset.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if set.Len() != 8 || set.Rows[0].Instruction != prose(1, 20) || set.Rows[7].Output != prose(35, 40) {
		t.Errorf("%d rows, %+v", set.Len(), set.Rows)
	}
	if r := set.Rows[1]; r.Extra["source"] != "first" || r.Extra["file_source"] != "elsewhere" || r.Extra["language"] != "en" || r.Extra["tokens"].(float64) < 40 {
		t.Errorf("%+v", r)
	}
	if r := set.Rows[2]; r.Instruction != prose(20, 20) || r.Category != "math" || r.Extra["source"] != "second" {
		t.Errorf("%+v", r)
	}
	told(t, experimenttest.Read(t, x))
}

// told: the run says what went and why.
func told(t *testing.T, got *run.Run) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(got.Dir, "artefacts", "removed.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for line := range strings.Lines(string(b)) {
		var r removal
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		list = append(list, fmt.Sprintf("%s:%d %s: %.24s", filepath.Base(r.File), r.Row, r.Filter, r.Why))
	}
	want := []string{"one.jsonl:3 format: no answer", "one.jsonl:4 length: 6 tokens, fewer than 8", "one.jsonl:5 language: it is de", "one.jsonl:6 repetition: one 2-gram of words is 5", "one.jsonl:7 gibberish: 100 % of its words cann", "one.jsonl:8 personal data: 1 × email", "one.jsonl:9 contamination: item 0 of bench/test: \"N"}
	for i, w := range want {
		if i >= len(list) || !strings.HasPrefix(list[i], w[:min(len(w), 28)]) {
			t.Errorf("%q, want %q", list, want)
			break
		}
	}
	bad, err := os.ReadFile(filepath.Join(got.Dir, "artefacts", "bad-rows", "first.jsonl"))
	if err != nil || !strings.Contains(string(bad), `one.jsonl","line":2,"kind":"broken JSON"`) {
		t.Errorf("%s, %v", bad, err)
	}
}

// TestSameBytes: the result does not depend on how the files are cut into parts, nor
// on a run that finds its steps finished.
func TestSameBytes(t *testing.T) {
	specs := raw(t)
	runs := filepath.Join(t.TempDir(), "runs")
	var first []byte
	for i, size := range []int{8192, 3, 1, 8192} {
		defer func(was int) { partRows = was }(partRows)
		partRows = size
		experimenttest.StartIn(t, runs)
		path := filepath.Join(t.TempDir(), "out.jsonl")
		if err := curated(t, specs).Write(path); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = b
		}
		if len(b) == 0 || string(b) != string(first) {
			t.Errorf("parts of %d rows: %d bytes, %d before", size, len(b), len(first))
		}
	}
}

func TestRedact(t *testing.T) {
	experimenttest.Start(t)
	path := write(t, filepath.Join(t.TempDir(), "rows.jsonl"),
		m{"messages": []m{{"role": "user", "content": "I am jane@acme.io, who are you?"}, {"role": "assistant", "content": "Call +49 30 2093 70123."}}})
	sources, err := Sources([]string{path})
	if err != nil {
		t.Fatal(err)
	}
	tagged, err := Tag(sources, Tagger{Redact: true})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := tagged.Mix(Rules{})
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out.jsonl")
	if err := rows.Write(out); err != nil {
		t.Fatal(err)
	}
	set, err := dataset.Read(out)
	if err != nil {
		t.Fatal(err)
	}
	want := []dataset.Message{{Role: "user", Content: "I am [email], who are you?"}, {Role: "assistant", Content: "Call [phone]."}}
	if !reflect.DeepEqual(set.Rows[0].Messages, want) {
		t.Errorf("%+v", set.Rows[0])
	}
}

func TestSources(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "data", "b.jsonl.gz"))
	write(t, filepath.Join(dir, "data", "a.parquet"))
	write(t, filepath.Join(dir, "data", "README.md"))
	write(t, filepath.Join(dir, "data", ".cache", "c.jsonl"))
	write(t, filepath.Join(dir, "rows-1.jsonl"))
	list, err := Sources([]string{filepath.Join(dir, "data"), "mine=" + filepath.Join(dir, "rows-*.jsonl") + ",instruction=q,category=code", "tinyworld/pool"})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 3 || list[0].Name != "data" || len(list[0].Files) != 2 || filepath.Base(list[0].Files[0]) != "a.parquet" ||
		list[1].Name != "mine" || list[1].Category != "code" || list[1].Fields["instruction"] != "q" || list[2].Name != "pool" {
		t.Errorf("%+v", list)
	}
	for _, c := range []struct {
		specs []string
		code  int
		want  string
	}{
		{nil, 2, "no source"},
		{[]string{filepath.Join(dir, "none.jsonl")}, 3, "no such file"},
		{[]string{filepath.Join(dir, "*.txt")}, 3, "nothing fits"},
		{[]string{filepath.Join(dir, "rows-1.jsonl") + ",q=instruction"}, 2, `the key "q" is not known`},
		{[]string{filepath.Join(dir, "rows-1.jsonl") + ",output"}, 2, "is not key=value"},
		{[]string{filepath.Join(dir, "rows-1.jsonl"), filepath.Join(dir, "rows-1.jsonl")}, 2, "two sources have the name"},
	} {
		_, err := Sources(c.specs)
		if err == nil || !strings.Contains(err.Error(), c.want) || experiment.ExitCode(err) != c.code {
			t.Errorf("%q: %v (%d)", c.specs, err, experiment.ExitCode(err))
		}
	}
}

// TestRefused: what cannot be meant ends before the work, or says what is wrong.
func TestRefused(t *testing.T) {
	experimenttest.Start(t)
	dir := t.TempDir()
	bad := write(t, filepath.Join(dir, "bad.jsonl"), m{"q": "?", "a": "!"})
	sources, err := Sources([]string{bad})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Tag(sources, Tagger{}); err == nil || !strings.Contains(err.Error(), "none of its 1 rows can be used") && !strings.Contains(err.Error(), "none of") || experiment.ExitCode(err) != 3 {
		t.Errorf("%v", err)
	}
	good, err := Sources([]string{"tinyworld/eval"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Tag(good, Tagger{Benchmarks: []string{filepath.Join(dir, "none")}}); err == nil || experiment.ExitCode(err) != 3 {
		t.Errorf("%v", err)
	}
	if _, err := Tag(good, Tagger{Tokenizer: filepath.Join(dir, "none")}); err == nil || experiment.ExitCode(err) != 3 {
		t.Errorf("%v", err)
	}
	tagged, err := Tag(good, Tagger{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []Rules{{PII: []string{"names"}}, {MinTokens: 10, MaxTokens: 5}, {Contamination: true}} {
		if _, err := tagged.Mix(r); err == nil || experiment.ExitCode(err) != 2 {
			t.Errorf("%+v: %v", r, err)
		}
	}
	none, err := tagged.Mix(Rules{MinTokens: 100000})
	if err != nil || none.Len() != 0 {
		t.Fatalf("%v", err)
	}
	if none, err = none.Dedup(Dedup{}); err != nil || none.Len() != 0 {
		t.Errorf("%v", err)
	}
	if err := none.Write(filepath.Join(dir, "none.parquet")); err != nil {
		t.Errorf("no rows: %v", err)
	}
}
