package extract

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cogumi/kernels/golden"
	"cogumi/reports/run"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/experiment/experimenttest"
	"cogumi/stdlib/judge"
)

// TestRecordedJudgements: the rows of two recorded benchmarks are those that
// were made of them before, field by field: 12 + 16 losses, with ties 47 + 26.
func TestRecordedJudgements(t *testing.T) {
	dir := golden.Dir(t, "data/cogumi-phase1b")
	for _, c := range []struct {
		ties       bool
		math, code int
		file       string
	}{{false, 12, 16, "_losses_only.jsonl"}, {true, 47, 26, "_failures_from_benchmark.jsonl"}} {
		x := experimenttest.Start(t)
		list, err := Judged(dir, JudgedOptions{Ties: c.ties})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]int{}
		for _, j := range list {
			got[j.Category] = j.Failures.Len()
			if j.Wins+j.Losses+j.Ties != j.Judged || j.Judged != 50 || !j.LocalAlwaysFirst {
				t.Errorf("%+v", j)
			}
			if n := HasTies(j.Failures); n != map[bool]int{true: j.Ties}[c.ties] {
				t.Errorf("%s: %d ties, %d judged so", j.Category, n, j.Ties)
			}
			sameRows(t, j, filepath.Join(dir, "training_from_benchmark", j.Category+c.file))
		}
		if want := map[string]int{"math": c.math, "code": c.code}; !reflect.DeepEqual(got, want) {
			t.Errorf("ties %v: %v, want %v", c.ties, got, want)
		}
		warned := slices.ContainsFunc(experimenttest.Read(t, x).Notes(), func(n run.Note) bool {
			return n.Level == "warn" && strings.Contains(n.Text, "ties") && strings.Contains(n.Text, "mistake") && strings.Contains(n.Hint, "--ties")
		})
		if warned != c.ties {
			t.Errorf("ties %v: warned %v", c.ties, warned)
		}
	}
}

// TestWrittenRecords: what a comparison writes is read back: losses in both orders
// alone, flips and errors apart, and nothing is said of one order.
func TestWrittenRecords(t *testing.T) {
	x := experimenttest.Start(t)
	pair := func(category, ours string) judge.Pair {
		return judge.Pair{Row: dataset.Row{Instruction: "q " + ours, Category: category, Output: "1 + 1 = 2\n#### 2", Answer: "2"}, Ours: ours, Theirs: "theirs"}
	}
	two := []judge.Decision{{Winner: judge.Second, Reason: "because"}, {Winner: judge.First}}
	r := &judge.Result{Ours: "tuned", Theirs: "teacher", Verdicts: []judge.Verdict{
		{Pair: pair("math", "w"), Outcome: judge.Won, Said: two}, {Pair: pair("math", "l"), Outcome: judge.Lost, Said: two},
		{Pair: pair("math", "t"), Outcome: judge.Drawn, Said: two}, {Pair: pair("math", "f"), Outcome: judge.Flip, Said: two},
		{Pair: pair("math", "e"), Outcome: judge.Failed, Error: "cut"}, {Pair: pair("", "l2"), Outcome: judge.Lost, Said: two}}}
	dir := filepath.Join(t.TempDir(), "judged")
	files, err := r.WriteRecords(dir)
	if err != nil || len(files) != 2 {
		t.Fatalf("%v, %v", files, err)
	}
	list, err := Judged(dir, JudgedOptions{})
	if err != nil || len(list) != 2 {
		t.Fatalf("%v, %v", list, err)
	}
	if j := list[1]; j.Category != "math" || j.Judged != 4 || j.Wins != 1 || j.Losses != 1 || j.Ties != 1 || j.Flips != 1 || j.LocalAlwaysFirst {
		t.Errorf("%+v", j)
	}
	if rows := list[1].Failures.Rows; len(rows) != 1 || rows[0].ModelResponse != "l" || rows[0].CorrectAnswer != "2" || rows[0].FailureType != "loss" {
		t.Errorf("%+v", rows)
	}
	if j := list[0]; j.Category != "all" || j.Failures.Len() != 1 || j.Failures.Rows[0].Output != "theirs" {
		t.Errorf("%+v", j)
	}
	if notes := experimenttest.Read(t, x).Notes(); len(notes) != 0 {
		t.Errorf("%+v", notes)
	}
}

