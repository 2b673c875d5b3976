package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"cogumi/reports/run"
)

// result is one comparison: charts by category, table by family.
type result struct {
	ID, Title, Intro string
	Charts           []*chart
	Families         []family
	HasHolm          bool
	Caption          string
	Method           string
	Notes            []note
	Base, Tuned      string
}

// family is one row of the table of families, and of what got worse.
type family struct {
	Name, Category        string
	N, Before, After      int
	BeforeText, AfterText string
	BeforeAt, AfterAt     float64 // per cent of the scale
	From, Width           float64
	Points, Range         string
	PointsRaw             float64
	Gained, Lost          int
	P, PAdjusted          string
	PRaw, PAdjustedRaw    float64
	Confirmed, Worse      bool
	Class                 string // up, down, same
	Link                  string
	Label                 string // for people who do not see the drawing
}

func newFamily(c *run.Change, worse bool, s *sampleData) family {
	f := family{
		Name: clipTo(c.Family, 120), Category: clipTo(c.Category, 120), N: c.N, Before: c.Before, After: c.After,
		BeforeText: percent(c.BeforeAcc), AfterText: percent(c.AfterAcc),
		BeforeAt: within(100 * c.BeforeAcc), AfterAt: within(100 * c.AfterAcc),
		Points: points(c.Diff), PointsRaw: 100 * c.Diff, Gained: c.Gained, Lost: c.Lost,
		P: pvalue(c.P), PAdjusted: pvalue(c.PAdjusted), PRaw: c.P, PAdjustedRaw: c.PAdjusted,
		Confirmed: c.Confirmed, Worse: worse, Class: "same",
	}
	f.From, f.Width = math.Min(f.BeforeAt, f.AfterAt), math.Abs(f.AfterAt-f.BeforeAt)
	if c.Low != 0 || c.High != 0 {
		f.Range = points(c.Low) + " to " + points(c.High)
	}
	switch {
	case c.Diff > 0:
		f.Class = "up"
	case c.Diff < 0:
		f.Class = "down"
	}
	f.Label = fmt.Sprintf("%s before, %s after", f.BeforeText, f.AfterText)
	if f.Name == "" {
		f.Name = "(no family)"
	}
	if s.hasFamily(c.Family) {
		q := "family:" + filterValue(c.Family)
		if s.hasCategory(c.Category) {
			q += " category:" + filterValue(c.Category)
		}
		if worse && s.tagged("regressed") > 0 {
			q = "tag:regressed " + q
		}
		f.Link = query(q)
	}
	return f
}

func (p *page) newResult(i int, c *run.Comparison, of int, s *sampleData) result {
	v := result{
		ID: fmt.Sprintf("result-%d", i+1), Base: clipTo(c.BaseName, 60), Tuned: clipTo(c.TunedName, 60),
		Title: "Before and after", Method: clip(c.Method),
	}
	if of > 1 {
		v.Title = v.Base + " and " + v.Tuned
	}
	rows := append([]run.Change{whole(c)}, c.ByCategory...)
	if len(rows) > maxRows {
		rows = rows[:maxRows]
	}
	// One category is the whole: the charts would say the same thing twice.
	if len(rows) == 2 {
		rows = rows[1:]
	}
	if c.Overall.N > 0 {
		v.Charts = []*chart{accuracyChart(v.ID, v.Base, v.Tuned, rows), differenceChart(v.ID, rows), outcomeChart(v.ID, rows)}
		p.charts = append(p.charts, v.Charts...)
	}
	v.Families = familyRows(c, s)
	for _, f := range c.ByFamily {
		v.HasHolm = v.HasHolm || f.PAdjusted > 0
	}
	v.Caption = fmt.Sprintf("Paired changes in %s, what got worse first", plural(len(c.ByFamily), "family", "families"))
	if n := len(v.Families); n < len(c.ByFamily) {
		v.Caption += fmt.Sprintf(" (%d shown)", n)
	}
	return v
}

// whole is the overall change with a name of its own.
func whole(c *run.Comparison) run.Change {
	all := c.Overall
	all.Category, all.Family = "All", ""
	return all
}

// familyRows puts what got worse on top, then goes from the largest fall to the
// largest gain.
func familyRows(c *run.Comparison, s *sampleData) []family {
	type key struct{ category, family string }
	worse := map[key]int{}
	for i, r := range c.Regressions {
		worse[key{r.Category, r.Family}] = i + 1
	}
	list := slices.Clone(c.ByFamily)
	place := func(f run.Change) int {
		if i := worse[key{f.Category, f.Family}]; i > 0 {
			return i
		}
		return math.MaxInt
	}
	slices.SortStableFunc(list, func(a, b run.Change) int {
		if d := cmp.Compare(place(a), place(b)); d != 0 {
			return d
		}
		return cmp.Compare(a.Diff, b.Diff)
	})
	if len(list) > maxRows {
		list = list[:maxRows]
	}
	rows := make([]family, len(list))
	for i := range list {
		rows[i] = newFamily(&list[i], worse[key{list[i].Category, list[i].Family}] > 0, s)
	}
	return rows
}

func changeTable(id, caption string, rows []run.Change) *table {
	t := &table{ID: id, Caption: caption, Columns: []column{
		{"Category", false}, {"Items", true}, {"Right before", true}, {"Right after", true}, {"Before", true}, {"After", true},
		{"Points", true}, {"95% interval", false}, {"Gained", true}, {"Lost", true}, {"p", true},
	}}
	for _, c := range rows {
		t.Rows = append(t.Rows, []cell{
			words(c.Category), integer(c.N), integer(c.Before), integer(c.After),
			{percent(c.BeforeAcc), raw(c.BeforeAcc)}, {percent(c.AfterAcc), raw(c.AfterAcc)},
			{points(c.Diff), raw(c.Diff)}, {points(c.Low) + " to " + points(c.High), ""},
			integer(c.Gained), integer(c.Lost), {pvalue(c.P), raw(c.P)},
		})
	}
	return t
}
