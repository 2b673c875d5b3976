package bench

import (
	"bufio"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"cogumi/kernels/golden"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/llm/chat"
)

var full = flag.Bool("full", false, "run every known solution")

var update = flag.Bool("update", false, "write known.bin")

// lines reads JSON lines of the recorded vectors.
func lines[T any](t *testing.T, name string) []T {
	t.Helper()
	f, err := os.Open(filepath.Join(golden.Dir(t, "golden/lm-eval"), name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []T
	d := json.NewDecoder(bufio.NewReader(f))
	for d.More() {
		var v T
		if err := d.Decode(&v); err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

// questions loads a task from the data beside the repository.
func questions(t *testing.T, name string, shots int) map[string][]*question {
	t.Helper()
	task, err := taskNamed(name)
	if err != nil {
		t.Fatal(err)
	}
	l := &loader{run: experiment.Current(), dir: golden.Dir(t, "data"), shots: shots}
	list, err := task.load(l)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range l.checks {
		if c.Outcome != "ok" {
			t.Errorf("%s: %s", c.Name, c.Text)
		}
	}
	of := map[string][]*question{}
	for _, q := range list {
		of[q.task] = append(of[q.task], q)
	}
	return of
}

type recordedPrompt struct {
	Task          string
	Shots         int `json:"num_fewshot"`
	Row           int
	Prompt        string
	Continuations []string
	Target        any
	Template      string `json:"chat_template"`
	Multiturn     *bool  `json:"fewshot_as_multiturn"`
	Kwargs        struct {
		Until     []string
		MaxTokens int `json:"max_gen_toks"`
	} `json:"generation_kwargs"`
}

// Every prompt of the harness, byte for byte.
func TestPrompts(t *testing.T) {
	loaded := map[string]map[string][]*question{}
	for _, p := range lines[recordedPrompt](t, "prompts.jsonl") {
		name := p.Task
		if len(name) > 5 && name[:5] == "mmlu_" {
			name = "mmlu"
		}
		key := name + string(rune('0'+p.Shots))
		if loaded[key] == nil {
			loaded[key] = questions(t, name, p.Shots)
		}
		q := loaded[key][p.Task][p.Row]
		task, _ := taskNamed(name)
		got := q.plain()
		if p.Template != "" {
			got = rendered(t, q, p)
		}
		if got != p.Prompt {
			t.Errorf("%s row %d, %d-shot, %q:\n%q\nwant\n%q", p.Task, p.Row, p.Shots, p.Template, got, p.Prompt)
		}
		if p.Continuations != nil {
			for i, c := range q.continuations(p.Template != "") {
				if c != p.Continuations[i] {
					t.Errorf("%s row %d: continuation %q, want %q", p.Task, p.Row, c, p.Continuations[i])
				}
			}
			if float64(q.gold) != p.Target {
				t.Errorf("%s row %d: target %d, want %v", p.Task, p.Row, q.gold, p.Target)
			}
			continue
		}
		if q.target != p.Target {
			t.Errorf("%s row %d: target %q, want %q", p.Task, p.Row, q.target, p.Target)
		}
		if a, b := jsonOf(task.until), jsonOf(p.Kwargs.Until); a != b || p.Kwargs.MaxTokens != 0 && p.Kwargs.MaxTokens != task.maxTokens {
			t.Errorf("%s: stops %s and %d tokens, want %s and %d", p.Task, a, task.maxTokens, b, p.Kwargs.MaxTokens)
		}
	}
}

func jsonOf(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// rendered is a question in the chat template that the recording used.
func rendered(t *testing.T, q *question, p recordedPrompt) string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(golden.Dir(t, "golden/chat"), "templates", p.Template+".jinja"))
	if err != nil {
		t.Fatal(err)
	}
	tmpl, err := chat.Parse(string(source))
	if err != nil {
		t.Fatal(err)
	}
	list, continued := q.messages(p.Multiturn == nil || *p.Multiturn)
	o := chat.Options{AddGenerationPrompt: !continued, ContinueFinalMessage: continued, BOS: "<|begin_of_text|>", EOS: "<|eot_id|>", Kwargs: map[string]any{"date_string": "26 Jul 2024"}}
	if p.Template == "smollm2" {
		o.BOS, o.EOS = "<|im_start|>", "<|im_end|>"
	}
	text, err := tmpl.Render(list, o)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestGSM8KFilters(t *testing.T) {
	for i, c := range lines[struct {
		Gold, Output string
		After        string  `json:"after_stops"`
		Strict       string  `json:"strict-match"`
		StrictMatch  float64 `json:"strict-match.exact_match"`
		Flexible     string  `json:"flexible-extract"`
		FlexMatch    float64 `json:"flexible-extract.exact_match"`
	}](t, "gsm8k_filters.jsonl") {
		task, _ := taskNamed("gsm8k")
		q := &question{target: c.Gold}
		text := cut(c.Output, task.until)
		if text != c.After {
			t.Errorf("%d: after the stops %q, want %q", i, text, c.After)
		}
		if got, right := task.filters[0].apply(q, text); got != c.Strict || right != (c.StrictMatch == 1) {
			t.Errorf("%d: strict %q %t, want %q %v", i, got, right, c.Strict, c.StrictMatch)
		}
		if got, right := task.filters[1].apply(q, text); got != c.Flexible || right != (c.FlexMatch == 1) {
			t.Errorf("%d: flexible %q %t, want %q %v", i, got, right, c.Flexible, c.FlexMatch)
		}
	}
}

func TestHumanEvalFilters(t *testing.T) {
	loaded := map[string]map[string][]*question{}
	for i, c := range lines[struct {
		Task, Output string
		Row          int
		After        string `json:"after_stops"`
		Prediction   []string
		Reference    string
	}](t, "humaneval_filters.jsonl") {
		if loaded[c.Task] == nil {
			loaded[c.Task] = questions(t, c.Task, 0)
		}
		task, _ := taskNamed(c.Task)
		q := loaded[c.Task][c.Task][c.Row]
		text := cut(c.Output, task.until)
		if text != c.After {
			t.Errorf("%d: after the stops %q, want %q", i, text, c.After)
		}
		if got, _ := task.filters[0].apply(q, text); got != c.Prediction[0] || q.target != c.Reference {
			t.Errorf("%d: program %q, want %q", i, got, c.Prediction[0])
		}
	}
}
