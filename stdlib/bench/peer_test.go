package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cogumi/kernels/golden"
	"cogumi/stdlib/experiment/experimenttest"
	"cogumi/stdlib/llm"
	"cogumi/stdlib/model"
)

// peer runs a program of docs/bench/lm-eval where COGUMI_PEER_PYTHON names a Python
// that has lm_eval. COGUMI_PEER_KEEP is a folder whose files are taken for what it
// would write.
func peer(t *testing.T, keep, script string, args ...string) []byte {
	t.Helper()
	python := os.Getenv("COGUMI_PEER_PYTHON")
	if dir := os.Getenv("COGUMI_PEER_KEEP"); dir != "" {
		if b, err := os.ReadFile(filepath.Join(dir, keep)); err == nil {
			return b
		}
	}
	if python == "" || exec.Command(python, "-c", "import importlib.util as u; exit(u.find_spec('lm_eval') is None)").Run() != nil {
		t.Skip("COGUMI_PEER_PYTHON names no Python with lm_eval (make test-peers)")
	}
	var failed bytes.Buffer
	cmd := exec.Command(python, append([]string{filepath.Join("..", "..", "docs", "bench", "lm-eval", script)}, args...)...)
	cmd.Stderr = &failed
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, failed.String())
	}
	return out
}

// The prompts of all 27 tasks of BBH and of MBPP, byte for byte, from the harness's
// own task files, and from files as the data set's cot-prompts have them.
func TestPeerPrompts(t *testing.T) {
	data := golden.Dir(t, "data")
	lines := strings.Split(strings.TrimSpace(string(peer(t, "prompts.jsonl", "prompts.py", data, "2"))), "\n")
	var head struct{ Tasks string }
	if err := json.Unmarshal([]byte(lines[0]), &head); err != nil {
		t.Fatal(err)
	}
	type prompt struct {
		Task, Prompt, Target string
		Row                  int
		Until                []string
	}
	want := map[string][]prompt{}
	for _, line := range lines[1:] {
		var p prompt
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			t.Fatal(err)
		}
		want[p.Task] = append(want[p.Task], p)
	}
	for _, from := range []string{"cot_fewshot", "cot-prompts"} {
		dir := t.TempDir()
		link(t, filepath.Join(data, "mbpp"), filepath.Join(dir, "mbpp"))
		if err := os.MkdirAll(filepath.Join(dir, "bbh", from), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, task := range bbhTasks {
			link(t, filepath.Join(data, "bbh", task.name+".json"), filepath.Join(dir, "bbh", task.name+".json"))
			yaml := filepath.Join(head.Tasks, "bbh", "cot_fewshot", task.name+".yaml")
			if from == "cot_fewshot" {
				link(t, yaml, filepath.Join(dir, "bbh", from, task.name+".yaml"))
				continue
			}
			b, err := os.ReadFile(yaml)
			if err != nil {
				t.Fatal(err)
			}
			w, err := parseWorkedYAML(b)
			if err != nil {
				t.Fatal(err)
			}
			text := "canary\n-----\n" + strings.TrimSuffix(w.description, "\n\n")
			for _, s := range w.shots {
				text += "\n\n" + s.text + s.answer
			}
			if err := os.WriteFile(filepath.Join(dir, "bbh", from, task.name+".txt"), []byte(text+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		compared := 0
		for _, name := range []string{"bbh", "mbpp", "mbpp_instruct"} {
			task, _ := taskNamed(name)
			list, err := task.load(&loader{dir: dir, shots: 3, limit: 2})
			if err != nil {
				t.Fatal(err)
			}
			for _, q := range list {
				w := want[q.task][q.row]
				compared++
				if got := q.plain(); got != w.Prompt || q.target != w.Target || jsonOf(task.until) != jsonOf(w.Until) && len(w.Until) > 0 {
					t.Errorf("%s row %d:\n%q\nwant\n%q", q.task, q.row, got, w.Prompt)
				}
			}
		}
		if compared != 58 {
			t.Errorf("%d prompts were compared", compared)
		}
	}
}

func link(t *testing.T, old, path string) {
	t.Helper()
	if err := os.Symlink(old, path); err != nil {
		t.Fatal(err)
	}
}

// harnessItem is a line of run.py.
type harnessItem struct {
	Task, Filter, Prompt, Answer, Extracted string
	Row                                     int
	Right                                   bool
	LogProbs                                []float64
	Greedy                                  []bool
	Figures                                 map[string]float64
}

// agreement counts items on which the harness and we say the same.
type agreement struct {
	n, prompts, verdicts, answers int
	figures                       []string // of the harness that are not ours
}

// SmolLM2-135M on 228 items of MMLU and 50 of GSM8K, item by item: the same prompts,
// and for at least 99.5 % the same verdict.
func TestPeerHarness(t *testing.T) {
	gguf := golden.Model(t, golden.SmolLM2)
	data := golden.Dir(t, "data")
	for _, c := range []struct {
		name  string
		limit string
		task  string
		n     int
	}{{"mmlu", "4", "mmlu", 4}, {"gsm8k", "50", "gsm8k", 50}} {
		t.Run(c.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), c.name+".jsonl")
			b := peer(t, c.name+".jsonl", "run.py", "--gguf", gguf, "--data", data, "--out", out, "--"+c.name, c.limit, "--batch", "8")
			if len(b) == 0 {
				var err error
				if b, err = os.ReadFile(out); err != nil {
					t.Fatal(err)
				}
			}
			experimenttest.Start(t)
			m, err := model.LoadOriginal(gguf)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Run(m, Config{Data: data, Tasks: []string{c.task}, Limit: c.n})
			if err != nil {
				t.Fatal(err)
			}
			a, worst := compareItems(t, m, b, got)
			t.Logf("%s: %d items; prompts equal %d, verdicts equal %d (%.2f %%), answers equal %d; log-probabilities differ by at most %.2g",
				c.name, a.n, a.prompts, a.verdicts, 100*float64(a.verdicts)/float64(a.n), a.answers, worst)
			t.Logf("score %+v", got.Scores[0])
			if a.n < 50 || a.prompts != a.n || float64(a.verdicts) < 0.995*float64(a.n) {
				t.Errorf("%+v", a)
			}
			if a.verdicts == a.n && a.figures != nil {
				t.Errorf("equal verdicts, but other figures: %s", strings.Join(a.figures, "\n"))
			}
		})
	}
}

