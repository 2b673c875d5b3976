// Package bench runs the field's benchmarks as lm-evaluation-harness 0.4.13 defines
// them (github.com/EleutherAI/lm-evaluation-harness): MMLU, GSM8K, HumanEval, MBPP
// and BBH, with its prompts to the byte, its examples, stops and filters.
//
//	m := model.MustLoadOriginal("SmolLM2-135M-Instruct.Q4_1.gguf")
//	scores := bench.MustRun(m, bench.Config{Data: "data", Tasks: []string{"mmlu", "gsm8k"}, Limit: 50})
//	for _, s := range scores.Scores {
//		fmt.Println(s.Title, s.Metric, s.Score, s.Low, s.High)
//	}
//
// The data are the user's: a folder with mmlu/test.jsonl and dev.jsonl, gsm8k/test.jsonl
// and train.jsonl, humaneval/HumanEval.jsonl, mbpp/mbpp.jsonl, bbh/*.json, plain, .gz
// or .zst. What a file holds is checked before anything runs.
//
// Every answer is kept as soon as it is there: a run that was killed goes on with
// the item at which it was. Scores come with the harness's standard error and with
// an interval of ours.
package bench

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"cogumi/reports/run"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/model"
	"cogumi/stdlib/sandbox"
)

// Config says what is run.
type Config struct {
	Tasks []string // names of Tasks
	Data  string   // folder with the benchmarks' files
	// Limit is how many items of each task are run, from the first on, as the
	// harness's --limit: of MMLU and BBH so many of each subject. 0: all.
	Limit int
	// Shots is the number of examples before each question: 0 is the task's own
	// (MMLU 0, GSM8K 5, MBPP 3, BBH 3), -1 none. HumanEval has none.
	Shots int
	// Chat puts questions in the model's chat template, each example in a turn of
	// its own, as the harness does with --apply_chat_template; with OneTurn all
	// examples stand in the user's turn (--fewshot_as_multiturn false).
	Chat    bool
	OneTurn bool
}

// Score is what a model reached on one task, or on a part of it.
type Score struct {
	Task    string  `json:"task"`            // mmlu, mmlu_anatomy, gsm8k …
	Title   string  `json:"title"`           // MMLU
	Group   string  `json:"group,omitempty"` // of a part: the task that it is a part of
	Variant string  `json:"variant"`         // "5-shot, strict-match"
	Filter  string  `json:"filter,omitempty"`
	Metric  string  `json:"metric"` // acc, exact_match, pass@1
	Score   float64 `json:"score"`  // 0…1
	Low     float64 `json:"low"`
	High    float64 `json:"high"` // 95 %
	Method  string  `json:"method"`
	StdErr  float64 `json:"stderr"` // as the harness gives it
	N       int     `json:"n"`
	Right   int     `json:"right"`
	Of      int     `json:"of"` // items of the whole task
}

// Item is one question with what became of it.
type Item struct {
	Task      string    `json:"task"`
	Row       int       `json:"row"`
	Prompt    string    `json:"prompt"`
	Target    string    `json:"target"`
	Answer    string    `json:"answer"`    // what the model wrote, up to the stops; the chosen letter
	Extracted string    `json:"extracted"` // what was compared
	Right     bool      `json:"right"`     // by the first filter
	Others    []Verdict `json:"others,omitempty"`
	LogProbs  []float64 `json:"logprobs,omitempty"` // of the choices, natural logarithm
	Greedy    []bool    `json:"greedy,omitempty"`
	Tokens    int       `json:"tokens"` // written
	Truncated bool      `json:"truncated,omitempty"`
	Reason    string    `json:"reason,omitempty"` // why a program is not right
}

// Verdict is what another filter of the task says of an answer.
type Verdict struct {
	Filter    string `json:"filter"`
	Extracted string `json:"extracted"`
	Right     bool   `json:"right"`
}

// Results are the scores of a model.
type Results struct {
	Model  string  `json:"model"`
	Scores []Score `json:"scores"`
	Items  []Item  `json:"-"`
}

// Score is the headline of a task: its first filter. The zero Score for a task
// that was not run.
func (r *Results) Score(task string) Score {
	for _, s := range r.Scores {
		if s.Task == task {
			return s
		}
	}
	return Score{}
}

