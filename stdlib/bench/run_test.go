package bench

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cogumi/kernels/golden"
	"cogumi/reports/run"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/experiment/experimenttest"
	"cogumi/stdlib/llm"
	"cogumi/stdlib/model"
	"cogumi/stdlib/sandbox"
)

// tiny through the harness and through us: the same tokens, log-probabilities within
// 1e-3, the same choices, the same answers.
func TestScoresOfTiny(t *testing.T) {
	r := experimenttest.Start(t)
	m, err := model.LoadOriginal("tiny")
	if err != nil {
		t.Fatal(err)
	}
	suites := map[string]*suite{}
	place := map[string]int{} // task and row → question
	for _, name := range []string{"mmlu", "gsm8k"} {
		s, err := newSuite(r, m, name, Config{Data: golden.Dir(t, "data"), Limit: 10, Shots: -1})
		if err != nil {
			t.Fatal(err)
		}
		var kept []*question
		for _, want := range lines[recordedScore](t, "tiny_scores.jsonl") {
			for _, q := range s.questions {
				if q.task == want.Task && q.row == want.Row {
					place[jsonOf([]any{q.task, q.row})] = len(kept)
					kept = append(kept, q)
				}
			}
		}
		s.questions = kept
		if err = s.answer(); err == nil {
			err = s.grade()
		}
		if err != nil {
			t.Fatal(err)
		}
		suites[name] = s
	}
	engine, _, err := m.Computing(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, want := range lines[recordedScore](t, "tiny_scores.jsonl") {
		s := suites["gsm8k"]
		if strings.HasPrefix(want.Task, "mmlu") {
			s = suites["mmlu"]
		}
		i, ok := place[jsonOf([]any{want.Task, want.Row})]
		if !ok {
			t.Errorf("%s row %d is not among the first", want.Task, want.Row)
			continue
		}
		seen++
		compareScore(t, engine, s, i, want)
	}
	if seen < 20 {
		t.Errorf("%d items were compared", seen)
	}
}

type recordedScore struct {
	Task     string
	Row      int
	Context  []int32   `json:"context_ids"`
	Choices  [][]int32 `json:"continuation_ids"`
	LogProbs []float64 `json:"loglikelihoods"`
	Greedy   []bool    `json:"is_greedy"`
	Acc      float64
	Prompt   []int32 `json:"prompt_ids"`
	Response *string
}

func compareScore(t *testing.T, engine *llm.Model, s *suite, i int, want recordedScore) {
	t.Helper()
	it, q := s.items[i], s.questions[i]
	if want.Response != nil {
		if got := encode(engine.Tokenizer, q.plain()); !slices.Equal(got, want.Prompt) {
			t.Errorf("%s row %d: prompt %v, want %v", want.Task, want.Row, got, want.Prompt)
		}
		if it.Answer != *want.Response {
			t.Errorf("%s row %d: %q, want %q", want.Task, want.Row, it.Answer, *want.Response)
		}
		return
	}
	a := &asking{suite: s, engine: engine}
	for k, text := range q.continuations(false) {
		context, rest := a.pair(q.plain(), text)
		if !slices.Equal(context, want.Context) || !slices.Equal(rest, want.Choices[k]) {
			t.Errorf("%s row %d: %v %v, want %v %v", want.Task, want.Row, context, rest, want.Context, want.Choices[k])
		}
		if math.Abs(it.LogProbs[k]-want.LogProbs[k]) > 1e-3 || it.Greedy[k] != want.Greedy[k] {
			t.Errorf("%s row %d, %q: %v %t, want %v %t", want.Task, want.Row, text, it.LogProbs[k], it.Greedy[k], want.LogProbs[k], want.Greedy[k])
		}
	}
	if it.Right != (want.Acc == 1) {
		t.Errorf("%s row %d: right %t, want %v", want.Task, want.Row, it.Right, want.Acc)
	}
}

// A run that was killed goes on with what is missing, and ends with the same bytes.
func TestResume(t *testing.T) {
	root := t.TempDir()
	once := func(kill int) (answers []byte, asked int) {
		r := experimenttest.StartIn(t, filepath.Join(root, "runs"))
		m, err := model.LoadOriginal("tiny")
		if err != nil {
			t.Fatal(err)
		}
		s, err := newSuite(r, m, "mmlu", Config{Data: golden.Dir(t, "data"), Limit: 1, Shots: -1})
		if err != nil {
			t.Fatal(err)
		}
		work := filepath.Join(root, "work")
		if err := os.MkdirAll(work, 0o755); err != nil {
			t.Fatal(err)
		}
		if kill > 0 { // what a kill leaves: some lines, the last one cut
			b, err := os.ReadFile(filepath.Join(work, "journal.tmp"))
			if err != nil {
				t.Fatal(err)
			}
			all := strings.SplitAfter(string(b), "\n")
			if err := os.WriteFile(filepath.Join(work, "journal.tmp"), []byte(strings.Join(all[:kill], "")+all[kill][:9]), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		before, _ := os.ReadFile(filepath.Join(work, "journal.tmp"))
		if err := s.ask(&experiment.Work{Dir: work}); err != nil {
			t.Fatal(err)
		}
		after, err := os.ReadFile(filepath.Join(work, "journal.tmp"))
		if err != nil {
			t.Fatal(err)
		}
		answers, err = os.ReadFile(filepath.Join(work, answersFile))
		if err != nil {
			t.Fatal(err)
		}
		return answers, strings.Count(string(after), "\n") - strings.Count(string(before), "\n")
	}
	want, asked := once(0)
	if asked != 57 {
		t.Errorf("%d questions asked", asked)
	}
	got, asked := once(20)
	if asked != 37 || string(got) != string(want) {
		t.Errorf("after the kill %d were asked; equal %t", asked, string(got) == string(want))
	}
}

// What the report and the result get of a whole run.
func TestRun(t *testing.T) {
	r := experimenttest.Start(t)
	m, err := model.LoadOriginal("tiny")
	if err != nil {
		t.Fatal(err)
	}
	got, err := Run(m, Config{Data: golden.Dir(t, "data"), Tasks: []string{"mmlu", " gsm8k"}, Limit: 1, Shots: -1})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Items) != 58 || got.Score("gsm8k").N != 1 || got.Score("mmlu").N != 57 || got.Score("mmlu").Of != 14042 {
		t.Errorf("%d items, %+v", len(got.Items), got.Score("mmlu"))
	}
	if b, err := json.Marshal(got); err != nil || strings.Contains(string(b), "NaN") {
		t.Error(string(b), err)
	}
	parquet := filepath.Join(r.Dir(), "artefacts", "bench-mmlu.parquet")
	if _, err := os.Stat(parquet); err != nil {
		t.Error(err)
	}
	told := experimenttest.Read(t, r)
	var groups, refs int
	for _, b := range told.Benchmarks() {
		if b.Group == "mmlu" {
			groups++
		}
		refs += len(b.References)
	}
	if groups != 61 || refs == 0 { // 57 subjects and four fields
		t.Errorf("%d parts, %d references", groups, refs)
	}
	if !slices.ContainsFunc(told.Checks(), func(c run.Check) bool { return c.Topic == "bench" && c.Outcome == "ok" }) {
		t.Error("the files are not said to be whole")
	}
}

func TestRunRefuses(t *testing.T) {
	experimenttest.Start(t)
	m, err := model.LoadOriginal("tiny")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		config     Config
		want, hint string
	}{
		{Config{Tasks: []string{"gsm8"}}, `no benchmark is called "gsm8"`, "gsm8k?"},
		{Config{}, "no benchmark is named", "known are mmlu"},
		{Config{Tasks: []string{"mmlu"}, Data: t.TempDir()}, "the test set of MMLU", "--data is a folder with mmlu/test.jsonl"},
		{Config{Tasks: []string{"bbh"}, Data: golden.Dir(t, "data")}, "the worked examples of BBH's boolean_expressions", "bbh/cot-prompts"},
		{Config{Tasks: []string{"mbpp"}, Data: golden.Dir(t, "data"), Shots: 4}, "three examples, 4 are asked for", ""},
	} {
		_, err := Run(m, c.config)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(experiment.HintOf(err), c.hint) {
			t.Errorf("%v (%s), want %q", err, experiment.HintOf(err), c.want)
		}
	}
}

// Where there is no sandbox, tasks of programs have no score; the others have.
func TestNoSandbox(t *testing.T) {
	r := experimenttest.Start(t)
	m, err := model.LoadOriginal("tiny")
	if err != nil {
		t.Fatal(err)
	}
	available = func() error { return &sandbox.UnsupportedError{Reason: "no user namespaces"} }
	t.Cleanup(func() { available = sandbox.Available })
	if _, err := Run(m, Config{Data: golden.Dir(t, "data"), Tasks: []string{"humaneval"}}); !errors.Is(err, sandbox.ErrUnsupported) {
		t.Error(err)
	}
	got, err := Run(m, Config{Data: golden.Dir(t, "data"), Tasks: []string{"humaneval", "gsm8k"}, Limit: 1, Shots: -1})
	if err != nil || got.Score("gsm8k").N != 1 || got.Score("humaneval").N != 0 {
		t.Errorf("%+v %v", got, err)
	}
	told := experimenttest.Read(t, r)
	if !slices.ContainsFunc(told.Notes(), func(n run.Note) bool { return strings.Contains(n.Text, "HumanEval is not run and has no score") }) {
		t.Error("nothing says so")
	}
}
