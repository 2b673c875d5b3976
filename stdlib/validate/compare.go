// Package validate compares two models on the same items: what became better,
// and what became worse, with paired statistics.
package validate

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"cogumi/reports/run"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/grade"
	"cogumi/stdlib/stats"
)

const (
	level = 0.95
	// A family is named as fallen from this loss on, whatever its p-value: small
	// families cannot be significant, and must still be seen.
	fallen = 0.10
	alpha  = 0.05
)

// method says how the figures were made.
const method = "Wilson 95 % for rates, Poisson beside 0 and 1; Tango's score interval for paired differences; exact McNemar, two-sided; Holm over families"

// table counts what the pair of models did with the same items.
type table struct{ both, gained, lost, neither int }

func (t *table) add(before, after bool) {
	switch {
	case before && after:
		t.both++
	case after:
		t.gained++
	case before:
		t.lost++
	default:
		t.neither++
	}
}

func (t table) n() int { return t.both + t.gained + t.lost + t.neither }

func (t table) change() run.Change {
	n := t.n()
	c := run.Change{N: n, Before: t.both + t.lost, After: t.both + t.gained, Gained: t.gained, Lost: t.lost, P: stats.McNemar(t.gained, t.lost)}
	c.PAdjusted = c.P
	if n > 0 {
		c.BeforeAcc, c.AfterAcc = float64(c.Before)/float64(n), float64(c.After)/float64(n)
	}
	c.Diff = c.AfterAcc - c.BeforeAcc
	c.Low, c.High = stats.PairedDifference(t.both, t.gained, t.lost, t.neither, level)
	return c
}

func rate(correct, n int) run.Rate {
	r := run.Rate{N: n, Correct: correct, Method: stats.RateMethod}
	if n > 0 {
		r.Accuracy = float64(correct) / float64(n)
	}
	r.Low, r.High = stats.Rate(correct, n, level)
	return r
}

// Compare compares two sheets over the same rows, item by item, and reports the
// result to the run: figures, samples with the regressions first, a sentence for
// every family that fell. Items that could not be graded for one of the models
// are left out and counted. Sheets over different rows end the run.
func Compare(before, after *grade.Sheet) *run.Comparison {
	c, err := Compute(before, after)
	if err != nil {
		experiment.Stop(err)
	}
	before, after = named(before, after)
	report(experiment.Current(), c, before, after)
	return c
}

// named tells two models of the same name apart.
func named(before, after *grade.Sheet) (a, b *grade.Sheet) {
	if before.Model != after.Model {
		return before, after
	}
	was, is := *before, *after
	was.Model, is.Model = "before", "after"
	return &was, &is
}

// Compute is Compare without the report.
func Compute(before, after *grade.Sheet) (*run.Comparison, error) {
	if len(before.Items) != len(after.Items) {
		return nil, fmt.Errorf("compare: %d items before, %d after: they are not the same set", len(before.Items), len(after.Items))
	}
	var all table
	categories, families := newGroups(), newGroups()
	first, second := named(before, after)
	c := &run.Comparison{BaseName: first.Model, TunedName: second.Model, Method: method}
	for i := range before.Items {
		a, b := &before.Items[i], &after.Items[i]
		if a.Row.Instruction != b.Row.Instruction || a.Row.Answer != b.Row.Answer {
			return nil, fmt.Errorf("compare: item %d is another one before (%.60q) and after (%.60q)", i+1, a.Row.Instruction, b.Row.Instruction)
		}
		if a.Verdict == grade.Unsupported || b.Verdict == grade.Unsupported {
			c.Excluded++
			c.ExcludedWhy = cmp.Or(c.ExcludedWhy, a.Reason, b.Reason)
			continue
		}
		was, is := a.Verdict == grade.Right, b.Verdict == grade.Right
		all.add(was, is)
		categories.at(a.Row.Category, "").add(was, is)
		if a.Row.Family != "" {
			families.at(a.Row.Category, a.Row.Family).add(was, is)
		}
	}
	if all.n() == 0 && len(before.Items) > 0 {
		return nil, experiment.Hint(errors.New("compare: none of the items could be graded: "+c.ExcludedWhy), "cogumi env shows what this machine lacks")
	}
	c.Overall = all.change()
	c.Base, c.Tuned = rate(c.Overall.Before, c.Overall.N), rate(c.Overall.After, c.Overall.N)
	c.ByCategory, c.ByFamily = categories.changes(), families.changes()
	c.Regressions = regressions(c.ByFamily)
	return c, nil
}

// groups are tables by category and family, in order of appearance.
type groups struct {
	order  []run.Change // names only
	tables map[[2]string]*table
}

func newGroups() *groups { return &groups{tables: map[[2]string]*table{}} }

func (g *groups) at(category, family string) *table {
	key := [2]string{category, family}
	if g.tables[key] == nil {
		g.tables[key] = &table{}
		g.order = append(g.order, run.Change{Category: category, Family: family})
	}
	return g.tables[key]
}

// changes adjusts the p-values for there being several groups.
func (g *groups) changes() []run.Change {
	out := make([]run.Change, len(g.order))
	p := make([]float64, len(g.order))
	for i, name := range g.order {
		out[i] = g.tables[[2]string{name.Category, name.Family}].change()
		out[i].Category, out[i].Family = name.Category, name.Family
		p[i] = out[i].P
	}
	for i, adjusted := range stats.Holm(p) {
		out[i].PAdjusted, out[i].Confirmed = adjusted, adjusted < alpha
	}
	return out
}

// regressions are the families that lost ten points or more, or whose fall has
// an unadjusted p below .05; the worst first.
func regressions(families []run.Change) []run.Change {
	out := []run.Change{}
	for _, f := range families {
		if f.Diff <= -fallen+1e-12 || (f.Diff < 0 && f.P < alpha) {
			out = append(out, f)
		}
	}
	slices.SortStableFunc(out, func(a, b run.Change) int { return cmp.Compare(a.Diff, b.Diff) })
	return out
}
