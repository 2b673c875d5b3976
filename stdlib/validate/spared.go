package validate

import (
	"fmt"
	"strings"

	"cogumi/reports/run"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/judge"
)

// Savings is what a validation took from earlier runs because the inputs were
// equal, and what it did itself.
type Savings struct {
	Answers      int     `json:"answers"`        // not written again
	AnswerTokens int     `json:"answer_tokens"`  // of those
	Written      int     `json:"written"`        // answers that were
	Judgements   int     `json:"judgements"`     // not asked again
	JudgeTokens  int     `json:"judge_tokens"`   // of those, in and out; 0 for judges that are not asked over a network
	Asked        int     `json:"asked"`          // judgements that were
	Dollars      float64 `json:"dollars"`        // not paid again
	Paid         float64 `json:"paid,omitempty"` // dollars for what was asked
}

// Spared counts what earlier runs saved, and tells the run.
func Spared(answers []*dataset.Answers, judged []*judge.Result) *Savings {
	s := &Savings{}
	for _, a := range answers {
		s.Answers += a.Reused
		s.Written += len(a.List) - a.Reused
		if a.Reused == len(a.List) { // of some of them nobody knows which
			for _, x := range a.List {
				s.AnswerTokens += x.Tokens
			}
		}
	}
	for _, r := range judged {
		c := r.Cost
		s.Judgements += c.Reused
		s.Asked += c.Calls
		s.JudgeTokens += c.Spared.Input + c.Spared.Output
		s.Dollars, s.Paid = s.Dollars+c.Saved, s.Paid+c.Paid
	}
	experiment.Current().Note(run.Note{Level: "info", Topic: "cost", Text: s.String()})
	return s
}

// String says it in a sentence.
func (s *Savings) String() string {
	var parts []string
	if s.Answers > 0 {
		text := fmt.Sprintf("%d answers", s.Answers)
		if s.AnswerTokens > 0 { // of recorded ones nobody knows
			text += fmt.Sprintf(" (%d tokens)", s.AnswerTokens)
		}
		parts = append(parts, text)
	}
	if s.Judgements > 0 {
		text := fmt.Sprintf("%d judgements", s.Judgements)
		if s.JudgeTokens > 0 {
			text += fmt.Sprintf(" (%d tokens, $%.4f)", s.JudgeTokens, s.Dollars)
		}
		parts = append(parts, text)
	}
	text := "nothing"
	if len(parts) > 0 {
		text = strings.Join(parts, " and ")
	}
	text += " taken from earlier runs; new are " + fmt.Sprintf("%d answers", s.Written)
	if s.Asked > 0 {
		text += fmt.Sprintf(" and %d judgements", s.Asked)
		if s.Paid > 0 {
			text += fmt.Sprintf(" ($%.4f)", s.Paid)
		}
	}
	return text
}
