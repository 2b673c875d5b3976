package judge

import (
	"context"
	"fmt"
	"strings"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/model"
)

// Local lets a model of ours judge, on this machine and greedily.
func Local(m *model.Model) *Judge {
	return &Judge{Name: m.Name, Settings: Settings{Kind: "local", Model: m.Name, Source: m.Hash, Temperature: "0", Template: templateHash},
		bench: &local{answer: func(set *dataset.Set) (*dataset.Answers, error) { return m.Answer(set, model.Sampling{MaxTokens: 512}) }, name: m.Name}}
}

type local struct {
	name   string
	answer func(*dataset.Set) (*dataset.Answers, error)
}

func (*local) tried() bool              { return true }
func (*local) estimate([]ask) *Estimate { return nil }

// hear lets the model answer all cases at once, and once more those whose answer
// cannot be used.
func (l *local) hear(ctx context.Context, _ *hearing, cases []ask, done func(int, Decision, error)) error {
	set := &dataset.Set{Name: "pairs to judge"}
	var open []int
	for i := range cases {
		row := dataset.Row{}
		for _, m := range cases[i].messages() {
			row.Messages = append(row.Messages, dataset.Message{Role: m.Role, Content: m.Content})
		}
		set.Rows, open = append(set.Rows, row), append(open, i)
	}
	for try := range 2 {
		got, err := l.answer(set)
		if err != nil {
			return err
		}
		if err := context.Cause(ctx); err != nil {
			return err
		}
		rest := &dataset.Set{Name: "pairs to judge again"}
		var left []int
		for n, i := range open {
			d, why := cases[i].read(got.List[n].Text)
			d.Model = l.name
			switch {
			case why == nil:
				done(i, d, nil)
			case try == 1:
				done(i, Decision{}, fmt.Errorf("%w, asked twice: %w", ErrMalformed, why))
			default:
				row := set.Rows[n]
				row.Messages = append(row.Messages[:len(row.Messages):len(row.Messages)], dataset.Message{Role: "assistant", Content: got.List[n].Text},
					dataset.Message{Role: "user", Content: strings.NewReplacer("{why}", why.Error()).Replace(again)})
				rest.Rows, left = append(rest.Rows, row), append(left, i)
			}
		}
		if len(left) == 0 {
			return nil
		}
		set, open = rest, left
	}
	return nil
}
