// Package distill turns what a model says into rows for its own training: answers
// that are known to be right, answers that most of its samples agree on, and
// several answers that differ where many are good.
package distill

import (
	"fmt"

	"cogumi/reports/run"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/dedup"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/grade"
	"cogumi/stdlib/stats"
)

// Right are the rows that the model answered right, with its own answer as the
// one to learn. Answers that could not be graded, or were cut off, are left out.
func Right(sheet *grade.Sheet) *dataset.Set {
	out := &dataset.Set{Name: sheet.Name + ", right answers"}
	for i := range sheet.Items {
		if it := &sheet.Items[i]; it.Verdict == grade.Right && !it.Answer.Truncated {
			out.Rows = append(out.Rows, said(it.Row, it.Answer.Text, map[string]any{"kept": "right", "model": sheet.Model}))
		}
	}
	funnel(out, sheet.Model, []run.FunnelStage{{Name: "answered", Count: len(sheet.Items)}, {Name: "right", Count: out.Len()}})
	return out
}

// Agreed are the rows to which the samples, each an answer to every row of one
// set, give the same final answer in at least share of the cases (self-consistency:
// Wang et al. 2022, arXiv:2203.11171). The answer to learn is the shortest of
// those that agree. Each row's metadata has vote_share, votes and samples. Answers
// that were cut off have no vote. Where rows have a reference, the run is told how
// often the agreed answer is it.
func Agreed(samples []*dataset.Answers, share float64) (*dataset.Set, error) {
	rows, err := sameRows(samples)
	if err != nil {
		return nil, err
	}
	if !(share > 0 && share <= 1) {
		return nil, experiment.Hint(fmt.Errorf("agreement: a share of %g", share), "it is above 0 and at most 1: 0.6 is usual")
	}
	out := &dataset.Set{Name: rows.Name + ", agreed answers"}
	answered, known, right := 0, 0, 0
	for i, row := range rows.Rows {
		votes := map[string]int{}
		best := ""
		for _, s := range samples {
			if a := s.List[i]; !a.Truncated {
				if f := Final(row, a.Text); f != "" {
					if votes[f]++; votes[f] > votes[best] {
						best = f
					}
				}
			}
		}
		if best == "" {
			continue
		}
		answered++
		if float64(votes[best]) < share*float64(len(samples)) {
			continue
		}
		if truth := reference(row); truth != "" {
			if known++; truth == best {
				right++
			}
		}
		text := shortest(samples, i, row, best)
		out.Rows = append(out.Rows, said(row, text, map[string]any{"kept": "agreed", "model": samples[0].Model, "vote_share": float64(votes[best]) / float64(len(samples)),
			"votes": votes[best], "samples": len(samples)}))
	}
	funnel(out, samples[0].Model, []run.FunnelStage{{Name: "asked", Count: rows.Len(), Note: fmt.Sprintf("%d times each", len(samples))}, {Name: "answered", Count: answered},
		{Name: fmt.Sprintf("agreed by %.0f %%", 100*share), Count: out.Len()}})
	if known > 0 {
		low, high := stats.Rate(right, known, 0.95)
		experiment.Current().Figure(run.Figure{Name: "agreed answers that are right", Value: 100 * float64(right) / float64(known), Unit: "%", N: known, Low: 100 * low, High: 100 * high, Method: stats.RateMethod})
	}
	return out, nil
}

// MustAgreed is Agreed; an error ends the run.
func MustAgreed(samples []*dataset.Answers, share float64) *dataset.Set {
	return must(Agreed(samples, share))
}

// Diverse keeps up to most answers a row, in the order of the samples, of which no
// two are as similar as similar (Jaccard of character 3-grams): where many answers
// are good, a model should keep more than one.
func Diverse(samples []*dataset.Answers, most int, similar float64) (*dataset.Set, error) {
	rows, err := sameRows(samples)
	if err != nil {
		return nil, err
	}
	out := &dataset.Set{Name: rows.Name + ", diverse answers"}
	alike := 0
	for i, row := range rows.Rows {
		var kept []string
		for _, s := range samples {
			a := s.List[i]
			if a.Truncated || a.Text == "" || len(kept) == most {
				continue
			}
			if near(kept, a.Text, similar) {
				alike++
				continue
			}
			kept = append(kept, a.Text)
			out.Rows = append(out.Rows, said(row, a.Text, map[string]any{"kept": "diverse", "model": s.Model, "variant": len(kept)}))
		}
	}
	funnel(out, samples[0].Model, []run.FunnelStage{{Name: "samples", Count: rows.Len() * len(samples)}, {Name: "kept", Count: out.Len(), Note: fmt.Sprintf("%d were like one that is kept", alike)}})
	return out, nil
}

// MustDiverse is Diverse; an error ends the run.
func MustDiverse(samples []*dataset.Answers, most int, similar float64) *dataset.Set {
	return must(Diverse(samples, most, similar))
}

func near(kept []string, text string, similar float64) bool {
	for _, k := range kept {
		if dedup.Similarity(k, text) >= similar {
			return true
		}
	}
	return false
}

// shortest is the shortest whole answer that comes down to final.
func shortest(samples []*dataset.Answers, i int, row dataset.Row, final string) (text string) {
	for _, s := range samples {
		if a := s.List[i]; !a.Truncated && (text == "" || len(a.Text) < len(text)) && Final(row, a.Text) == final {
			text = a.Text
		}
	}
	return text
}

// sameRows refuses samples that answer other rows than the first.
func sameRows(samples []*dataset.Answers) (*dataset.Set, error) {
	if len(samples) == 0 {
		return nil, fmt.Errorf("distil: there are no samples")
	}
	rows := samples[0].Set
	for k, s := range samples {
		if len(s.List) != rows.Len() || s.Set != rows && s.Set.Hash() != rows.Hash() {
			return nil, fmt.Errorf("distil: sample %d answers other rows than the first", k+1)
		}
	}
	return rows, nil
}

// said is a row with another answer to learn; the reference stays as the correct
// answer.
func said(row dataset.Row, text string, more map[string]any) dataset.Row {
	if row.CorrectAnswer == "" {
		row.CorrectAnswer = row.Answer
	}
	row.Instruction, row.Input, row.Messages, row.Output = row.Prompt(), "", nil, text
	metadata := map[string]any{}
	for k, v := range row.Metadata {
		metadata[k] = v
	}
	for k, v := range more {
		metadata[k] = v
	}
	row.Metadata = metadata
	return row
}

func funnel(set *dataset.Set, model string, stages []run.FunnelStage) {
	experiment.Current().Funnel(run.Funnel{Name: set.Name, Title: set.Name + " of the " + model + " model", Stages: stages})
}

func must(set *dataset.Set, err error) *dataset.Set {
	if err != nil {
		experiment.Stop(err)
	}
	return set
}
