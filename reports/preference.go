package reports

import (
	"cmp"
	"fmt"
	"strings"

	"cogumi/reports/run"
)

// preference is the top of a report of judged answers: one score, and what
// became of the pairs.
type preference struct {
	Ours, Theirs, Score, Interval, P, Pairs string
	At, From, Width                         float64
	Outcomes                                []outcome
}

func newPreference(j *run.Judging) *preference {
	t := &j.Total
	v := &preference{
		Ours: clipTo(j.Ours, 60), Theirs: clipTo(j.Theirs, 60), Score: percent(t.Score), Interval: percent(t.Low) + " to " + percent(t.High), P: pclause(t.P),
		Pairs: plural(t.Pairs, "pair"), At: within(100 * t.Score), From: within(100 * t.Low), Width: within(100 * (t.High - t.Low)),
	}
	from := 0.0
	for _, o := range outcomes {
		n := max(o.n(t), 0)
		if n == 0 && o.id != "win" && o.id != "loss" {
			continue
		}
		width := 100 * float64(n) / float64(max(t.Pairs, 1))
		v.Outcomes = append(v.Outcomes, outcome{Class: o.id, Label: o.name, N: n, From: from, Width: width})
		from += width
	}
	return v
}

// preferred is the finding of a match in one sentence.
func preferred(j *run.Judging) headline {
	t := &j.Total
	ours, theirs := clipTo(j.Ours, 60), clipTo(j.Theirs, 60)
	sure := t.P < .05 && t.Score != .5
	var h headline
	switch {
	case t.Judged() <= 0:
		h.Text = "No pair could be judged"
	case sure && t.Score > .5:
		h.Text = fmt.Sprintf("%s is preferred to %s", ours, theirs)
	case sure:
		h.Text = fmt.Sprintf("%s is preferred to %s", theirs, ours)
	default:
		h.Text = fmt.Sprintf("No preference between %s and %s is proven", ours, theirs)
	}
	h.Lede = fmt.Sprintf("Judged by %s, %s wins %s, loses %s, and ties %s.", clipTo(cmp.Or(j.Judge, "a judge"), 100), ours, plural(t.Wins, "pair"), count(t.Losses), count(t.Ties))
	if t.Flips > 0 {
		h.Lede += fmt.Sprintf(" In %s the two orders disagree.", plural(t.Flips, "pair"))
	}
	if t.Errors > 0 {
		h.Lede += fmt.Sprintf(" %s could not be judged.", plural(t.Errors, "pair"))
	}
	if odd := oddJudge(j); odd != "" {
		h.But = "but " + odd
		if !sure {
			h.But = "and " + odd
		}
	}
	var worst []string
	for i := range j.Categories {
		if c := &j.Categories[i]; c.PAdjusted < .05 && c.Score < .5 && len(worst) < 4 {
			worst = append(worst, clipTo(cmp.Or(c.Category, "no category"), 60))
		}
	}
	if worst != nil {
		h.Lede += " It loses in " + join(worst) + " (p" + nbsp + "<" + nbsp + "0.05 after Holm's correction)."
	}
	return h
}

// oddJudge says whether something speaks against the judge itself.
func oddJudge(j *run.Judging) string {
	for _, w := range worthOf(j) {
		if w.Odd && strings.HasPrefix(w.Name, "Canary") {
			return "the judge failed a canary"
		}
	}
	return ""
}
