package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"cogumi/reports/run"
)

// bench is the scores of benchmarks.
type bench struct {
	Charts []*chart
	Groups []benchGroup
	Notes  []note
}

// benchGroup is the parts of a benchmark: the subjects of MMLU.
type benchGroup struct {
	Title string
	Table *table
}

func benchTitle(b *run.Benchmark) string { return clipTo(cmp.Or(b.Title, b.Task), 80) }

// benchScore writes a score in its unit.
func benchScore(b *run.Benchmark, v float64) string {
	if b.Percent {
		return percent(v)
	}
	return number(v)
}

func (p *page) newBench(list []run.Benchmark, notes []note) *bench {
	if len(list) == 0 {
		p.Notes = append(p.Notes, notes...)
		return nil
	}
	v := &bench{Notes: notes}
	whole, parts := benchParts(list)
	for _, unit := range []bool{true, false} {
		var of []run.Benchmark
		for _, b := range whole {
			if b.Percent == unit {
				of = append(of, b)
			}
		}
		if len(of) > 0 && len(v.Charts) < maxCharts {
			v.Charts = append(v.Charts, benchChart(fmt.Sprintf("bench-%d", len(v.Charts)+1), of, unit))
		}
	}
	p.charts = append(p.charts, v.Charts...)
	titles := map[string]string{}
	for _, b := range whole {
		titles[b.Task] = benchTitle(&b)
	}
	for i, name := range parts.names {
		of := parts.of[name]
		slices.SortStableFunc(of, func(a, b run.Benchmark) int { return cmp.Compare(a.Score, b.Score) })
		title := "The " + plural(len(of), "part") + " of " + cmp.Or(titles[name], clipTo(name, 80)) + ", the lowest score first"
		v.Groups = append(v.Groups, benchGroup{title, benchTable(fmt.Sprintf("bench-parts-%d", i+1), title, of)})
	}
	return v
}

type grouped struct {
	names []string
	of    map[string][]run.Benchmark
}

// benchParts tells scores that stand for themselves from parts of others. A part
// without its whole stands for itself.
func benchParts(list []run.Benchmark) (whole []run.Benchmark, parts grouped) {
	parts.of = map[string][]run.Benchmark{}
	has := map[string]bool{}
	for _, b := range list {
		if b.Group == "" {
			has[b.Task] = true
		}
	}
	for _, b := range list {
		if b.Group == "" || !has[b.Group] {
			whole = append(whole, b)
			continue
		}
		if parts.of[b.Group] == nil {
			parts.names = append(parts.names, b.Group)
		}
		parts.of[b.Group] = append(parts.of[b.Group], b)
	}
	return whole[:min(len(whole), maxRows)], parts
}

func benchChart(id string, list []run.Benchmark, shares bool) *chart {
	many := severalModels(list)
	factor := 1.0
	if shares {
		factor = 100
	}
	c := intervals{name: "score"}
	same, other := false, false
	for i := range list {
		b := &list[i]
		label := benchTitle(b)
		if many {
			label += ", " + clipTo(b.Model, 40)
		}
		if sameTask(list, b) {
			label += " (" + clipTo(cmp.Or(b.Variant, b.Metric), 60) + ")"
		}
		c.labels = append(c.labels, label)
		c.add(factor*b.Score, factor*b.Low, factor*b.High)
		for _, r := range b.References {
			c.marks = append(c.marks, mark{i, factor * r.Score, clipTo(r.Model, 60), r.Same})
			same, other = same || r.Same, other || !r.Same
		}
	}
	v := &chart{ID: id, Kind: "bench", Title: "Scores", Tall: len(list), Labels: c.labels, Option: c.option(), Wide: true,
		Desc: "Score of each benchmark with its interval, and published scores beside it; the table holds the figures.", Legend: []legend{{"point", "score with 95% interval"}}}
	if shares {
		v.Unit = "%"
	}
	if same {
		v.Legend = append(v.Legend, legend{"reference", "published, same variant"})
	}
	if other {
		v.Legend = append(v.Legend, legend{"elsewhere", "published, other variant: not comparable"})
	}
	v.Table = benchTable(id+"-table", "Scores of the benchmarks", list)
	return v
}

