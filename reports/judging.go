package reports

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"cogumi/reports/run"
)

// judging is the matches that a judge decided.
type judging struct {
	Matches []match
	Notes   []note
}

// match is one of them: outcomes and scores by category, and what the judge is worth.
type match struct {
	ID, Title, Intro string
	Charts           []*chart
	Worth            []worth
	Settings         []fact
	Method           string
	Link, LinkText   string
}

// worth is one reason to believe a judge, or not to: a share that has a fair value.
type worth struct {
	Name, Value, Note string
	Odd               bool // it is not what a fair judge would give
	HasScale          bool
	At, From, Width   float64 // per cent of the scale
}

// The outcomes of a judged pair, in the order in which bars show them.
var outcomes = []struct {
	id, name string
	n        func(*run.JudgedGroup) int
}{
	{"win", "wins", func(g *run.JudgedGroup) int { return g.Wins }},
	{"tie", "ties", func(g *run.JudgedGroup) int { return g.Ties }},
	{"flip", "flips", func(g *run.JudgedGroup) int { return g.Flips }},
	{"loss", "losses", func(g *run.JudgedGroup) int { return g.Losses }},
	{"error", "errors", func(g *run.JudgedGroup) int { return g.Errors }},
}

func (p *page) newJudging(list []run.Judging, notes []note, s *sampleData) *judging {
	if len(list) == 0 {
		p.Notes = append(p.Notes, notes...)
		return nil
	}
	v := &judging{Notes: notes}
	for i := range list {
		if i < maxTables {
			v.Matches = append(v.Matches, p.newMatch(i, &list[i], s))
		}
	}
	return v
}

func (p *page) newMatch(i int, j *run.Judging, s *sampleData) match {
	v := match{ID: fmt.Sprintf("match-%d", i+1), Title: clipTo(cmp.Or(j.Title, j.Ours+" against "+j.Theirs), 200), Method: clip(j.Method)}
	t := &j.Total
	v.Intro = fmt.Sprintf("%s judged %s", clipTo(cmp.Or(j.Judge, "A judge"), 100), plural(t.Pairs, "pair"))
	if j.OneOrder {
		v.Intro += " in one order only: a preference for the place of an answer is part of the score."
	} else {
		v.Intro += " in both orders. A pair is won or lost where both orders say so; where they disagree it is a flip."
	}
	if t.Errors > 0 {
		v.Intro += fmt.Sprintf(" %s could not be judged and have no score.", plural(t.Errors, "pair"))
	}
	rows := judgedRows(j)
	if t.Pairs > 0 {
		v.Charts = []*chart{judgedChart(v.ID, j, rows), preferenceChart(v.ID, j, rows)}
		p.charts = append(p.charts, v.Charts...)
	}
	v.Worth = worthOf(j)
	for _, set := range j.Settings {
		if len(v.Settings) < maxRows {
			v.Settings = append(v.Settings, fact{Label: clipTo(set.Name, 100), Value: clip(set.Value)})
		}
	}
	v.Link, v.LinkText = judgedLink(j, s)
	return v
}

// judgedRows is all pairs, then the categories, the lowest score first.
func judgedRows(j *run.Judging) []run.JudgedGroup {
	cats := slices.Clone(j.Categories)
	slices.SortStableFunc(cats, func(a, b run.JudgedGroup) int { return cmp.Compare(a.Score, b.Score) })
	if len(cats) == 1 && cats[0].Pairs == j.Total.Pairs { // the same thing twice
		cats = nil
	}
	all := j.Total
	all.Category = "All"
	rows := append([]run.JudgedGroup{all}, cats...)
	return rows[:min(len(rows), maxRows)]
}

func judgedLabels(rows []run.JudgedGroup) []string {
	out := make([]string, len(rows))
	for i := range rows {
		out[i] = cmp.Or(clipTo(rows[i].Category, 60), "(no category)")
	}
	return out
}

func judgedChart(id string, j *run.Judging, rows []run.JudgedGroup) *chart {
	labels := judgedLabels(rows)
	c := charts.NewBar()
	c.SetGlobalOptions(categoryAxes(labels, opts.XAxis{Type: "value", Min: 0, Max: 100})...)
	var key []legend
	for _, o := range outcomes {
		var data []opts.BarData
		for i := range rows {
			n := max(o.n(&rows[i]), 0)
			data = append(data, opts.BarData{Value: []any{short(100 * float64(n) / float64(max(rows[i].Pairs, 1))), i, n, rows[i].Pairs}})
		}
		if o.n(&j.Total) > 0 || o.id == "win" || o.id == "loss" {
			c.AddSeries(o.name, data, charts.WithSeriesId(o.id), charts.WithBarChartOpts(opts.BarChart{Stack: "all"}))
			key = append(key, legend{o.id, o.name})
		}
	}
	ours, theirs := clipTo(j.Ours, 60), clipTo(j.Theirs, 60)
	return &chart{
		ID: id + "-outcomes", Kind: "outcome", Title: "Outcomes for " + ours, Tall: len(rows), Labels: labels, Option: jsonOf(c), Wide: true,
		Desc:   "Share of pairs that " + ours + " won against " + theirs + ", that were ties, flips, lost, or could not be judged, for each category.",
		Legend: key, Table: judgedTable(id+"-table", rows),
	}
}