// Run runs benchmarks on a model. Each task is a step of the run. Data that are not
// what they should be and a task that is unknown are errors before the model has
// written anything. Where programs cannot be run safely, the tasks that need it are
// left out with a note, never scored; it is an error if no other is left.
func Run(m *model.Model, c Config) (*Results, error) {
	r := experiment.Current()
	for _, check := range checkNames(c.Data) {
		r.Check(check)
		r.Note(run.Note{Level: "warn", Topic: "bench", Text: check.Text})
	}
	var suites []*suite
	var skipped error
	for _, name := range c.Tasks {
		s, err := newSuite(r, m, name, c)
		if err != nil {
			return nil, fmt.Errorf("benchmark %s: %w", strings.TrimSpace(name), err)
		}
		if err := s.runnable(); errors.Is(err, sandbox.ErrUnsupported) {
			skipped = fmt.Errorf("benchmark %s: %w", s.name, err)
			r.Note(run.Note{Level: "warn", Topic: "bench", Text: fmt.Sprintf("%s is not run and has no score: %v", s.title, err), Hint: experiment.HintOf(err)})
			continue
		} else if err != nil {
			return nil, fmt.Errorf("benchmark %s: %w", s.name, err)
		}
		suites = append(suites, s)
	}
	if len(suites) == 0 && skipped != nil {
		return nil, skipped
	}
	if len(suites) == 0 {
		return nil, experiment.WithCode(experiment.Hint(errors.New("no benchmark is named"), "known are "+strings.Join(Tasks(), ", ")), 2)
	}
	out := &Results{Model: m.Name}
	for _, s := range suites {
		if err := s.run(); err != nil {
			return nil, fmt.Errorf("benchmark %s: %w", s.task.name, err)
		}
		out.Scores = append(out.Scores, s.scores...)
		out.Items = append(out.Items, s.items...)
	}
	return out, nil
}

// MustRun is Run; an error ends the run.
func MustRun(m *model.Model, c Config) *Results {
	out, err := Run(m, c)
	if err != nil {
		experiment.Stop(err)
	}
	return out
}

// suite is one task on one model.
type suite struct {
	*task
	exp       *experiment.Run
	model     *model.Model
	config    Config
	questions []*question
	nshots    int
	answers   []answer
	items     []Item
	scores    []Score
}

func newSuite(r *experiment.Run, m *model.Model, name string, c Config) (*suite, error) {
	t, err := taskNamed(name)
	if err != nil {
		return nil, err
	}
	s := &suite{task: t, exp: r, model: m, config: c, nshots: t.shots}
	if c.Shots > 0 {
		s.nshots = c.Shots
	}
	if c.Shots < 0 || t.fixed {
		s.nshots = 0
	}
	l := &loader{run: r, dir: c.Data, shots: s.nshots, limit: c.Limit}
	s.questions, err = t.load(l)
	for _, check := range l.checks {
		r.Check(check)
		if check.Outcome != "ok" {
			r.Note(run.Note{Level: "warn", Topic: "bench", Text: check.Text})
		}
	}
	return s, err
}

// runnable says whether this machine can judge the task's answers.
func (s *suite) runnable() error {
	if !s.code {
		return nil
	}
	return available()
}

// variant is all that changes the score.
func (s *suite) variant(filter string) string {
	parts := []string{fmt.Sprintf("%d-shot", s.nshots)}
	if s.name == "bbh_cot_fewshot" {
		parts = append(parts, "chain of thought")
	}
	if s.config.Chat && s.config.OneTurn && s.nshots > 0 {
		parts = append(parts, "chat, one turn")
	} else if s.config.Chat {
		parts = append(parts, "chat")
	}
	if filter != "" && filter != "none" {
		parts = append(parts, filter)
	}
	return strings.Join(parts, ", ")
}

func (s *suite) run() error {
	if s.code {
		if err := s.gate(); err != nil {
			return err
		}
	}
	if err := s.answer(); err != nil {
		return err
	}
	if err := s.grade(); err != nil {
		return err
	}
	s.count()
	return s.report()
}

// subtasks are the names of the parts in their order.
func (s *suite) subtasks() []string {
	var out []string
	for _, q := range s.questions {
		if len(out) == 0 || !slices.Contains(out, q.task) {
			out = append(out, q.task)
		}
	}
	return out
}