// compareItems counts verdicts by every filter of the harness.
func compareItems(t *testing.T, m *model.Model, b []byte, got *Results) (a agreement, worst float64) {
	t.Helper()
	ours, told := map[string]*Item{}, map[int]bool{}
	for i := range got.Items {
		ours[jsonOf([]any{got.Items[i].Task, got.Items[i].Row})] = &got.Items[i]
	}
	for line := range strings.Lines(string(b)) {
		var w harnessItem
		if err := json.Unmarshal([]byte(line), &w); err != nil {
			t.Fatal(err)
		}
		if w.Figures != nil {
			a.figures = append(a.figures, compareFigures(w, got)...)
			continue
		}
		it := ours[jsonOf([]any{w.Task, w.Row})]
		if it == nil {
			t.Fatalf("%s row %d was not run", w.Task, w.Row)
		}
		right := it.Right
		for _, o := range it.Others {
			if o.Filter == w.Filter {
				right = o.Right
			}
		}
		a.n++
		a.prompts += one(it.Prompt == w.Prompt)
		a.verdicts += one(right == w.Right)
		a.answers += one(w.LogProbs != nil || it.Answer == w.Answer)
		if w.LogProbs == nil && it.Answer != w.Answer && !told[w.Row] {
			told[w.Row] = true
			gap := parting(t, m, w.Prompt, it.Answer, w.Answer)
			t.Logf("%s row %d: log-probabilities %.2g apart where the texts part:\n%q\nharness\n%q", w.Task, w.Row, gap, it.Answer, w.Answer)
			if gap > tie {
				t.Errorf("%s row %d: another answer, and no tie where the texts part", w.Task, w.Row)
			}
		}
		for k := range w.LogProbs {
			worst = max(worst, math.Abs(w.LogProbs[k]-it.LogProbs[k]))
		}
	}
	return a, worst
}

// tie is how far apart two tokens' log-probabilities may be for float32 to decide
// between them by the order in which it adds.
const tie = 0.01

// parting is how far apart the two next tokens are for us, where two answers to a
// prompt cease to be the same.
func parting(t *testing.T, m *model.Model, prompt, ours, theirs string) float64 {
	t.Helper()
	engine, adapter, err := m.Computing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a, b := encode(engine.Tokenizer, prompt+ours), encode(engine.Tokenizer, prompt+theirs)
	n := 0
	for n < min(len(a), len(b))-1 && a[n] == b[n] {
		n++
	}
	var gap float64
	choice := llm.Choice{Context: a[:n], Continuations: [][]int32{a[n : n+1], b[n : n+1]}}
	if _, err := engine.Likelihoods(t.Context(), adapter, []llm.Choice{choice}, 1, func(_ int, l llm.Likelihood) {
		gap = math.Abs(l.LogProbs[0] - l.LogProbs[1])
	}); err != nil {
		t.Fatal(err)
	}
	return gap
}

// compareFigures compares the harness's own scores and standard errors with ours.
func compareFigures(w harnessItem, got *Results) (differ []string) {
	for _, s := range got.Scores {
		if s.Task != w.Task || strings.HasSuffix(s.Variant, "mean of subtasks") {
			continue
		}
		key := s.Metric + "," + s.Filter
		if s.Filter == "" {
			key = s.Metric + ",none"
		}
		name, filter, _ := strings.Cut(key, ",")
		score, ok := w.Figures[key]
		if !ok {
			continue
		}
		stderr, known := w.Figures[name+"_stderr,"+filter]
		if math.Abs(score-s.Score) > 1e-9 || known && math.Abs(stderr-s.StdErr) > 1e-9 {
			differ = append(differ, fmt.Sprintf("%s %s: %v ± %v, harness %v ± %v", s.Task, key, s.Score, s.StdErr, score, stderr))
		}
	}
	return differ
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}
