package reports

import (
	"encoding/json"
	"math"
	"strconv"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"cogumi/reports/run"
)

// The options below say what is shown: axes, series, data. How it looks (colours
// of the theme, markers, fonts, the drawing of intervals) is decided in the page
// by the series' id, so that a theme can change without new data.

// jsonOf is the one way from a go-echarts chart to the page; Render is unsafe.
func jsonOf(c interface {
	Validate()
	JSON() map[string]any
}) any {
	c.Validate()
	o := c.JSON()
	for _, unused := range []string{"title", "legend", "tooltip", "color", "toolbox"} {
		delete(o, unused)
	}
	return o
}

func raw(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
func integer(n int) cell   { return cell{count(n), strconv.Itoa(n)} }
func names(c []run.Change) []string {
	out := make([]string, len(c))
	for i := range c {
		out[i] = clipTo(c[i].Category, 60)
		if out[i] == "" {
			out[i] = "(no category)"
		}
	}
	return out
}

// short rounds to six significant digits: enough for a drawing.
func short(v float64) float64 {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	s, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64)
	if err != nil {
		return v
	}
	return s
}

func categoryAxes(labels []string, x opts.XAxis) []charts.GlobalOpts {
	x.AxisLabel = &opts.AxisLabel{Show: opts.Bool(true)}
	return []charts.GlobalOpts{
		charts.WithXAxisOpts(x),
		charts.WithYAxisOpts(opts.YAxis{Type: "category", Data: labels, AxisLabel: &opts.AxisLabel{}}),
		charts.WithAnimation(false),
	}
}

// accuracyChart shows accuracy before and after, a line of two points a category.
func accuracyChart(id, base, tuned string, rows []run.Change) *chart {
	labels := names(rows)
	c := charts.NewCustom()
	c.SetGlobalOptions(categoryAxes(labels, opts.XAxis{Type: "value", Min: 0, Max: 100})...)
	var links []opts.CustomData
	var before, after []opts.ScatterData
	for i, r := range rows {
		b, a := short(100*r.BeforeAcc), short(100*r.AfterAcc)
		links = append(links, opts.CustomData{Value: []any{i, b, a}})
		before = append(before, opts.ScatterData{Value: []any{b, i}})
		after = append(after, opts.ScatterData{Value: []any{a, i}})
	}
	c.AddSeries("change", links, charts.WithSeriesId("link"))
	s := charts.NewScatter()
	s.AddSeries(base, before, charts.WithSeriesId("base"))
	s.AddSeries(tuned, after, charts.WithSeriesId("tuned"))
	c.Overlap(s)
	return &chart{
		ID: id + "-accuracy", Kind: "accuracy", Title: "Accuracy by category", Tall: len(rows), Labels: labels, Option: jsonOf(c),
		Desc:   "Accuracy of " + base + " and " + tuned + " for each category; the table holds the figures.",
		Legend: []legend{{"base", base}, {"tuned", tuned}},
		Table:  changeTable(id+"-categories", "Accuracy and paired change by category", rows),
	}
}

// differenceChart shows the paired difference with its interval.
func differenceChart(id string, rows []run.Change) *chart {
	labels := names(rows)
	c := charts.NewCustom()
	c.SetGlobalOptions(categoryAxes(labels, opts.XAxis{Type: "value"})...)
	var intervals []opts.CustomData
	var diffs []opts.ScatterData
	for i, r := range rows {
		low, high := r.Low, r.High
		if low == 0 && high == 0 {
			low, high = r.Diff, r.Diff
		}
		intervals = append(intervals, opts.CustomData{Value: []any{i, short(100 * low), short(100 * high)}})
		diffs = append(diffs, opts.ScatterData{Value: []any{short(100 * r.Diff), i}})
	}
	c.AddSeries("95% interval", intervals, charts.WithSeriesId("interval"))
	s := charts.NewScatter()
	s.AddSeries("difference", diffs, charts.WithSeriesId("difference"))
	c.Overlap(s)
	return &chart{
		ID: id + "-difference", Kind: "difference", Title: "Change in points", Tall: len(rows), Labels: labels, Option: jsonOf(c),
		Desc:   "Difference in accuracy with its 95% interval for each category.",
		Legend: []legend{{"interval", "difference with 95% interval"}},
		Note:   "A filled mark: the interval leaves zero out.",
	}
}

// outcomeChart shows what became of each item: kept, gained, lost, still wrong.
func outcomeChart(id string, rows []run.Change) *chart {
	labels := names(rows)
	c := charts.NewBar()
	c.SetGlobalOptions(categoryAxes(labels, opts.XAxis{Type: "value", Min: 0, Max: 100})...)
	parts := []struct {
		id, name string
		n        func(run.Change) int
	}{
		{"kept", "right both times", func(c run.Change) int { return c.Before - c.Lost }},
		{"gained", "gained", func(c run.Change) int { return c.Gained }},
		{"lost", "lost", func(c run.Change) int { return c.Lost }},
		{"wrong", "wrong both times", func(c run.Change) int { return c.N - c.Before - c.Gained }},
	}
	var key []legend
	for _, p := range parts {
		var data []opts.BarData
		for i, r := range rows {
			n := max(p.n(r), 0)
			// The third and fourth numbers are for labels: the count and the items.
			data = append(data, opts.BarData{Value: []any{short(100 * float64(n) / float64(max(r.N, 1))), i, n, r.N}})
		}
		c.AddSeries(p.name, data, charts.WithSeriesId(p.id), charts.WithBarChartOpts(opts.BarChart{Stack: "all"}))
		key = append(key, legend{p.id, p.name})
	}
	return &chart{
		ID: id + "-outcome", Kind: "outcome", Title: "What became of each item", Tall: len(rows), Wide: true, Labels: labels, Option: jsonOf(c),
		Desc:   "Share of items that stayed right, were gained, were lost, or stayed wrong, for each category.",
		Legend: key,
		Table:  outcomeTable(id+"-outcomes", rows),
	}
}

func outcomeTable(id string, rows []run.Change) *table {
	t := &table{ID: id, Caption: "What became of each item, by category", Columns: []column{
		{"Category", false}, {"Items", true}, {"Right both times", true}, {"Gained", true}, {"Lost", true}, {"Wrong both times", true},
	}}
	for _, c := range rows {
		t.Rows = append(t.Rows, []cell{words(c.Category), integer(c.N), integer(c.Before - c.Lost), integer(c.Gained), integer(c.Lost), integer(c.N - c.Before - c.Gained)})
	}
	return t
}

// chartData is what the page's script gets of a chart.
type chartData struct {
	ID     string   `json:"id"`
	Kind   string   `json:"kind"`
	Unit   string   `json:"unit,omitempty"`
	Labels []string `json:"labels,omitempty"`
	X      string   `json:"x,omitempty"`
	Ref    float64  `json:"ref,omitempty"` // where the line of reference stands
	Option any      `json:"option"`
}

// chartsJSON is safe inside <script>: json.Marshal escapes <, >, & and the two
// line separators.
func chartsJSON(list []*chart) ([]byte, error) {
	out := make([]chartData, len(list))
	for i, c := range list {
		out[i] = chartData{c.ID, c.Kind, c.Unit, c.Labels, c.X, c.Reference, c.Option}
	}
	return json.Marshal(out)
}
