package judge

import (
	"context"
	"fmt"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/grade"
)

// Truth judges by what is known to be right: a right answer beats a wrong one,
// two right or two wrong ones are a tie. What cannot be graded is an error.
func Truth() *Judge {
	return &Judge{Name: "truth", Settings: Settings{Kind: "truth"}, bench: truth{}}
}

type truth struct{}

func (truth) tried() bool              { return true }
func (truth) estimate([]ask) *Estimate { return nil }

func (truth) hear(ctx context.Context, _ *hearing, cases []ask, done func(int, Decision, error)) error {
	set := &dataset.Set{Name: "both answers"}
	answers := &dataset.Answers{Set: set, Model: "judged"}
	for i := range cases {
		first, second := cases[i].shown()
		set.Rows = append(set.Rows, cases[i].Row, cases[i].Row)
		answers.List = append(answers.List, dataset.Answer{Text: first}, dataset.Answer{Text: second})
	}
	sheet := grade.Check(answers)
	if err := context.Cause(ctx); err != nil {
		return err
	}
	for i := range cases {
		a, b := &sheet.Items[2*i], &sheet.Items[2*i+1]
		if a.Verdict == grade.Unsupported || b.Verdict == grade.Unsupported {
			reason := a.Reason
			if a.Verdict != grade.Unsupported {
				reason = b.Reason
			}
			done(i, Decision{}, fmt.Errorf("%w: %s", ErrNoTruth, reason))
			continue
		}
		d := Decision{Winner: Tie, Reason: fmt.Sprintf("A is %s, B is %s", a.Verdict, b.Verdict)}
		switch {
		case a.Verdict == grade.Right && b.Verdict == grade.Wrong:
			d.Winner = First
		case a.Verdict == grade.Wrong && b.Verdict == grade.Right:
			d.Winner = Second
		}
		done(i, d, nil)
	}
	return nil
}
