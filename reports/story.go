package reports

import (
	"fmt"
	"math"

	"cogumi/reports/run"
)

// headline is the finding in one sentence; But is its other side.
type headline struct {
	Text, But string
	Lede      string
	Facts     []fact
}

type fact struct{ Label, Value, Note string }

// score is the overall comparison, drawn as two intervals on one scale.
type score struct {
	Base, Tuned          scoreRow
	Method               string
	Outcomes             []outcome
	Excluded             string
	Right                string // what counts as right, where that is not plain
	Points, Low, High, P string
}

type scoreRow struct {
	Name, Accuracy, Interval, N string
	At, From, Width             float64 // per cent of the scale
}

type outcome struct {
	Class, Label string
	N            int
	From, Width  float64
}

type worse struct {
	Title    string
	Rows     []family
	Explain  string
	None     string
	Families int
}

// tell writes the top of the page.
func (p *page) tell(r *run.Run, comparisons []run.Comparison, s *sampleData) {
	p.Banner = newBanner(r, p)
	judgings, benchmarks := r.Judgings(), r.Benchmarks()
	switch {
	case len(comparisons) > 0:
		c := &comparisons[len(comparisons)-1]
		p.Head = compared(c)
		p.Score = newScore(c)
		p.Worse = newWorse(c, s)
	case len(judgings) > 0:
		j := &judgings[len(judgings)-1]
		p.Head = preferred(j)
		p.Preference = newPreference(j)
	case len(benchmarks) > 0:
		p.Head = scored(benchmarks)
	default:
		p.Head = finished(r, p)
	}
	p.Next = p.next(r, comparisons, s)
}

// proven says whether the paired test sees a difference at 5 %.
func proven(c *run.Change) bool { return c.P < .05 && c.Diff != 0 }

func compared(c *run.Comparison) headline {
	before, after := percent(c.Base.Accuracy), percent(c.Tuned.Accuracy)
	o := &c.Overall
	var h headline
	switch {
	case proven(o) && o.Diff > 0:
		h.Text = fmt.Sprintf("Accuracy rose from %s to %s", before, after)
	case proven(o):
		h.Text = fmt.Sprintf("Accuracy fell from %s to %s", before, after)
	default:
		h.Text = fmt.Sprintf("No difference is proven: %s before, %s after", before, after)
	}
	if n := len(c.Regressions); n > 0 {
		word := "families"
		if n == 1 {
			word = "family"
		}
		h.But = fmt.Sprintf("%s %s got worse", inWords(n), word)
		if o.Diff > 0 && proven(o) {
			h.But = "but " + h.But
		} else {
			h.But = "and " + h.But
		}
	}
	h.Lede = fmt.Sprintf("On the same %s, %s answered %s right that %s got wrong, and %s wrong that it had right. ",
		plural(c.Base.N, "item"), c.TunedName, count(o.Gained), c.BaseName, count(o.Lost))
	far := "that is more than chance explains"
	if !proven(o) {
		far = "chance alone could explain that"
	}
	h.Lede += fmt.Sprintf("The difference is %s"+nbsp+"points (95%% interval %s to %s); %s (%s, exact McNemar test on pairs).",
		points(o.Diff), points(o.Low), points(o.High), far, pclause(o.P))
	return h
}

func newScore(c *run.Comparison) *score {
	o := &c.Overall
	s := &score{
		Base: newScoreRow(c.BaseName, c.Base), Tuned: newScoreRow(c.TunedName, c.Tuned), Method: c.Base.Method, Right: clip(c.Right),
		Points: points(o.Diff), Low: points(o.Low), High: points(o.High), P: pclause(o.P),
	}
	kept := o.Before - o.Lost
	wrong := o.N - o.Before - o.Gained
	from := 0.0
	for _, part := range []outcome{
		{Class: "kept", Label: "right both times", N: kept},
		{Class: "gained", Label: "gained", N: o.Gained},
		{Class: "lost", Label: "lost", N: o.Lost},
		{Class: "wrong", Label: "wrong both times", N: wrong},
	} {
		part.N = max(part.N, 0)
		part.From, part.Width = from, 100*float64(part.N)/float64(max(o.N, 1))
		from += part.Width
		s.Outcomes = append(s.Outcomes, part)
	}
	if c.Excluded > 0 {
		s.Excluded = plural(c.Excluded, "item") + " left out of the comparison"
		if c.ExcludedWhy != "" {
			s.Excluded += ": " + clip(c.ExcludedWhy)
		}
		s.Excluded += "."
	}
	return s
}