func severalModels(list []run.Benchmark) bool {
	return slices.ContainsFunc(list, func(b run.Benchmark) bool { return b.Model != list[0].Model })
}

// sameTask says whether another row of the same model needs the variant to be told apart.
func sameTask(list []run.Benchmark, b *run.Benchmark) bool {
	n := 0
	for i := range list {
		if benchTitle(&list[i]) == benchTitle(b) && list[i].Model == b.Model {
			n++
		}
	}
	return n > 1
}

func benchTable(id, caption string, list []run.Benchmark) *table {
	t := &table{ID: id, Caption: caption, Columns: []column{{"Benchmark", false}, {"Model", false}, {"Variant", false}, {"Metric", false}, {"Score", true}, {"95% interval", false},
		{"Standard error", true}, {"Items", true}, {"Published", false}}}
	method := ""
	for i := range list {
		if i == maxRows {
			t.Cut = fmt.Sprintf("%d of %s scores are shown; all are in events.jsonl.", maxRows, count(len(list)))
			break
		}
		b := &list[i]
		interval, stderr := cell{}, cell{}
		if b.Low != 0 || b.High != 0 {
			interval.Text = benchScore(b, b.Low) + " to " + benchScore(b, b.High)
		}
		if b.StdErr > 0 {
			stderr = cell{benchScore(b, b.StdErr), raw(b.StdErr)}
		}
		t.Rows = append(t.Rows, []cell{words(benchTitle(b)), words(b.Model), words(b.Variant), words(b.Metric), {benchScore(b, b.Score), raw(b.Score)}, interval, stderr, benchItems(b), words(published(b))})
		method = cmp.Or(method, b.Method)
		if b.Note != "" {
			t.Note += benchTitle(b) + ": " + sentence(clip(b.Note)) + " "
		}
	}
	if method != "" {
		t.Note = "Intervals: " + clipTo(method, 200) + ". " + t.Note
	}
	return t
}

// benchItems says how many items are behind a score, and of how many.
func benchItems(b *run.Benchmark) cell {
	c := integer(b.N)
	if b.Of > b.N {
		c.Text += " of " + count(b.Of)
	}
	if b.Errors > 0 {
		c.Text += ", " + count(b.Errors) + " without an answer"
	}
	return c
}

func published(b *run.Benchmark) string {
	var parts []string
	for _, r := range b.References {
		s := r.Model + " " + benchScore(b, r.Score)
		var why []string
		if !r.Same && r.Variant != "" {
			why = append(why, r.Variant)
		}
		if r.Source != "" {
			why = append(why, r.Source)
		}
		if why != nil {
			s += " (" + strings.Join(why, "; ") + ")"
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, ", ")
}

// scored is the headline of a run of benchmarks.
func scored(list []run.Benchmark) headline {
	whole, _ := benchParts(list)
	var h headline
	var parts []string
	for i := range whole {
		b := &whole[i]
		value := benchScore(b, b.Score)
		if len(parts) < 3 {
			parts = append(parts, benchTitle(b)+" "+value)
		}
		if len(h.Facts) < 8 {
			f := fact{Label: benchTitle(b), Value: value}
			if severalModels(whole) {
				f.Label += ", " + clipTo(b.Model, 40)
			}
			if b.Low != 0 || b.High != 0 {
				f.Note = benchScore(b, b.Low) + " to " + benchScore(b, b.High) + ", "
			}
			f.Note += "n" + nbsp + "=" + nbsp + benchItems(b).Text
			h.Facts = append(h.Facts, f)
		}
	}
	if n := len(whole); n > 3 {
		parts = append(parts[:2], plural(n-2, "more benchmark"))
	}
	h.Text = join(parts)
	if !severalModels(whole) && whole[0].Model != "" {
		h.Lede = "Model: " + clipTo(whole[0].Model, 200) + "."
	}
	for i := range whole {
		if b := &whole[i]; b.Of > b.N {
			h.Lede += " A part of the items was run; the intervals are those of that part."
			break
		}
	}
	return h
}
