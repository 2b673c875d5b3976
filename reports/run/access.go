package run

import (
	"cmp"
	"slices"
)

// Point is one value of a series.
type Point struct {
	X     int
	Value float64
}

// SeriesNames lists the series in the order of their first point.
func (r *Run) SeriesNames() []string {
	var names []string
	seen := map[string]bool{}
	for _, m := range each(r, func(e *Event) *Metric { return e.Metric }) {
		if !seen[m.Series] {
			seen[m.Series] = true
			names = append(names, m.Series)
		}
	}
	return names
}

// Series gives the points of one series by X. Of two points with the same X the
// later one counts: a resumed run repeats steps that a killed one had logged.
func (r *Run) Series(name string) []Point {
	at := map[int]float64{}
	for _, m := range each(r, func(e *Event) *Metric { return e.Metric }) {
		if m.Series == name {
			at[m.X] = m.Value
		}
	}
	points := make([]Point, 0, len(at))
	for x, v := range at {
		points = append(points, Point{x, v})
	}
	slices.SortFunc(points, func(a, b Point) int { return cmp.Compare(a.X, b.X) })
	return points
}

// Figures, Tables, Funnels, SampleSets and Artefacts give the last one of each
// name, in the order of the first.

func (r *Run) Figures() []Figure {
	return latest(r, func(e *Event) *Figure { return e.Figure }, func(v *Figure) string { return v.Name })
}

func (r *Run) Tables() []Table {
	return latest(r, func(e *Event) *Table { return e.Table }, func(v *Table) string { return v.Name })
}

func (r *Run) Funnels() []Funnel {
	return latest(r, func(e *Event) *Funnel { return e.Funnel }, func(v *Funnel) string { return v.Name })
}

func (r *Run) SampleSets() []SampleSet {
	return latest(r, func(e *Event) *SampleSet { return e.Samples }, func(v *SampleSet) string { return v.Name })
}

// Artefacts come from the event log; what only run.json names is added.
func (r *Run) Artefacts() []Artefact {
	list := latest(r, func(e *Event) *Artefact { return e.Artefact }, func(v *Artefact) string { return v.Name })
	for _, a := range r.Info.Artefacts {
		if !slices.ContainsFunc(list, func(b Artefact) bool { return a.Name == b.Name }) {
			list = append(list, a)
		}
	}
	return list
}

// Comparisons gives the last one of each pair of models.
func (r *Run) Comparisons() []Comparison {
	return latest(r, func(e *Event) *Comparison { return e.Comparison }, func(v *Comparison) [2]string { return [2]string{v.BaseName, v.TunedName} })
}

// Judgings gives the last one of each name.
func (r *Run) Judgings() []Judging {
	return latest(r, func(e *Event) *Judging { return e.Judging }, func(v *Judging) string { return v.Name })
}

// Benchmarks gives the last score of each task, variant, metric and model.
func (r *Run) Benchmarks() []Benchmark {
	return latest(r, func(e *Event) *Benchmark { return e.Benchmark }, func(v *Benchmark) [4]string {
		return [4]string{v.Task, v.Variant, v.Metric, v.Model}
	})
}

// Clusters gives the last one of each name.
func (r *Run) Clusters() []Clusters {
	return latest(r, func(e *Event) *Clusters { return e.Clusters }, func(v *Clusters) string { return v.Name })
}

// Checks gives the last one of each topic and name.
func (r *Run) Checks() []Check {
	return latest(r, func(e *Event) *Check { return e.Check }, func(v *Check) [2]string { return [2]string{v.Topic, v.Name} })
}

// Sources gives the last one of each kind and name.
func (r *Run) Sources() []Source {
	return latest(r, func(e *Event) *Source { return e.Source }, func(v *Source) [2]string { return [2]string{v.Kind, v.Name} })
}

// Notes gives each different note once.
func (r *Run) Notes() []Note {
	return latest(r, func(e *Event) *Note { return e.Note }, func(v *Note) Note { return *v })
}

// Progress gives the last state of each long operation.
func (r *Run) Progress() []Progress {
	return latest(r, func(e *Event) *Progress { return e.Progress }, func(v *Progress) string { return v.Name })
}

// Steps gives the last state of each step, in the order in which they began.
func (r *Run) Steps() []Step {
	key := func(s *Step) [2]string { return [2]string{s.Name, s.Key} }
	list := latest(r, func(e *Event) *Step { return e.StepInfo }, key)
	for _, s := range r.Info.Steps {
		if !slices.ContainsFunc(list, func(b Step) bool { return key(&b) == key(&s) }) {
			list = append(list, s)
		}
	}
	return list
}

// Logs gives the script's log lines in order.
func (r *Run) Logs() []string {
	var lines []string
	for i := range r.Events {
		if r.Events[i].Kind == "log" {
			lines = append(lines, r.Events[i].Log)
		}
	}
	return lines
}

func each[T any](r *Run, get func(*Event) *T) []*T {
	var all []*T
	for i := range r.Events {
		if v := get(&r.Events[i]); v != nil {
			all = append(all, v)
		}
	}
	return all
}

func latest[T any, K comparable](r *Run, get func(*Event) *T, key func(*T) K) []T {
	var list []T
	at := map[K]int{}
	for _, v := range each(r, get) {
		k := key(v)
		if i, ok := at[k]; ok {
			list[i] = *v
			continue
		}
		at[k] = len(list)
		list = append(list, *v)
	}
	return list
}
