package validate

import (
	"fmt"

	"cogumi/reports/run"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/grade"
	"cogumi/stdlib/judge"
	"cogumi/stdlib/stats"
)

// Judged compares two models by what a judge said of their answers beside the same
// reference answers, and reports it as Compare does. An item counts as right where
// the reference does not win in both orders: a tie is a right answer, and a flip
// lost nothing. How the scores moved, wins and ties told apart, is a figure of its
// own. Matches over different rows or references end the run.
func Judged(before, after *judge.Result) *run.Comparison {
	c, err := ComputeJudged(before, after)
	if err != nil {
		experiment.Stop(err)
	}
	x := experiment.Current()
	a, b := named(sheetOf(before), sheetOf(after))
	report(x, c, a, b)
	reportScores(x, before, after)
	return c
}

// ComputeJudged is Judged without the report.
func ComputeJudged(before, after *judge.Result) (*run.Comparison, error) {
	if before.Theirs != after.Theirs {
		return nil, fmt.Errorf("compare: judged against %s before and against %s after: they are not the same match", before.Theirs, after.Theirs)
	}
	for i := range min(len(before.Verdicts), len(after.Verdicts)) {
		if before.Verdicts[i].Pair.Theirs != after.Verdicts[i].Pair.Theirs {
			return nil, fmt.Errorf("compare: item %d has another reference answer before and after", i+1)
		}
	}
	c, err := Compute(sheetOf(before), sheetOf(after))
	if err != nil {
		return nil, err
	}
	c.Right = fmt.Sprintf("An answer counts as right where %s does not win against it in both orders, as %s judges.", before.Theirs, judgeName(after))
	return c, nil
}

func judgeName(r *judge.Result) string {
	if r.Judge != nil {
		return r.Judge.Name
	}
	return "the judge"
}

// sheetOf is what a judge said, as verdicts on our answers.
func sheetOf(r *judge.Result) *grade.Sheet {
	s := &grade.Sheet{Name: "judged", Model: r.Ours}
	for _, v := range r.Verdicts {
		it := grade.Item{Row: v.Pair.Row, Answer: dataset.Answer{Text: v.Pair.Ours}, Verdict: grade.Right, Reason: v.Outcome}
		switch v.Outcome {
		case judge.Lost:
			it.Verdict = grade.Wrong
		case judge.Failed:
			it.Verdict, it.Reason = grade.Unsupported, v.Error
		}
		s.Items = append(s.Items, it)
	}
	return s
}

// reportScores says how the scores moved: 1 won, 0 lost, ½ between.
func reportScores(x *experiment.Run, before, after *judge.Result) {
	var moved []float64
	for i := range before.Verdicts {
		a, b := &before.Verdicts[i], &after.Verdicts[i]
		if a.Outcome != judge.Failed && b.Outcome != judge.Failed {
			moved = append(moved, b.Score-a.Score)
		}
	}
	f := run.Figure{Name: "change of the score against " + after.Theirs, Unit: "points", N: len(moved), Method: "bootstrap of prompts, paired",
		Note: fmt.Sprintf("before %d won, %d lost, %d ties, %d flips; after %d, %d, %d, %d", before.Total.Wins, before.Total.Losses, before.Total.Ties, before.Total.Flips,
			after.Total.Wins, after.Total.Losses, after.Total.Ties, after.Total.Flips)}
	if len(moved) > 1 {
		low, high := stats.BootstrapMean(moved, level, 0, 1)
		f.Value, f.Low, f.High = 100*stats.Mean(moved), 100*low, 100*high
		x.Figure(f)
	}
}
