package judge

import (
	"context"
	"fmt"
	"strings"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/model"
)

const (
	writtenTokens = 512
	// shownAgain is how many characters of an answer that cannot be used a model reads
	// when it is asked once more.
	shownAgain = 400
)

// writing is a model on its way through questions that are no pairs.
type writing struct {
	*local
	cases []ask
	done  func(int, Decision, error)
	set   *dataset.Set
	open  []int // the cases of set's rows
}

// write lets the model answer questions, and once more those whose answer cannot
// be used.
func (l *local) write(ctx context.Context, cases []ask, done func(int, Decision, error)) error {
	w := &writing{local: l, cases: cases, done: done, set: &dataset.Set{Name: "questions"}}
	for i := range cases {
		row := dataset.Row{}
		for _, m := range cases[i].messages() {
			row.Messages = append(row.Messages, dataset.Message{Role: m.Role, Content: m.Content})
		}
		w.set.Rows, w.open = append(w.set.Rows, row), append(w.open, i)
	}
	for try := range 2 {
		if err := w.leaveTooLong(); err != nil || len(w.open) == 0 {
			return err
		}
		got, err := l.model.Answer(w.set, model.Sampling{MaxTokens: writtenTokens})
		if err != nil {
			return err
		}
		if err := context.Cause(ctx); err != nil {
			return err
		}
		w.take(got, try == 1)
	}
	return nil
}

// leaveTooLong ends the questions that the model has no room to answer.
func (w *writing) leaveTooLong() error {
	set, open := &dataset.Set{Name: w.set.Name}, []int{}
	for n, i := range w.open {
		if len(w.set.Rows[n].Messages) == 0 {
			w.done(i, Decision{}, fmt.Errorf("%w: there is no question", ErrMalformed))
			continue
		}
		room, err := w.model.Room(&w.set.Rows[n])
		if err != nil {
			return err
		}
		if room < 1 {
			w.done(i, Decision{}, fmt.Errorf("%w: %s has no room for an answer", ErrTooLong, w.name))
			continue
		}
		set.Rows, open = append(set.Rows, w.set.Rows[n]), append(open, i)
	}
	w.set, w.open = set, open
	return nil
}

// take ends what is answered; what is not, and can be asked again, stays open.
func (w *writing) take(got *dataset.Answers, last bool) {
	set, open := &dataset.Set{Name: "questions, once more"}, []int{}
	for n, i := range w.open {
		text := got.List[n].Text
		d, why := w.cases[i].read(text)
		d.Model = w.name
		switch {
		case why == nil:
			w.done(i, d, nil)
		case last:
			w.done(i, Decision{}, fmt.Errorf("%w, asked twice: %w", ErrMalformed, why))
		default:
			if runes := []rune(text); len(runes) > shownAgain {
				text = string(runes[:shownAgain]) + " …"
			}
			row := w.set.Rows[n]
			row.Messages = append(row.Messages[:len(row.Messages):len(row.Messages)], dataset.Message{Role: "assistant", Content: text},
				dataset.Message{Role: "user", Content: strings.NewReplacer("{why}", why.Error()).Replace(again)})
			set.Rows, open = append(set.Rows, row), append(open, i)
		}
	}
	w.set, w.open = set, open
}
