package extract

import (
	"cmp"
	"fmt"
	"strings"

	"cogumi/reports/run"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
)

// Match is what a benchmark that was judged has on record: its problems, the
// teacher's answers, which need not be bought again, and what the local model
// answered then.
type Match struct {
	Rows   *dataset.Set
	Local  *dataset.Answers
	Theirs *dataset.Answers
}

// Recorded reads the folder that Judged reads. A row's reference is the known
// solution where the record has one, else the teacher's answer.
func Recorded(dir string) (*Match, error) {
	paths, err := find(dir)
	if err != nil {
		return nil, err
	}
	m := &Match{Rows: &dataset.Set{Name: "recorded problems", Path: dir}}
	m.Local, m.Theirs = &dataset.Answers{Set: m.Rows, Model: "recorded"}, &dataset.Answers{Set: m.Rows, Model: "reference"}
	for _, path := range paths {
		rec, err := readRecord(path)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		for i, x := range rec.Results {
			if strings.TrimSpace(x.Prompt) == "" || strings.TrimSpace(x.Teacher) == "" {
				return nil, experiment.Hint(fmt.Errorf("read %s: result %d has no prompt or no gpt4_response", path, i+1), "correct the record or take the result out")
			}
			reference := cmp.Or(text(x.Truth), x.Teacher)
			m.Rows.Rows = append(m.Rows.Rows, dataset.Row{Instruction: x.Prompt, Output: reference, Category: rec.Category, Family: x.Family, Answer: x.Answer})
			m.Local.List = append(m.Local.List, dataset.Answer{Text: x.Local})
			m.Theirs.List = append(m.Theirs.List, dataset.Answer{Text: x.Teacher})
		}
	}
	m.Local.Reused, m.Theirs.Reused = len(m.Local.List), len(m.Theirs.List)
	experiment.Current().Note(run.Note{Level: "info", Topic: "validate", Text: fmt.Sprintf("%d problems, their reference answers and the answers before are those on record in %s", m.Rows.Len(), dir)})
	return m, nil
}

// MustRecorded is Recorded; an error ends the run.
func MustRecorded(dir string) *Match {
	m, err := Recorded(dir)
	if err != nil {
		experiment.Stop(experiment.WithCode(err, 3))
	}
	return m
}

// Gradable is nil where all problems have an answer that can be compared. Earlier
// benchmarks recorded none: what their models wrote freely can only be judged.
func (m *Match) Gradable() error {
	for i, r := range m.Rows.Rows {
		if r.Answer == "" && r.Category != "creativity" { // there the whole answer is compared
			return experiment.WithCode(experiment.Hint(fmt.Errorf("%s: %s problem %d has no answer on record to compare with, so that truth cannot decide", m.Rows.Path, r.Category, i+1),
				"let them be judged: --judge local, or --judge with an endpoint's model"), 2)
		}
	}
	return nil
}

// Head keeps the first n problems as Set.Shuffle orders them; all where n is 0.
func (m *Match) Head(n, seed int) *Match {
	if n <= 0 || n >= m.Rows.Len() {
		return m
	}
	order := dataset.Order(m.Rows.Len(), seed)[:n]
	h := &Match{Rows: m.Rows.Pick(order)}
	h.Local, h.Theirs = pick(m.Local, h.Rows, order), pick(m.Theirs, h.Rows, order)
	return h
}

// pick is the answers to the rows of another set, which are those of order.
func pick(a *dataset.Answers, rows *dataset.Set, order []int) *dataset.Answers {
	b := &dataset.Answers{Set: rows, Model: a.Model, Reused: len(order)}
	for _, i := range order {
		b.List = append(b.List, a.List[i])
	}
	return b
}
