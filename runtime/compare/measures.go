package compare

import (
	"math"
	"slices"
	"strings"

	"cogumi/reports"
	"cogumi/reports/run"
	"cogumi/stdlib/stats"
)

const worseFamilies = "families that got worse"

// value is one quantity of one run.
type value struct {
	name, unit string
	better     int
	at         float64
	low, high  float64
	n          int
}

// measures are the quantities that at least two groups have. A group of several
// runs is its mean, with Student's interval over the runs.
func measures(groups [][]*run.Run) []reports.Measure {
	var order []string
	seen := map[string]*reports.Measure{}
	values := map[string][][]value{}
	for g, runs := range groups {
		for _, r := range runs {
			for _, v := range valuesOf(r) {
				if seen[v.name] == nil {
					order = append(order, v.name)
					seen[v.name] = &reports.Measure{Name: v.name, Unit: v.unit, Better: v.better}
					values[v.name] = make([][]value, len(groups))
				}
				values[v.name][g] = append(values[v.name][g], v)
			}
		}
	}
	var out []reports.Measure
	for _, name := range order {
		m := *seen[name]
		known := 0
		for _, list := range values[name] {
			v := together(list)
			if v.Known {
				known++
			}
			m.Values = append(m.Values, v)
		}
		if known < 2 && len(groups) > 1 {
			continue
		}
		markEnds(&m)
		out = append(out, m)
	}
	return out
}

func together(list []value) reports.MeasureValue {
	switch len(list) {
	case 0:
		return reports.MeasureValue{}
	case 1:
		v := list[0]
		return reports.MeasureValue{Known: true, Value: v.at, Low: v.low, High: v.high, N: v.n}
	}
	at := make([]float64, len(list))
	for i, v := range list {
		at[i] = v.at
	}
	mean, low, high := meanOf(at)
	if low == high || list[0].name == worseFamilies { // a count of few
		low, high = 0, 0
	}
	if slices.Min(at) >= 0 && list[0].unit != "points" { // no time, rate or loss is below zero
		low = max(low, 0)
	}
	return reports.MeasureValue{Known: true, Value: mean, Low: low, High: high, N: len(list), Method: "Student's t over runs"}
}

// meanOf is the mean of at least two values with Student's interval.
func meanOf(values []float64) (mean, low, high float64) {
	ones := make([]int, len(values))
	for i := range ones {
		ones[i] = 1
	}
	return stats.ClusteredMean(values, ones, level)
}

// markEnds marks the best and the worst group where it is known which way is better.
func markEnds(m *reports.Measure) {
	best, worst := -1, -1
	for i, v := range m.Values {
		if !v.Known {
			continue
		}
		way := float64(m.Better) * v.Value
		if best < 0 || way > float64(m.Better)*m.Values[best].Value {
			best = i
		}
		if worst < 0 || way < float64(m.Better)*m.Values[worst].Value {
			worst = i
		}
	}
	if m.Better != 0 && best >= 0 && m.Values[best].Value != m.Values[worst].Value {
		m.Values[best].Best, m.Values[worst].Worst = true, true
	}
}

// valuesOf is all that a run says of itself in single numbers.
func valuesOf(r *run.Run) []value {
	var out []value
	if list := r.Comparisons(); len(list) > 0 {
		c := &list[len(list)-1]
		out = append(out, value{"accuracy of " + c.TunedName, "%", 1, 100 * c.Tuned.Accuracy, 100 * c.Tuned.Low, 100 * c.Tuned.High, c.Tuned.N},
			value{"change", "points", 1, 100 * c.Overall.Diff, 100 * c.Overall.Low, 100 * c.Overall.High, c.Overall.N},
			value{worseFamilies, "", -1, float64(len(c.Regressions)), 0, 0, 0})
	}
	for _, j := range r.Judgings() {
		t := &j.Total
		out = append(out, value{"score of " + j.Ours + " against " + j.Theirs, "%", 1, 100 * t.Score, 100 * t.Low, 100 * t.High, t.Judged()})
	}
	for _, b := range r.Benchmarks() {
		if b.Group == "" {
			out = append(out, benchmarkValue(&b))
		}
	}
	for _, name := range r.SeriesNames() {
		if points := r.Series(name); strings.HasSuffix(name, "/loss") && len(points) > 0 && !strings.HasPrefix(name, "train/") {
			low := math.Inf(1)
			for _, p := range points {
				low = min(low, p.Value)
			}
			out = append(out, value{name: "lowest " + name, better: -1, at: low})
		}
	}
	for _, f := range r.Figures() {
		if !known(out, f.Name) {
			out = append(out, value{f.Name, f.Unit, direction(&f), f.Value, f.Low, f.High, f.N})
		}
	}
	if in := &r.Info; !in.Ended.IsZero() && !reused(r) {
		out = append(out, value{name: "time", unit: "s", better: -1, at: in.Ended.Sub(in.Started).Seconds()})
	}
	if c := r.Info.Cost; c != nil {
		out = append(out, value{name: "cost", unit: "$", better: -1, at: c.Dollars})
	}
	return out
}

// reused says whether steps were found finished: such a run says nothing of the time.
func reused(r *run.Run) bool {
	for _, s := range r.Steps() {
		if s.Reused || s.Resumed {
			return true
		}
	}
	return false
}

func benchmarkValue(b *run.Benchmark) value {
	v := value{name: b.Task, at: b.Score, low: b.Low, high: b.High, n: b.N, better: -1}
	if b.Title != "" {
		v.name = b.Title
	}
	if b.Variant != "" {
		v.name += ", " + b.Variant
	}
	if b.Higher {
		v.better = 1
	}
	if b.Percent {
		v.unit, v.at, v.low, v.high = "%", 100*b.Score, 100*b.Low, 100*b.High
	}
	return v
}

func known(list []value, name string) bool {
	for _, v := range list {
		if v.name == name || strings.HasPrefix(v.name, "accuracy of ") && strings.HasPrefix(name, "accuracy") || v.name == "change" && name == "change" {
			return true
		}
	}
	return false
}

// direction is which way a figure is better, where its name or unit says so.
func direction(f *run.Figure) int {
	name := strings.ToLower(f.Name)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(name, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("loss", "perplexity", "kl of", "error", "expected training time", "peak memory"), f.Unit == "$":
		return -1
	case has("accuracy", "score", "per second", "saved"), strings.HasSuffix(f.Unit, "/s"):
		return 1
	}
	return 0
}
