// Package extract turns failures into training rows: graded answers, or recorded
// judgements of a benchmark. Only real failures count: a tie is a right answer.
package extract

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"

	"cogumi/reports/run"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/grade"
)

// Failures are the rows that the model got wrong, as training rows: the
// reference response to learn, and what the model said instead. Answers that
// could not be graded are no failures.
func Failures(sheet *grade.Sheet) *dataset.Set {
	out := &dataset.Set{Name: sheet.Name + " failures"}
	skipped := 0
	for i := range sheet.Items {
		it := &sheet.Items[i]
		if it.Verdict != grade.Wrong {
			continue
		}
		if it.Row.Output == "" && it.Row.Answer == "" {
			skipped++
			continue
		}
		row := it.Row
		row.Output = cmp.Or(row.Output, row.Answer)
		row.FailureType, row.CorrectAnswer, row.ModelResponse = "wrong", it.Row.Answer, it.Answer.Text
		row.Metadata = with(row.Metadata, map[string]any{"model": sheet.Model, "extracted": it.Extracted, "reason": it.Reason, "row": i + 1})
		out.Rows = append(out.Rows, row)
	}
	r := experiment.Current()
	if skipped > 0 {
		r.Note(run.Note{Level: "warn", Topic: "extract", Text: fmt.Sprintf("%d failures have no reference response and were left out", skipped), Hint: "rows need output (or response)"})
	}
	total := sheet.Right() + sheet.Wrong() + sheet.Unsupported()
	r.Funnel(run.Funnel{Name: out.Name, Title: "Failures of the " + sheet.Model + " model on " + sheet.Name, Stages: []run.FunnelStage{
		{Name: "answered", Count: total}, {Name: "graded", Count: total - sheet.Unsupported(), Note: fmt.Sprintf("%d could not be graded", sheet.Unsupported())},
		{Name: "failed", Count: len(out.Rows), Note: fmt.Sprintf("%d were right", sheet.Right())}}})
	return out
}

// Replay draws n rows that the model got right (all if there are fewer), in an
// order that seed decides: trained along, they keep what the model can do.
func Replay(sheet *grade.Sheet, n int, seed int) *dataset.Set {
	out := &dataset.Set{Name: sheet.Name + " replay"}
	var right []int
	for i := range sheet.Items {
		if it := &sheet.Items[i]; it.Verdict == grade.Right && it.Row.Output != "" {
			right = append(right, i)
		}
	}
	random := rand.New(rand.NewPCG(uint64(seed), 0x4e91a))
	random.Shuffle(len(right), func(i, j int) { right[i], right[j] = right[j], right[i] })
	for _, i := range right[:max(0, min(n, len(right)))] {
		row := sheet.Items[i].Row
		row.Metadata = with(row.Metadata, map[string]any{"replay": true, "row": i + 1})
		out.Rows = append(out.Rows, row)
	}
	return out
}

// with is old and more in a map of their own.
func with(old, more map[string]any) map[string]any {
	all := maps.Clone(old)
	if all == nil {
		return more
	}
	maps.Copy(all, more)
	return all
}

// HasTies counts the rows that were ties: right answers.
func HasTies(set *dataset.Set) int {
	n := 0
	for i := range set.Rows {
		if set.Rows[i].FailureType == "tie" {
			n++
		}
	}
	return n
}