func newScoreRow(name string, r run.Rate) scoreRow {
	low, high := within(100*r.Low), within(100*r.High)
	return scoreRow{
		Name: name, Accuracy: percent(r.Accuracy), N: count(r.Correct) + " of " + count(r.N),
		Interval: percent(r.Low) + " to " + percent(r.High),
		At:       within(100 * r.Accuracy), From: low, Width: math.Max(high-low, 0),
	}
}

func within(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return math.Round(100*math.Min(math.Max(v, 0), 100)) / 100
}

func newWorse(c *run.Comparison, s *sampleData) *worse {
	w := &worse{Families: len(c.ByFamily)}
	if len(c.Regressions) == 0 {
		if w.Families == 0 {
			w.None = "The run compared no families, so a part that got worse would not show here."
		} else {
			w.None = fmt.Sprintf("Nothing that shows: none of %s lost 10 points or more, or fell with p < 0.05.", plural(w.Families, "family", "families"))
		}
		return w
	}
	confirmed := 0
	for i := range c.Regressions {
		if c.Regressions[i].Confirmed {
			confirmed++
		}
		if i < 12 {
			w.Rows = append(w.Rows, newFamily(&c.Regressions[i], true, s))
		}
	}
	w.Title = fmt.Sprintf("%s of %s", count(len(c.Regressions)), plural(w.Families, "family", "families"))
	if w.Families == 0 {
		w.Title = plural(len(c.Regressions), "family", "families")
	}
	n := len(c.Regressions)
	switch {
	case confirmed == n:
		w.Explain = "Confirmed: the fall holds after Holm's correction for all families compared."
	case confirmed == 0:
		w.Explain = "Seen, not confirmed: with this few items a fall of this size does not hold after Holm's correction. It is not ruled out either; more items of these families would tell."
	default:
		w.Explain = "Confirmed falls hold after Holm's correction for all families compared. The others were seen but have too few items to be sure; they are not ruled out."
	}
	if n > len(w.Rows) {
		w.Explain = fmt.Sprintf("The worst %d are shown, all are in the table of families. ", len(w.Rows)) + w.Explain
	}
	return w
}

// whatIsLeft is what a funnel made of its rows, where a run has one finding.
func whatIsLeft(list []run.Funnel) string {
	if len(list) != 1 || len(list[0].Stages) < 2 {
		return ""
	}
	s := list[0].Stages
	first, last := s[0].Count, s[len(s)-1].Count
	if last > first || first == 0 {
		return ""
	}
	return fmt.Sprintf("%s of %s are left", count(last), plural(first, "row"))
}

// finished is the headline of a run that compared nothing.
func finished(r *run.Run, p *page) headline {
	var h headline
	in := ""
	if s := current(r); s != "" {
		in = " in step " + s
	}
	switch r.State() {
	case run.Done:
		h.Text = "Finished"
		if p.Took != "" {
			h.Text += " in " + p.Took
		}
		if left := whatIsLeft(r.Funnels()); left != "" {
			h.Text, h.Lede = left, h.Text+"."
		}
	case run.Failed:
		h.Text = "The run failed" + in
	case run.Interrupted:
		h.Text = "The run was stopped" + in
	case run.Dead:
		h.Text = "The run died" + in
	case run.Running:
		h.Text = "The run is still going" + in
	default:
		h.Text = "A run of " + p.Script
	}
	for i, f := range r.Figures() {
		if i == 8 {
			break
		}
		v := newFigure(f)
		h.Facts = append(h.Facts, fact{v.Name, v.Value, v.Interval})
	}
	return h
}
