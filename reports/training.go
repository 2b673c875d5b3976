package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"cogumi/reports/run"
)

// training is every series of the run, one chart for each quantity.
type training struct {
	Intro  string
	Charts []*chart
	Tables []*table
	Notes  []note
	Cut    string
}

// ofTraining tells tables about a training from those about data, by their names.
func ofTraining(t run.Table) bool { return strings.HasPrefix(t.Name, "train ") }

// known names quantities by the last part of a series' name.
var known = map[string]struct{ title, unit string }{
	"loss":              {"Loss", ""},
	"lr":                {"Learning rate", ""},
	"learning_rate":     {"Learning rate", ""},
	"grad_norm":         {"Gradient norm", ""},
	"tokens_per_second": {"Throughput, tokens per second", "tok/s"},
	"memory":            {"Memory", "B"},
	"gpu_memory":        {"GPU memory", "B"},
	"accuracy":          {"Accuracy", ""},
	"perplexity":        {"Perplexity", ""},
	"epoch":             {"Epoch", ""},
}

// group is the series that share a chart: train/loss and eval/loss.
type group struct {
	what   string
	series []string
}

const (
	pointsInAll = 12000 // drawn points of all series together
	rawMin      = 25    // shorter series are drawn as they are, not smoothed
)

func (p *page) newTraining(r *run.Run, notes []note) *training {
	groups := groupSeries(r.SeriesNames())
	if len(groups) == 0 {
		p.Notes = append(p.Notes, notes...)
		return nil
	}
	t := &training{Notes: notes}
	if len(groups) > maxCharts {
		t.Cut = fmt.Sprintf("%d of %d charts are shown; events.jsonl holds all series.", maxCharts, len(groups))
		groups = groups[:maxCharts]
	}
	limit := min(max(pointsInAll/len(r.SeriesNames()), 60), 1500)
	last := 0
	for i, g := range groups {
		c, x := seriesChart(r, g, i, limit)
		last = max(last, x)
		t.Charts = append(t.Charts, c)
	}
	if n := len(t.Charts); n%2 == 0 && n > 0 { // the first is wide: an even rest fills its rows
		t.Charts[n-1].Wide = n > 1
	}
	p.charts = append(p.charts, t.Charts...)
	for i, table := range r.Tables() {
		if ofTraining(table) && len(t.Tables) < maxTables {
			t.Tables = append(t.Tables, newTable(i, table))
		}
	}
	t.Intro = plural(last, "optimiser step") + "."
	return t
}

func groupSeries(names []string) []group {
	var list []group
	for _, name := range names {
		what := name
		if i := strings.LastIndex(name, "/"); i >= 0 {
			what = name[i+1:]
		}
		at := slices.IndexFunc(list, func(g group) bool { return g.what == what })
		if at < 0 {
			list = append(list, group{what: what})
			at = len(list) - 1
		}
		list[at].series = append(list[at].series, name)
	}
	// The loss comes first, then the order of the run.
	slices.SortStableFunc(list, func(a, b group) int {
		return b2i(b.what == "loss") - b2i(a.what == "loss")
	})
	return list
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// seriesTitle is what a quantity is called, and its unit.
func seriesTitle(what string) (title, unit string) {
	if k, ok := known[what]; ok {
		return k.title, k.unit
	}
	return sentenceCase(strings.ReplaceAll(what, "_", " ")), ""
}

func sentenceCase(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return s
	}
	return strings.ToUpper(string(r)) + s[size:]
}

func seriesChart(r *run.Run, g group, index, limit int) (*chart, int) {
	title, unit := seriesTitle(g.what)
	id := fmt.Sprintf("series-%d", index+1)
	line := charts.NewLine()
	line.SetGlobalOptions(
		charts.WithXAxisOpts(opts.XAxis{Type: "value", Scale: opts.Bool(true), AxisLabel: &opts.AxisLabel{Show: opts.Bool(true)}}),
		charts.WithYAxisOpts(opts.YAxis{Type: "value", Scale: opts.Bool(true), AxisLabel: &opts.AxisLabel{}}),
		charts.WithAnimation(false),
	)
	c := &chart{ID: id, Kind: "series", Unit: unit, Title: clipTo(title, 80), Wide: index == 0}
	lastX, cut := 0, 0
	columns := map[string][]run.Point{}
	for n, name := range g.series {
		if n == 8 {
			c.Note = fmt.Sprintf("8 of %d series are shown. ", len(g.series))
			break
		}
		all := r.Series(name)
		if len(all) == 0 {
			continue
		}
		lastX = max(lastX, all[len(all)-1].X)
		label := clipTo(name, 60)
		if i := strings.LastIndex(name, "/"); i > 0 {
			label = clipTo(name[:i], 60)
		}
		columns[label] = all
		drawn := thin(all, limit)
		if len(drawn) < len(all) {
			cut = len(all)
		}
		role := fmt.Sprintf("s%d", n)
		smoothed := len(all) >= rawMin && noisy(all)
		if smoothed {
			soft, span := smooth(all)
			addLine(line, label, role+"-raw", drawn)
			addLine(line, label+", smoothed", role, pick(soft, drawn))
			c.Legend = append(c.Legend, legend{role + "-raw", label}, legend{role, fmt.Sprintf("%s, smoothed over %d steps", label, span)})
		} else {
			if len(all) < rawMin {
				role += "-dots"
			}
			addLine(line, label, role, drawn)
			c.Legend = append(c.Legend, legend{role, label})
		}
	}
	if cut > 0 {
		c.Note += fmt.Sprintf("Drawn from the lowest and highest of neighbouring points of %s; events.jsonl holds all.", count(cut))
	}
	c.Option = jsonOf(line)
	c.Desc = title + " over optimiser steps; the table holds the figures."
	c.Table = seriesTable(id+"-table", title, unit, g, columns)
	return c, lastX
}

