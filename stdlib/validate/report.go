package validate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"cogumi/reports/run"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/grade"
	"cogumi/stdlib/stats"
)

func report(r *experiment.Run, c *run.Comparison, before, after *grade.Sheet) {
	r.Comparison(*c)
	for _, f := range []struct {
		name string
		rate run.Rate
	}{{c.BaseName + " accuracy", c.Base}, {c.TunedName + " accuracy", c.Tuned}} {
		r.Figure(run.Figure{Name: f.name, Value: 100 * f.rate.Accuracy, Unit: "%", N: f.rate.N, Low: 100 * f.rate.Low, High: 100 * f.rate.High, Method: f.rate.Method})
	}
	r.Figure(run.Figure{Name: "change", Value: 100 * c.Overall.Diff, Unit: "points", N: c.Overall.N, Low: 100 * c.Overall.Low, High: 100 * c.Overall.High,
		Method: "Tango's score interval, paired", Note: fmt.Sprintf("p = %.2g (exact McNemar)", c.Overall.P)})
	if n := len(before.Items); n > 1 && sameTexts(before, after) == n {
		r.Note(run.Note{Level: "warn", Topic: "validate", Text: fmt.Sprintf("all %d answers of both models are the same, letter for letter", n), Hint: "did the training change anything? Its report shows the steps, the learning rate and the loss"})
	}
	for _, n := range notes(c) {
		r.Note(n)
	}
	r.Samples("evaluation", "Evaluation, both models", samples(before, after))
}

// sameTexts is how many answers are the same before and after.
func sameTexts(before, after *grade.Sheet) (n int) {
	for i := range before.Items {
		if before.Items[i].Answer.Text == after.Items[i].Answer.Text {
			n++
		}
	}
	return n
}

// notes says in words what got worse, and what could not be seen.
func notes(c *run.Comparison) []run.Note {
	var out []run.Note
	warn := func(text, hint string) {
		out = append(out, run.Note{Level: "warn", Topic: "validate", Text: text, Hint: hint})
	}
	for _, f := range c.Regressions {
		sure := "not confirmed after Holm's correction: look at its samples"
		if f.Confirmed {
			sure = "confirmed after Holm's correction"
		}
		warn(fmt.Sprintf("%s/%s fell from %d to %d of %d (p = %.2g, %s)", f.Category, f.Family, f.Before, f.After, f.N, f.P, sure), "")
	}
	if len(c.Regressions) == 0 {
		out = append(out, run.Note{Level: "info", Topic: "validate", Text: "no family lost ten points or more, and none has p < .05 for a fall"})
	}
	if c.Excluded > 0 {
		warn(fmt.Sprintf("%d items could not be graded and were left out: %s", c.Excluded, c.ExcludedWhy), "cogumi env shows what this machine lacks")
	}
	if n := c.Overall.N; n > 0 {
		share := float64(c.Overall.Gained+c.Overall.Lost) / float64(n)
		if share == 0 {
			return append(out, run.Note{Level: "info", Topic: "validate", Text: fmt.Sprintf("none of %d items changed", n)})
		}
		out = append(out, run.Note{Level: "info", Topic: "validate",
			Text: fmt.Sprintf("with %d items, of which %.0f %% changed, a difference of %.1f points is found with 80 %% power", n, 100*share, 100*stats.Detectable(n, share))})
	}
	return out
}

// order is where a sample stands in the browser: what got worse first.
var order = []string{"regressed", "wrong", "fixed", "right", "unsupported"}

func samples(before, after *grade.Sheet) []run.Sample {
	var out []run.Sample
	for i := range before.Items {
		a, b := &before.Items[i], &after.Items[i]
		s := run.Sample{ID: fmt.Sprintf("%s-%d", before.Name, i+1), Category: a.Row.Category, Family: a.Row.Family, Prompt: prompt(a),
			Reference: cmp.Or(a.Row.Output, a.Row.Answer), Answers: []run.SampleAnswer{answer(before.Model, a), answer(after.Model, b)}, Tags: []string{tag(a, b)}}
		if a.Answer.Truncated || b.Answer.Truncated {
			s.Tags = append(s.Tags, "truncated")
		}
		out = append(out, s)
	}
	slices.SortStableFunc(out, func(a, b run.Sample) int {
		return cmp.Compare(slices.Index(order, a.Tags[0]), slices.Index(order, b.Tags[0]))
	})
	return out
}

func prompt(it *grade.Item) string {
	if it.Row.Instruction != "" {
		return strings.TrimSpace(it.Row.Instruction + "\n\n" + it.Row.Input)
	}
	var b strings.Builder
	for _, m := range it.Row.Messages {
		fmt.Fprintf(&b, "%s: %s\n", m.Role, m.Content)
	}
	return b.String()
}

func answer(model string, it *grade.Item) run.SampleAnswer {
	return run.SampleAnswer{Model: model, Text: it.Answer.Text, Verdict: it.Verdict, Extracted: it.Extracted, Reason: it.Reason, Tokens: it.Answer.Tokens}
}

func tag(a, b *grade.Item) string {
	switch {
	case a.Verdict == grade.Unsupported || b.Verdict == grade.Unsupported:
		return "unsupported"
	case a.Verdict == grade.Right && b.Verdict == grade.Wrong:
		return "regressed"
	case a.Verdict == grade.Wrong && b.Verdict == grade.Right:
		return "fixed"
	case b.Verdict == grade.Right:
		return "right"
	}
	return "wrong"
}