func preferenceChart(id string, j *run.Judging, rows []run.JudgedGroup) *chart {
	c := intervals{labels: judgedLabels(rows), name: "score", reference: 50}
	for i := range rows {
		c.add(100*rows[i].Score, 100*rows[i].Low, 100*rows[i].High)
	}
	return &chart{
		ID: id + "-score", Kind: "score", Title: "Score of " + clipTo(j.Ours, 60), Tall: len(rows), Labels: c.labels, Option: c.option(), Reference: c.reference, Wide: true,
		Desc:   "Mean score over judged pairs with its 95% interval for each category; 50% is as good as " + clipTo(j.Theirs, 60) + ".",
		Legend: []legend{{"interval", "score with 95% interval"}},
		Note:   "A win counts 1, a tie or a flip in between, a loss 0. A filled mark: the interval leaves 50% out.",
	}
}

func judgedTable(id string, rows []run.JudgedGroup) *table {
	t := &table{ID: id, Caption: "Judged pairs by category, the lowest score first", Columns: []column{
		{"Category", false}, {"Pairs", true}, {"Wins", true}, {"Ties", true}, {"Flips", true}, {"Losses", true}, {"Errors", true},
		{"Score", true}, {"95% interval", false}, {"p", true}, {"p, Holm", true},
	}}
	for i := range rows {
		g := &rows[i]
		holm := cell{}
		if i > 0 {
			holm = cell{pvalue(g.PAdjusted), raw(g.PAdjusted)}
		}
		t.Rows = append(t.Rows, []cell{words(cmp.Or(g.Category, "(no category)")), integer(g.Pairs), integer(g.Wins), integer(g.Ties), integer(g.Flips), integer(g.Losses), integer(g.Errors),
			{percent(g.Score), raw(g.Score)}, {percent(g.Low) + " to " + percent(g.High), ""}, {pvalue(g.P), raw(g.P)}, holm})
	}
	return t
}

// worthOf says what speaks for and against the judge.
func worthOf(j *run.Judging) []worth {
	var list []worth
	if f := j.FirstWins; f != nil && f.N > 0 {
		w := rateWorth("The answer shown first wins", f, "half is a judge without a preference for a place")
		w.Odd = f.Low > .5 || f.High < .5
		list = append(list, w)
	}
	if l := j.Length; l != nil && l.Longer.N > 0 {
		w := rateWorth("The longer answer wins", &l.Longer, fmt.Sprintf("a judge of nothing but lengths would give %s", percent(l.LongestWins)))
		w.Odd = l.Longer.Low > .5 || l.Longer.High < .5
		list = append(list, w)
	}
	if l := j.Length; l != nil && l.Controlled != nil {
		c := l.Controlled
		list = append(list, worth{Name: "Score at equal lengths", Value: percent(c.Value), Note: percent(c.Low) + " to " + percent(c.High) + methodOf(c.Method),
			HasScale: true, At: within(100 * c.Value), From: within(100 * c.Low), Width: within(100 * (c.High - c.Low))})
	}
	if n := j.Total.Judged(); n > 0 && !j.OneOrder {
		share := float64(j.Total.Flips) / float64(n)
		list = append(list, worth{Name: "The two orders disagree", Value: percent(share), Note: fmt.Sprintf("%s of %s", count(j.Total.Flips), plural(n, "judged pair")), Odd: share > .25})
	}
	if j.Detectable > 0 {
		list = append(list, worth{Name: "Smallest shift that would be seen", Value: signed(100*j.Detectable, 1)[1:] + nbsp + "points", Note: "found with 80% power with this many pairs"})
	}
	for _, c := range j.Canaries {
		if len(list) < maxRows {
			list = append(list, canaryWorth(&c))
		}
	}
	return list
}

func rateWorth(name string, r *run.Rate, note string) worth {
	return worth{Name: name, Value: percent(r.Accuracy), Note: fmt.Sprintf("%s of %s, %s to %s; %s", count(r.Correct), count(r.N), percent(r.Low), percent(r.High), note),
		HasScale: true, At: within(100 * r.Accuracy), From: within(100 * r.Low), Width: within(100 * (r.High - r.Low))}
}

func methodOf(m string) string {
	if m == "" {
		return ""
	}
	return "; " + clipTo(m, 200)
}

func canaryWorth(c *run.Canary) worth {
	w := worth{Name: "Canary: " + clipTo(c.Name, 100), Value: fmt.Sprintf("%s of %s", count(c.Passed), count(c.N)), Note: clipTo(cmp.Or(c.What, "judged as a fair judge would"), 400)}
	if c.Errors > 0 {
		w.Note += "; " + plural(c.Errors, "error")
	}
	w.Odd = c.N == 0 || float64(c.Passed) < .8*float64(c.N)
	return w
}

func judgedLink(j *run.Judging, s *sampleData) (link, text string) {
	if s.tagged("loss") == 0 || j.Total.Losses == 0 {
		return "", ""
	}
	q := "tag:loss"
	if j.Samples != "" && len(s.sets) > 1 {
		q += " set:" + filterValue(j.Samples)
	}
	return query(q), "Read the pairs that " + clipTo(j.Ours, 60) + " lost"
}
