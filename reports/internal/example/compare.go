package example

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cogumi/reports/run"
)

func (g *maker) validate() {
	samples, c := g.compare()
	g.result = c
	g.event(run.Event{Kind: "comparison", Comparison: c})
	g.writeSamples("validation", "Validation, base and tuned", samples)
	for _, r := range c.Regressions {
		certain := "seen, not confirmed"
		if r.Confirmed {
			certain = "confirmed after Holm's correction"
		}
		g.note("warn", "validate", fmt.Sprintf("%s got worse: %d of %d right before, %d after (%s).", r.Family, r.Before, r.N, r.After, certain), "")
	}
	g.note("info", "sandbox", "97 programs ran in the sandbox; 3 did not end within two seconds and count as wrong.", "")
}

func (g *maker) writeSamples(name, title string, list []run.Sample) {
	path := "samples/" + name + ".jsonl"
	f, err := os.Create(filepath.Join(g.w.Dir(), path))
	if err != nil {
		g.err = err
		return
	}
	w := bufio.NewWriter(f)
	enc := json.NewEncoder(w)
	for _, s := range list {
		if err := enc.Encode(s); err != nil && g.err == nil {
			g.err = err
		}
	}
	if err := errors.Join(w.Flush(), f.Close()); err != nil && g.err == nil {
		g.err = err
	}
	g.event(run.Event{Kind: "samples", Samples: &run.SampleSet{Name: name, Title: title, Path: path, Count: len(list)}})
}

// compare makes the samples and counts what they say. More samples than the 600
// of the evaluation set repeat the families.
func (g *maker) compare() ([]run.Sample, *run.Comparison) {
	var samples []run.Sample
	counts := make([]run.Change, len(kinds))
	for round := 0; len(samples) < g.opt.Samples; round++ {
		for k := range kinds {
			for i := range kinds[k].n {
				if len(samples) < g.opt.Samples {
					samples = append(samples, g.sample(&kinds[k], i, len(samples), &counts[k]))
				}
			}
		}
	}
	c := &run.Comparison{BaseName: "base", TunedName: "tuned",
		Method: "Paired on the same items: exact McNemar test, two-sided; Tango's score interval for the difference; Holm's correction over 26 families. A family is named when it lost 10 points or more, or fell with p < 0.05."}
	byCategory := map[string]*run.Change{}
	for k := range counts {
		f := &counts[k]
		f.Category, f.Family = kinds[k].category, kinds[k].name
		if f.N == 0 {
			continue
		}
		all := byCategory[f.Category]
		if all == nil {
			all = &run.Change{Category: f.Category}
			byCategory[f.Category] = all
		}
		for _, t := range []*run.Change{all, &c.Overall} {
			t.N, t.Before, t.After, t.Gained, t.Lost = t.N+f.N, t.Before+f.Before, t.After+f.After, t.Gained+f.Gained, t.Lost+f.Lost
		}
		settle(f)
		c.ByFamily = append(c.ByFamily, *f)
	}
	for _, name := range []string{"math", "code", "reasoning", "knowledge", "instruction", "creativity"} {
		if f := byCategory[name]; f != nil {
			settle(f)
			c.ByCategory = append(c.ByCategory, *f)
		}
	}
	settle(&c.Overall)
	holm(c.ByFamily)
	for _, f := range c.ByFamily {
		if f.Diff <= -.1 || f.Diff < 0 && f.P < .05 {
			c.Regressions = append(c.Regressions, f)
		}
	}
	slices.SortFunc(c.Regressions, func(a, b run.Change) int { return cmp.Compare(a.Diff, b.Diff) })
	c.Base, c.Tuned = wilson(c.Overall.Before, c.Overall.N), wilson(c.Overall.After, c.Overall.N)
	return samples, c
}

func (g *maker) sample(k *kind, i, id int, n *run.Change) run.Sample {
	own := g.rng
	g.rng = g.items
	prompt, reference, bad := k.make(g)
	g.rng = own
	// The first ones are right before; those that become right come from the end
	// of the wrong ones, those that are lost from the end of the right ones.
	lost := max(k.before-k.after, 0)
	if k.before > 8 && k.after >= k.before && k.after < k.n {
		lost = 1
	}
	gained := k.after - k.before + lost
	before := i < k.before
	after := before && i < k.before-lost || !before && i < k.before+gained
	if g.opt.Seed > 0 || g.opt.LR != .001 {
		after = g.other(after)
	}
	s := run.Sample{ID: fmt.Sprintf("eval-%04d", id+1), Category: k.category, Family: k.name, Prompt: prompt, Reference: reference}
	for _, m := range []struct {
		name  string
		right bool
	}{{"base", before}, {"tuned", after}} {
		a := run.SampleAnswer{Model: m.name, Text: reference, Verdict: "right", Tokens: 4 + len(reference)/3}
		if !m.right {
			a.Text, a.Verdict = bad, "wrong"
			a.Reason = fmt.Sprintf("expected %q", last(reference))
			if k.category == "code" {
				a.Reason = "solve(3): the values differ"
			}
		}
		if k.extracted {
			a.Extracted = last(a.Text)
		}
		s.Answers = append(s.Answers, a)
	}
	n.N++
	n.Before += b2i(before)
	n.After += b2i(after)
	switch {
	case before && !after:
		n.Lost++
		s.Tags = append(s.Tags, "regressed")
	case !before && after:
		n.Gained++
		s.Tags = append(s.Tags, "fixed")
	}
	s.Tags = append(s.Tags, map[bool]string{true: "right", false: "wrong"}[after])
	return s
}

// other is what another seed or learning rate makes of an item: a few change.
func (g *maker) other(right bool) bool {
	lose := .02 + 40*math.Max(g.opt.LR-.001, 0)
	if x := g.rng.Float64(); right {
		return x >= lose
	} else {
		return x < .03
	}
}

func last(s string) string {
	parts := strings.Fields(s)
	return parts[len(parts)-1]
}

func settle(c *run.Change) {
	n := float64(c.N)
	c.BeforeAcc, c.AfterAcc = float64(c.Before)/n, float64(c.After)/n
	c.Diff = c.AfterAcc - c.BeforeAcc
	sd := math.Sqrt(float64(c.Gained+c.Lost)-n*c.Diff*c.Diff) / n
	c.Low, c.High = max(c.Diff-1.96*sd, -1), min(c.Diff+1.96*sd, 1)
	c.P = mcnemar(c.Gained, c.Lost)
	c.PAdjusted = c.P
}

func wilson(k, n int) run.Rate {
	p, m, z := float64(k)/float64(n), float64(n), 1.959964
	mid, half := (p+z*z/(2*m))/(1+z*z/m), z*math.Sqrt(p*(1-p)/m+z*z/(4*m*m))/(1+z*z/m)
	return run.Rate{N: n, Correct: k, Accuracy: p, Low: mid - half, High: mid + half, Method: "Wilson 95 %"}
}

// mcnemar is the exact two-sided test on the pairs that changed.
func mcnemar(a, b int) float64 {
	n, p := a+b, 0.0
	for i := 0; i <= min(a, b); i++ {
		lg := func(x int) float64 { v, _ := math.Lgamma(float64(x) + 1); return v }
		p += math.Exp(lg(n) - lg(i) - lg(n-i) - float64(n)*math.Ln2)
	}
	return min(2*p, 1)
}

func holm(list []run.Change) {
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(list[a].P, list[b].P) })
	high := 0.0
	for rank, i := range order {
		high = max(high, min(list[i].P*float64(len(list)-rank), 1))
		list[i].PAdjusted, list[i].Confirmed = high, high < .05
	}
}