// sameRows compares rows as they are written with a file's: what a file leaves
// out is null here.
func sameRows(t *testing.T, j *Judgements, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) != j.Failures.Len() {
		t.Fatalf("%d rows, %s has %d", j.Failures.Len(), filepath.Base(path), len(lines))
	}
	for i, line := range lines {
		var got, want map[string]any
		b, err := j.Failures.Rows[i].Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(line), &want); err != nil {
			t.Fatal(err)
		}
		for name, v := range got {
			if !reflect.DeepEqual(v, want[name]) {
				t.Errorf("%s row %d %s: %.200q, want %.200q", filepath.Base(path), i+1, name, v, want[name])
			}
			delete(want, name)
		}
		if len(want) > 0 {
			t.Errorf("%s row %d lacks %v", filepath.Base(path), i+1, want)
		}
	}
}

// TestBadRecords: the error names file and result, and says what to do.
func TestBadRecords(t *testing.T) {
	for name, text := range map[string]string{
		"broken":  `{"results":[`,
		"results": `{"category":"math"}`,
		"winner":  `{"results":[{"prompt":"p","judgment":{"winner":"C"}}]}`,
		"type":    `{"results":{"a":1}}`,
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "math"+suffix)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if list, err := Judged(dir, JudgedOptions{}); err == nil || !strings.Contains(err.Error(), path) || experiment.HintOf(err) == "" {
			t.Errorf("%s: %+v, error %v, hint %q", name, list, err, experiment.HintOf(err))
		}
	}
	if _, err := Judged(t.TempDir(), JudgedOptions{}); err == nil || experiment.HintOf(err) == "" {
		t.Errorf("an empty folder: %v", err)
	}
}

func TestFinalNumber(t *testing.T) {
	for truth, want := range map[string]string{"a\n#### 64": "64", "#### 1\n#### 2 ": "2", "x #### 1 #### 2": "2", "####7\n": "7", "none": "", "#### 1,200": "1,200"} {
		if got := finalNumber(truth); got != want {
			t.Errorf("%q: %q, want %q", truth, got, want)
		}
	}
}

// TestRightAnswersAreNoFailures: what was judged lost and is known to be right is
// counted and left out, and the report says so.
func TestRightAnswersAreNoFailures(t *testing.T) {
	dir := t.TempDir()
	text := `{"category": "math", "results": [
{"prompt": "1 + 1?", "local_response": "3", "gpt4_response": "2", "judgment": {"winner": "B"}, "outcome": "loss", "local_is": "wrong", "orders": [{}, {}]},
{"prompt": "1 + 2?", "local_response": "3", "gpt4_response": "three", "judgment": {"winner": "B"}, "outcome": "loss", "local_is": "right", "orders": [{}, {}]},
{"prompt": "Write.", "local_response": "x", "gpt4_response": "y", "judgment": {"winner": "B"}, "outcome": "loss", "orders": [{}, {}]},
{"prompt": "Flip.", "local_response": "x", "gpt4_response": "y", "judgment": {"winner": "TIE"}, "outcome": "flip", "local_is": "wrong", "orders": [{}, {}]}]}`
	if err := os.WriteFile(filepath.Join(dir, "math_intermediate.json"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	x := experimenttest.Start(t)
	list, err := Judged(dir, JudgedOptions{})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	j := list[0]
	if j.Losses != 3 || j.Refuted != 1 || j.Flips != 1 || j.Failures.Len() != 2 || j.Failures.Rows[1].Instruction != "Write." {
		t.Errorf("%+v", j)
	}
	if !slices.ContainsFunc(experimenttest.Read(t, x).Notes(), func(n run.Note) bool { return strings.Contains(n.Text, "1 answers were judged lost") }) {
		t.Error("nothing says that one is left out")
	}
}