func addLine(line *charts.Line, name, role string, pts []run.Point) {
	data := make([]opts.LineData, len(pts))
	for i, p := range pts {
		data[i] = opts.LineData{Value: [2]float64{float64(p.X), short(p.Value)}}
	}
	line.AddSeries(name, data, charts.WithSeriesId(role), charts.WithLineChartOpts(opts.LineChart{ShowSymbol: opts.Bool(strings.HasSuffix(role, "-dots"))}))
}

// noisy tells a loss from a schedule: does it turn in more than a tenth of its steps?
func noisy(pts []run.Point) bool {
	turns := 0
	for i := 2; i < len(pts); i++ {
		if (pts[i].Value-pts[i-1].Value)*(pts[i-1].Value-pts[i-2].Value) < 0 {
			turns++
		}
	}
	return turns > len(pts)/10
}

// smooth is an exponential moving average without the bias of its start. Its
// span, as many steps as weigh 86 %, grows with the length of the series.
func smooth(pts []run.Point) ([]run.Point, int) {
	span := min(max(len(pts)/12, 5), 200)
	alpha := 2 / float64(span+1)
	out := make([]run.Point, len(pts))
	mean, weight := 0.0, 0.0
	for i, p := range pts {
		mean = (1-alpha)*mean + alpha*p.Value
		weight = (1-alpha)*weight + alpha
		out[i] = run.Point{X: p.X, Value: mean / weight}
	}
	return out, span
}

// thin keeps at most limit points: of each bucket its lowest and highest,
// so that no spike is lost.
func thin(pts []run.Point, limit int) []run.Point {
	if len(pts) <= limit || limit < 6 {
		return pts
	}
	buckets := limit / 2
	out := make([]run.Point, 0, limit)
	for b := range buckets {
		from, to := b*len(pts)/buckets, (b+1)*len(pts)/buckets
		low, high := from, from
		for i := from; i < to; i++ {
			if pts[i].Value < pts[low].Value {
				low = i
			}
			if pts[i].Value > pts[high].Value {
				high = i
			}
		}
		if b == 0 { // the ends stay, so that the axis is whole
			low = 0
		}
		if b == buckets-1 {
			high = to - 1
		}
		out = append(out, pts[min(low, high)])
		if low != high {
			out = append(out, pts[max(low, high)])
		}
	}
	return out
}

// pick takes the points of pts whose X is drawn.
func pick(pts, drawn []run.Point) []run.Point {
	if len(pts) == len(drawn) {
		return pts
	}
	out := make([]run.Point, 0, len(drawn))
	i := 0
	for _, d := range drawn {
		for i < len(pts) && pts[i].X < d.X {
			i++
		}
		if i < len(pts) && pts[i].X == d.X {
			out = append(out, pts[i])
		}
	}
	return out
}

const tableSteps = 60

// seriesTable has a row for a step that any of the series has, evenly thinned.
func seriesTable(id, title, unit string, g group, columns map[string][]run.Point) *table {
	t := &table{ID: id, Caption: title + " by optimiser step", Columns: []column{{"Step", true}}}
	values := map[int]map[string]float64{}
	var names []string
	for _, name := range sortedKeys(columns) {
		names = append(names, name)
		t.Columns = append(t.Columns, column{name, true})
		for _, p := range columns[name] {
			if values[p.X] == nil {
				values[p.X] = map[string]float64{}
			}
			values[p.X][name] = p.Value
		}
	}
	xs := sortedKeys(values)
	total := len(xs)
	if total > tableSteps {
		kept := make([]int, 0, tableSteps)
		for i := range tableSteps {
			kept = append(kept, xs[i*(total-1)/(tableSteps-1)])
		}
		xs = slices.Compact(kept)
		t.Cut = fmt.Sprintf("%d of %s steps are shown; the chart's CSV has all that are drawn.", len(xs), count(total))
	}
	for _, x := range xs {
		row := []cell{{count(x), fmt.Sprint(x)}}
		for _, name := range names {
			if v, ok := values[x][name]; ok && !math.IsNaN(v) {
				row = append(row, cell{quantity(v, unit), raw(v)})
			} else {
				row = append(row, cell{})
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
