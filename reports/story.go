package reports

import (
	"fmt"
	"math"
	"net/url"
	"path"
	"strings"
	"time"

	"cogumi/reports/run"
)

// headline is the finding in one sentence; But is its other side.
type headline struct {
	Text, But string
	Lede      string
	Facts     []fact
}

type fact struct{ Label, Value, Note string }

type banner struct {
	Class, Title, Message string
	Place, Source, Hint   string
	After                 string
	Command               string
}

// score is the overall comparison, drawn as two intervals on one scale.
type score struct {
	Base, Tuned          scoreRow
	Method               string
	Outcomes             []outcome
	Excluded             string
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
	if n := len(comparisons); n > 0 {
		c := &comparisons[n-1]
		p.Head = compared(c)
		p.Score = newScore(c)
		p.Worse = newWorse(c, s)
	} else {
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
		Base: newScoreRow(c.BaseName, c.Base), Tuned: newScoreRow(c.TunedName, c.Tuned), Method: c.Base.Method,
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

// current is the step that is not done.
func current(r *run.Run) string {
	steps := r.Steps()
	for i := len(steps) - 1; i >= 0; i-- {
		if steps[i].State != run.Done && steps[i].State != "" {
			return steps[i].Name
		}
	}
	return ""
}

func newBanner(r *run.Run, p *page) *banner {
	st := r.State()
	b := &banner{Class: string(st), Command: r.Info.Command}
	switch st {
	case run.Failed:
		b.Title = "This run failed"
		b.After = "Finished steps are kept. Once the cause is gone, the same command goes on from there."
	case run.Interrupted:
		b.Title = "This run was stopped before its end"
		b.After = "What was finished is kept: the same command goes on where it stopped."
	case run.Dead:
		b.Title = "This run died"
		b.Message = "It says that it is running, but it has shown no sign of life since " + lastSign(r) + "."
		b.After = "Everything up to its last line is in this report. The same command goes on where it stopped."
	case run.Running:
		b.Title, b.Command = "This run is still going", ""
		b.Message = progressText(r)
		b.After = "This page shows the run up to the moment it was built."
	default:
		return nil
	}
	if e := r.Info.Error; e != nil {
		b.Message, b.Hint, b.Source = clip(e.Message), sentence(clip(e.Hint)), clip(strings.TrimSpace(e.Source))
		b.Place = place(e)
	}
	return b
}

func place(e *run.Failure) string {
	if e.File == "" {
		return ""
	}
	s := e.File
	if e.Line > 0 {
		s += fmt.Sprintf(":%d", e.Line)
		if e.Column > 0 {
			s += fmt.Sprintf(":%d", e.Column)
		}
	}
	return s
}

func lastSign(r *run.Run) string {
	last := r.Info.Started
	if r.Heartbeat.After(last) {
		last = r.Heartbeat
	}
	return at(last).Text
}

func progressText(r *run.Run) string {
	list := r.Progress()
	if len(list) == 0 {
		return ""
	}
	g := list[len(list)-1]
	s := g.Name + ": " + count(g.Done)
	if g.Total > 0 {
		s += " of " + count(g.Total)
	}
	if g.Unit != "" {
		s += " " + g.Unit
	}
	if left := float64(g.Total-g.Done) / g.Rate; g.Total > g.Done && g.Rate > 0 {
		s += ", about " + seconds(left) + " left"
	}
	return clip(s + ".")
}

// took is how long the run took, or has been going.
func took(r *run.Run, now time.Time) string {
	end := r.Info.Ended
	switch {
	case r.Info.Started.IsZero():
		return ""
	case end.IsZero() && r.State() == run.Running:
		end = now
	case end.IsZero() && len(r.Events) > 0:
		end = r.Events[len(r.Events)-1].Time
	}
	if end.Before(r.Info.Started) {
		return ""
	}
	return seconds(end.Sub(r.Info.Started).Seconds())
}

// next says what to do with this run, most urgent first.
func (p *page) next(r *run.Run, comparisons []run.Comparison, s *sampleData) []action {
	var list []action
	if n := len(comparisons); n > 0 {
		list = append(list, afterComparison(r, &comparisons[n-1], s)...)
	}
	for _, n := range r.Notes() {
		if n.Level == "warn" && n.Hint != "" && len(list) < 6 && !aboutFall(n, comparisons) {
			list = append(list, action{Text: strings.TrimRight(sentence(clipTo(n.Hint, 400)), ". "), Hint: sentence(clipTo(n.Text, 400))})
		}
	}
	return list
}

// aboutFall says whether a note tells of a family that got worse: the page has
// said what to do about those.
func aboutFall(n run.Note, comparisons []run.Comparison) bool {
	for i := range comparisons {
		for _, f := range comparisons[i].Regressions {
			if f.Family != "" && n.Topic == "validate" && strings.Contains(n.Text, f.Family) {
				return true
			}
		}
	}
	return false
}

func afterComparison(r *run.Run, c *run.Comparison, s *sampleData) []action {
	var list []action
	if len(c.Regressions) > 0 {
		names := make([]string, 0, 4)
		for i := range c.Regressions {
			if i == 3 && len(c.Regressions) > 4 {
				names = append(names, fmt.Sprintf("%d others", len(c.Regressions)-3))
				break
			}
			names = append(names, c.Regressions[i].Family)
		}
		a := action{Text: "Read what " + join(names) + " lost", Hint: "A pattern in the lost answers says what the training taught wrong."}
		if n := s.tagged("regressed"); n > 0 {
			a.Link, a.LinkText = query("tag:regressed"), "See "+plural(n, "lost item")
		}
		list = append(list, a, action{
			Text: "Replay more of what it could do",
			Hint: "Add solved rows of " + join(names) + " to the training rows, or train less, and compare again.",
		})
	}
	if !proven(&c.Overall) {
		half := (c.Overall.High - c.Overall.Low) / 2
		list = append(list, action{Text: "Compare on more items", Hint: fmt.Sprintf("With %s the interval is ±%s points wide: smaller effects cannot be seen.", plural(c.Base.N, "item"), number(math.Round(1000*half)/10))})
	}
	if proven(&c.Overall) && c.Overall.Diff > 0 {
		for _, a := range r.Artefacts() {
			if a.Kind == "adapter" {
				folder := a.Path
				if path.Ext(folder) != "" { // one of the adapter's files
					folder = path.Dir(folder)
				}
				list = append(list, action{Text: "The adapter is in " + folder, Hint: "Its hash is under Provenance; the command there makes it again."})
				break
			}
		}
	}
	return list
}

// join lists names as prose does.
func join(names []string) string {
	switch n := len(names); n {
	case 0:
		return ""
	case 1:
		return names[0]
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}

// query is a link to the sample browser with a filter.
func query(q string) string { return "#q=" + url.QueryEscape(q) }

// filterValue quotes a value for the filter grammar.
func filterValue(s string) string {
	if strings.ContainsAny(s, " \t\"") {
		return `"` + strings.ReplaceAll(s, `"`, "") + `"`
	}
	return s
}
