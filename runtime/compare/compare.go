// Package compare holds runs against each other: what differs of their
// parameters, their curves with intervals over seeds, and paired statistics on
// the items that they have in common. The page that shows it is of package reports.
package compare

import (
	"fmt"
	"slices"
	"strings"

	"cogumi/reports"
	"cogumi/reports/run"
)

const level = 0.95

// Runs compares at least two runs. The first one, with those that differ from it
// in nothing but their seeds, is what the others are held against.
func Runs(list []*run.Run) (*reports.Compared, error) {
	if len(list) < 2 {
		return nil, fmt.Errorf("compare: %d runs; it takes two", len(list))
	}
	c := &reports.Compared{}
	group := groupRuns(list)
	for i, r := range list {
		in := &r.Info
		v := reports.ComparedRun{ID: in.ID, Script: in.Script, Group: group[i], State: r.State(), Started: in.Started, Cost: in.Cost, Command: in.Command}
		if !in.Ended.IsZero() {
			v.Seconds = in.Ended.Sub(in.Started).Seconds()
		}
		c.Runs = append(c.Runs, v)
	}
	c.Params, c.Equal = params(list)
	c.Environment = environment(list)
	labels := labelsOf(list, group, c.Params)
	for g, label := range labels {
		n := 0
		for _, of := range group {
			if of == g {
				n++
			}
		}
		c.Groups = append(c.Groups, reports.ComparedGroup{Label: label, Runs: n})
	}
	groups := members(list, group, len(labels))
	c.Measures = measures(groups)
	c.Curves = curves(groups)
	if err := compareItems(c, groups, labels); err != nil {
		return nil, err
	}
	c.Notes = append(c.Notes, notes(list)...)
	return c, nil
}

// isSeed says whether a parameter only decides what is drawn at random.
func isSeed(name string) bool {
	return name == "seed" || strings.HasSuffix(name, "-seed") || strings.HasSuffix(name, "_seed")
}

// groupRuns numbers runs of one script whose parameters are equal but for their
// seeds, in the order of their first one.
func groupRuns(list []*run.Run) []int {
	at := map[string]int{}
	out := make([]int, len(list))
	for i, r := range list {
		key := r.Info.Script
		for _, p := range r.Info.Params {
			if !isSeed(p.Name) {
				key += "\x00" + p.Name + "\x00" + p.Value
			}
		}
		g, ok := at[key]
		if !ok {
			g = len(at)
			at[key] = g
		}
		out[i] = g
	}
	return out
}

func members(list []*run.Run, group []int, n int) [][]*run.Run {
	out := make([][]*run.Run, n)
	for i, r := range list {
		out[group[i]] = append(out[group[i]], r)
	}
	return out
}

// params parts those that differ from those that all runs have alike. A flag that
// a run does not have is "–" there.
func params(list []*run.Run) (differ []reports.ComparedParam, equal []run.Param) {
	var names []string
	for _, r := range list {
		for _, p := range r.Info.Params {
			if !slices.Contains(names, p.Name) {
				names = append(names, p.Name)
			}
		}
	}
	for _, name := range names {
		row := reports.ComparedParam{Name: name}
		for _, r := range list {
			row.Values = append(row.Values, valueOf(r, name))
		}
		if same(row.Values) {
			equal = append(equal, run.Param{Name: name, Value: row.Values[0]})
		} else {
			differ = append(differ, row)
		}
	}
	return differ, equal
}

func valueOf(r *run.Run, name string) string {
	for _, p := range r.Info.Params {
		if p.Name == name {
			return p.Value
		}
	}
	return "–"
}

func same(values []string) bool {
	return !slices.ContainsFunc(values, func(v string) bool { return v != values[0] })
}

func environment(list []*run.Run) []reports.ComparedParam {
	var out []reports.ComparedParam
	for _, f := range []struct {
		name string
		of   func(e *run.Environment) string
	}{
		{"cogumi", func(e *run.Environment) string { return e.Cogumi }},
		{"commit", func(e *run.Environment) string {
			if e.GitDirty {
				return e.GitCommit + ", with uncommitted changes"
			}
			return e.GitCommit
		}},
		{"processor", func(e *run.Environment) string { return fmt.Sprintf("%s, %d cores", e.CPU, e.Cores) }},
		{"kernels", func(e *run.Environment) string { return e.Device + " " + e.ISA }},
		{"GPUs", func(e *run.Environment) string { return strings.Join(e.GPUs, ", ") }},
		{"place", func(e *run.Environment) string { return e.Place }},
	} {
		row := reports.ComparedParam{Name: f.name}
		for _, r := range list {
			row.Values = append(row.Values, f.of(&r.Info.Environment))
		}
		if !same(row.Values) {
			out = append(out, row)
		}
	}
	return out
}

// labelsOf names each group by what is different about it.
func labelsOf(list []*run.Run, group []int, differ []reports.ComparedParam) []string {
	n := slices.Max(group) + 1
	labels := make([]string, n)
	scripts := make([]string, len(list))
	for i, r := range list {
		scripts[i] = r.Info.Script
	}
	for g := range n {
		first := slices.Index(group, g)
		var parts []string
		if !same(scripts) {
			parts = append(parts, scripts[first])
		}
		for _, p := range differ {
			if !isSeed(p.Name) && len(parts) < 3 && p.Values[first] != "–" {
				parts = append(parts, p.Name+" "+cut(p.Values[first]))
			}
		}
		labels[g] = strings.Join(parts, ", ")
		if labels[g] == "" {
			labels[g] = scripts[first]
		}
	}
	for g, label := range labels { // what is still the same gets a letter
		if slices.Index(labels, label) != g || slices.Contains(labels[g+1:], label) {
			labels[g] = label + " " + string(rune('A'+g%26))
		}
	}
	return labels
}

func cut(s string) string {
	if r := []rune(s); len(r) > 32 {
		return "…" + string(r[len(r)-31:])
	}
	return s
}

func notes(list []*run.Run) []run.Note {
	var out []run.Note
	for _, r := range list {
		if s := r.State(); s != run.Done {
			out = append(out, run.Note{Level: "warn", Topic: "runs", Text: fmt.Sprintf("%s is %s: its figures are those up to now", r.Info.ID, s)})
		}
	}
	return out
}
