package judge

import (
	"fmt"

	"cogumi/reports/run"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/grade"
	"cogumi/stdlib/stats"
)

// Known is how a judge stands to the truth, over the pairs of which the truth says
// that one answer is right and the other wrong.
type Known struct {
	N      int `json:"n"`
	Same   int `json:"same"`   // the judge names the right answer, in both orders
	Other  int `json:"other"`  // it names the wrong one
	Unsure int `json:"unsure"` // a tie or a flip
	// Right is pairs that the judge gave to the other side although our answer is
	// right: no failures to learn from.
	Right int `json:"lost_but_right"`
}

// compareWithTruth grades both answers of all pairs whose rows have one that is
// known, and counts what the judge made of them.
func (r *Result) compareWithTruth(m *Match) {
	rows := &dataset.Set{Name: m.Name}
	ours, theirs := &dataset.Answers{Set: rows, Model: m.Ours}, &dataset.Answers{Set: rows, Model: m.Theirs}
	var at []int
	for i := range r.Verdicts {
		p := &r.Verdicts[i].Pair
		if p.Row.Answer == "" || r.Verdicts[i].Outcome == Failed {
			continue
		}
		rows.Rows, at = append(rows.Rows, p.Row), append(at, i)
		ours.List, theirs.List = append(ours.List, dataset.Answer{Text: p.Ours}), append(theirs.List, dataset.Answer{Text: p.Theirs})
	}
	if len(at) == 0 {
		return
	}
	a, b := grade.Check(ours), grade.Check(theirs)
	r.Known = &Known{}
	for k, i := range at {
		v := &r.Verdicts[i]
		if x := a.Items[k].Verdict; x != grade.Unsupported {
			v.Known = x
		}
		if v.Known == grade.Right && v.Outcome == Lost {
			r.Known.Right++
		}
		r.Known.add(a.Items[k].Verdict, b.Items[k].Verdict, v.Outcome)
	}
}

func (k *Known) add(ours, theirs, said string) {
	right := ""
	switch {
	case ours == grade.Right && theirs == grade.Wrong:
		right = Won
	case ours == grade.Wrong && theirs == grade.Right:
		right = Lost
	default:
		return
	}
	k.N++
	switch said {
	case right:
		k.Same++
	case Won, Lost:
		k.Other++
	default:
		k.Unsure++
	}
}

func (k *Known) report(x *experiment.Run) {
	if k.N > 0 {
		low, high := stats.Rate(k.Same, k.N, level)
		x.Figure(run.Figure{Name: "judge names the right answer", Value: 100 * float64(k.Same) / float64(k.N), Unit: "%", N: k.N, Low: 100 * low, High: 100 * high, Method: stats.RateMethod,
			Note: fmt.Sprintf("of pairs with one right and one wrong answer; the wrong one %d times, none %d times (ties and flips)", k.Other, k.Unsure)})
	}
	switch {
	case k.N >= 10 && k.Same <= k.Other:
		x.Note(run.Note{Level: "warn", Topic: "judging", Text: fmt.Sprintf("where one answer is right and one wrong, the judge names the right one %d times, the wrong one %d times and none %d times", k.Same, k.Other, k.Unsure), Hint: "do not conclude anything from this judge"})
	case k.Right > 0:
		x.Note(run.Note{Level: "warn", Topic: "judging", Text: plural(k.Right, "pair") + " judged lost although our answer is known to be right", Hint: "phase1b_extract leaves them out"})
	}
}
