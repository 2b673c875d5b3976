package bench

import (
	"fmt"
	"strings"

	"cogumi/stdlib/experiment"
)

// task is a benchmark as lm-evaluation-harness 0.4.13 defines it.
type task struct {
	name      string // as the harness calls it
	title     string
	shots     int      // examples, unless the caller says otherwise
	fixed     bool     // the number of examples is the task's own
	until     []string // generation ends before the first of these
	maxTokens int
	items     int  // of the whole
	code      bool // answers are programs
	shared    bool // the examples of one subtask are the same for all its items
	metric    string
	filters   []filter // the first one is the headline; none: log-likelihood
	load      func(*loader) ([]*question, error)
}

// filter takes from an answer what is compared. "as numbers" and "up to the fence"
// are ours, the others the harness's.
type filter struct {
	name  string
	apply func(q *question, text string) (extracted string, right bool)
}

var gsm8kFilters = []filter{
	{name: "strict-match", apply: func(q *question, text string) (string, bool) {
		got := strictMatch(text)
		return got, gsm8kEqual(got, q.target)
	}},
	{name: "flexible-extract", apply: func(q *question, text string) (string, bool) {
		got := flexibleExtract(text)
		return got, gsm8kEqual(got, q.target)
	}},
	{name: "as numbers", apply: func(q *question, text string) (string, bool) { return sameNumber(text, q.target) }},
}

// A program's filter gives the program; the sandbox says whether it is right.
func program(name string, code func(q *question, text string) string) []filter {
	return []filter{{name: name, apply: func(q *question, text string) (string, bool) { return code(q, text), false }}}
}

var humanEvalStops = []string{"\nclass", "\ndef", "\n#", "\nif", "\nprint"}

var tasks = []task{
	{name: "mmlu", title: "MMLU", items: 14042, metric: "acc", shared: true, load: loadMMLU},
	{name: "gsm8k", title: "GSM8K", items: 1319, metric: "exact_match", shots: 5, until: []string{"Question:", "</s>", "<|im_end|>"}, maxTokens: 256,
		filters: gsm8kFilters, load: loadGSM8K},
	{name: "humaneval", title: "HumanEval", items: 164, metric: "pass@1", fixed: true, code: true, until: humanEvalStops, maxTokens: 1024,
		filters: program("create_test", func(q *question, text string) string { return q.before + text }), load: loadHumanEval(false)},
	{name: "humaneval_instruct", title: "HumanEval, instructed", items: 164, metric: "pass@1", fixed: true, code: true, until: humanEvalStops, maxTokens: 1024,
		filters: program("create_test", func(q *question, text string) string { return q.before + untilFence(text) }), load: loadHumanEval(true)},
	{name: "mbpp", title: "MBPP", items: 500, metric: "pass@1", shots: 3, shared: true, code: true, until: []string{"[DONE]"}, maxTokens: 256,
		filters: program("none", func(q *question, text string) string { return text }), load: loadMBPP(false)},
	{name: "mbpp_instruct", title: "MBPP, instructed", items: 500, metric: "pass@1", shots: 3, shared: true, code: true, maxTokens: 256,
		filters: append(program("extract_code", func(q *question, text string) string { return fencedCode(text) }),
			program("up to the fence", func(q *question, text string) string { return untilFence(text) })...), load: loadMBPP(true)},
	{name: "bbh_cot_fewshot", title: "BBH, chain of thought", items: 6511, metric: "exact_match", shots: 3, shared: true, until: []string{"</s>", "Q", "\n\n"}, maxTokens: 1024,
		filters: []filter{{name: "get-answer", apply: func(q *question, text string) (string, bool) {
			got := bbhAnswer(text)
			return got, got == q.target
		}}}, load: loadBBH},
}

// Tasks are the names of the benchmarks.
func Tasks() []string {
	var out []string
	for _, t := range tasks {
		out = append(out, t.name)
	}
	return out
}

func taskNamed(name string) (*task, error) {
	name = strings.TrimSpace(name)
	if name == "bbh" {
		name = "bbh_cot_fewshot"
	}
	for i := range tasks {
		if tasks[i].name == name {
			return &tasks[i], nil
		}
	}
	err := fmt.Errorf("no benchmark is called %q", name)
	hint := "known are " + strings.Join(Tasks(), ", ")
	if near := experiment.Nearest(name, Tasks()); near != "" {
		hint = near + "? " + hint
	}
	return nil, experiment.WithCode(experiment.Hint(err, hint), 2)
}

// cut ends a text before the first occurrence of each stop in turn, as the harness
// does (lm_eval/models/utils.py, postprocess_generated_text).
func cut(text string, stops []string) string {
	for _, s := range stops {
		if s != "" {
			text, _, _ = strings.Cut(text, s)
		}
	}
	return text
}
