package reports

import (
	"cmp"
	"fmt"
	"slices"
)

// versus is what the template of a comparison shows beside what every page has.
type versus struct {
	Groups   []versusGroup
	Runs     []versusRun
	Params   []versusParam
	Labels   []string // of the runs, as heads of columns
	Equal    []param
	Where    []versusParam
	Measures []versusMeasure
	Alike    []fact // measures that came out the same
	Pairs    *table
	Charts   []*chart
	Commands []fact
}

type versusGroup struct{ Label, Mark, Runs string }

type versusRun struct {
	ID, Script, Label, Took, Cost, Mark string
	State                               state
	Started                             stamp
}

type versusParam struct {
	Name   string
	Values []string
}

type versusMeasure struct {
	Name   string
	Values []versusValue
}

type versusValue struct {
	Text, Note, Raw string
	Best, Worst     bool
}

func newComparedPage(c *Compared, s *sampleData, opt Options) *page {
	p := &page{template: "compare.html", ID: "compare", Script: plural(len(c.Runs), "run") + " compared", State: state{"done", "comparison"}, Built: at(opt.Now)}
	v := &versus{}
	for i, g := range c.Groups {
		v.Groups = append(v.Groups, versusGroup{clipTo(g.Label, 120), fmt.Sprintf("s%d", i%8), plural(g.Runs, "run")})
	}
	for i := range c.Runs {
		v.Runs = append(v.Runs, newVersusRun(c, i))
		v.Labels = append(v.Labels, v.Runs[i].Label)
		if c.Runs[i].Command != "" && i < maxRows {
			v.Commands = append(v.Commands, fact{Label: v.Runs[i].Label, Value: clip(c.Runs[i].Command), Note: c.Runs[i].ID})
		}
	}
	v.Params, v.Where = versusParams(c.Params), versusParams(c.Environment)
	for _, q := range c.Equal {
		v.Equal = append(v.Equal, param{Name: clipTo(q.Name, 100), Value: clipTo(q.Value, 500)})
	}
	for i := range c.Measures {
		switch m := newVersusMeasure(&c.Measures[i]); {
		case i >= maxRows:
		case m.alike() && len(c.Groups) > 1:
			v.Alike = append(v.Alike, fact{Label: m.Name, Value: m.Values[0].Text})
		default:
			v.Measures = append(v.Measures, m)
		}
	}
	v.Pairs = pairTable(c)
	for i := range c.Curves {
		if i < maxCharts {
			v.Charts = append(v.Charts, bandChart(c, &c.Curves[i], i))
		}
	}
	if n := len(v.Charts); n > 1 && n%2 == 0 {
		v.Charts[n-1].Wide = true
	}
	p.charts = append(p.charts, v.Charts...)
	for i := range c.Comparisons {
		if i < 6 {
			p.Results = append(p.Results, p.newResult(i, &c.Comparisons[i], len(c.Comparisons)+1, s))
		}
	}
	p.Versus = v
	p.Notes = sortNotes(c.Notes).rest()
	p.Browser = newBrowser(s, opt)
	if p.Browser != nil && p.Browser.Total == 0 {
		p.Browser = nil
	}
	p.Prov.Command = clip(c.Command)
	p.Head = versusHead(c)
	p.Nav = versusNav(p)
	return p
}

func versusNav(p *page) []navItem {
	nav := []navItem{{"summary", "Summary"}, {"runs", "Runs"}}
	for _, n := range []struct {
		show     bool
		id, text string
	}{
		{p.Versus.Pairs != nil || len(p.Results) > 0, "results", "Common items"}, {len(p.Versus.Charts) > 0, "curves", "Curves"},
		{len(p.Notes) > 0, "notes", "Notes"}, {p.Browser != nil, "samples", "Samples"}, {true, "provenance", "Provenance"},
	} {
		if n.show {
			nav = append(nav, navItem{n.id, n.text})
		}
	}
	return nav
}

func newVersusRun(c *Compared, i int) versusRun {
	r := &c.Runs[i]
	v := versusRun{ID: clipTo(r.ID, 120), Script: clipTo(r.Script, 80), State: stateOf(r.State), Started: at(r.Started), Took: "not ended", Mark: fmt.Sprintf("s%d", r.Group%8)}
	v.Label = fmt.Sprintf("run %d", i+1)
	if r.Group >= 0 && r.Group < len(c.Groups) {
		v.Label = clipTo(c.Groups[r.Group].Label, 80)
		if c.Groups[r.Group].Runs > 1 {
			n := 0
			for j := range i + 1 {
				n += b2i(c.Runs[j].Group == r.Group)
			}
			v.Label += fmt.Sprintf(" #%d", n)
		}
	}
	if r.Seconds > 0 {
		v.Took = seconds(r.Seconds)
	}
	v.Cost, _ = spent(r.Cost)
	return v
}

func versusParams(list []ComparedParam) []versusParam {
	var out []versusParam
	for i, q := range list {
		if i == maxRows {
			break
		}
		v := versusParam{Name: clipTo(q.Name, 100)}
		for _, value := range q.Values {
			v.Values = append(v.Values, clipTo(value, 300))
		}
		out = append(out, v)
	}
	return out
}

func newVersusMeasure(m *Measure) versusMeasure {
	v := versusMeasure{Name: clipTo(m.Name, 200)}
	for _, x := range m.Values {
		if !x.Known {
			v.Values = append(v.Values, versusValue{Text: "–"})
			continue
		}
		unit := clipTo(m.Unit, 30)
		w := versusValue{Text: quantity(x.Value, unit), Raw: raw(x.Value), Best: x.Best, Worst: x.Worst}
		if x.Low != 0 || x.High != 0 {
			w.Note = between(x.Low, x.High, unit)
		}
		if x.N > 0 {
			if w.Note != "" {
				w.Note += ", "
			}
			w.Note += "n" + nbsp + "=" + nbsp + count(x.N)
		}
		v.Values = append(v.Values, w)
	}
	return v
}

// alike says whether all groups came to the same.
func (m *versusMeasure) alike() bool {
	return !slices.ContainsFunc(m.Values, func(v versusValue) bool { return v.Raw == "" || v.Raw != m.Values[0].Raw })
}

func pairTable(c *Compared) *table {
	if len(c.Pairs) == 0 {
		return nil
	}
	t := &table{ID: "pairs", Caption: "Each against " + groupLabel(c, c.Pairs[0].A) + ", on the items that both have", Columns: []column{
		{"Run", false}, {"Items", true}, {"Score there", true}, {"Score here", true}, {"Points", true}, {"95% interval", false}, {"Better", true}, {"Worse", true}, {"p", true}, {"p, Holm", true},
	}}
	method := ""
	for i := range c.Pairs {
		if i == maxRows {
			break
		}
		q := &c.Pairs[i]
		t.Rows = append(t.Rows, []cell{words(groupLabel(c, q.B)), integer(q.N), {percent(q.ScoreA), raw(q.ScoreA)}, {percent(q.ScoreB), raw(q.ScoreB)}, {points(q.Diff), raw(q.Diff)},
			{points(q.Low) + " to " + points(q.High), ""}, integer(q.Gained), integer(q.Lost), {pvalue(q.P), raw(q.P)}, {pvalue(q.PAdjusted), raw(q.PAdjusted)}})
		method = cmp.Or(method, q.Method)
		if q.LeftOut > 0 {
			t.Note += fmt.Sprintf("%s of %s are left out: only one of the two has them, or they could not be graded. ", plural(q.LeftOut, "item"), groupLabel(c, q.B))
		}
	}
	t.Note = clip(sentence(method) + " " + t.Note)
	return t
}

func groupLabel(c *Compared, i int) string {
	if i < 0 || i >= len(c.Groups) {
		return "?"
	}
	return clipTo(c.Groups[i].Label, 80)
}

// versusHead is the finding: who is better than the first on common items, or
// who comes out best where there are none.
func versusHead(c *Compared) headline {
	var h headline
	better, worse := versusPairs(c)
	first := groupLabel(c, 0)
	switch {
	case len(better) > 0:
		h.Text = fmt.Sprintf("%s is better than %s", groupLabel(c, better[0].B), first)
		h.Lede = pairSentence(c, better[0])
		if len(worse) > 0 {
			h.But = "but " + groupLabel(c, worse[0].B) + " is worse"
		}
	case len(worse) > 0:
		h.Text = fmt.Sprintf("%s is worse than %s", groupLabel(c, worse[0].B), first)
		h.Lede = pairSentence(c, worse[0])
		if n := len(worse); n > 1 {
			h.But = "and so is " + groupLabel(c, worse[1].B)
			if n > 2 {
				h.But = "and so are " + inWords(n-1) + " others"
			}
		}
	case len(c.Pairs) > 0:
		h.Text = "No difference between the runs is proven"
		h.Lede = pairSentence(c, &c.Pairs[0])
	case len(c.Groups) == 1 && len(c.Runs) > 1:
		h.Text = plural(len(c.Runs), "run") + " with the same settings, averaged"
		h.Lede = "They are one group, so there is nothing to hold them against: figures and curves are means, with 95% intervals over the runs."
	default:
		h.Text = plural(len(c.Runs), "run") + " side by side"
		if best := bestOf(c); best != "" {
			h.Text = best
		}
		h.Lede = "The runs have no graded items in common, so nothing is tested in pairs."
	}
	for i := range c.Pairs {
		if c.Pairs[i].P < .05 && c.Pairs[i].PAdjusted >= .05 {
			h.Lede += " With as many comparisons as here, a p below 0.05 that does not survive Holm's correction is no proof."
			break
		}
	}
	return h
}

// versusPairs are the confirmed differences, the largest first.
func versusPairs(c *Compared) (better, worse []*Pair) {
	for i := range c.Pairs {
		switch q := &c.Pairs[i]; {
		case q.Confirmed && q.Diff > 0:
			better = append(better, q)
		case q.Confirmed && q.Diff < 0:
			worse = append(worse, q)
		}
	}
	slices.SortStableFunc(better, func(a, b *Pair) int { return cmp.Compare(b.Diff, a.Diff) })
	slices.SortStableFunc(worse, func(a, b *Pair) int { return cmp.Compare(a.Diff, b.Diff) })
	return better, worse
}

func pairSentence(c *Compared, q *Pair) string {
	return fmt.Sprintf("On %s that both have, %s scores %s and %s %s: %s"+nbsp+"points (95%% interval %s to %s; %s, %s after Holm's correction).",
		plural(q.N, "item"), groupLabel(c, q.B), percent(q.ScoreB), groupLabel(c, q.A), percent(q.ScoreA), points(q.Diff), points(q.Low), points(q.High), pclause(q.P), pvalue(q.PAdjusted))
}

func bestOf(c *Compared) string {
	for i := range c.Measures {
		m := &c.Measures[i]
		for g, v := range m.Values {
			if v.Best {
				return fmt.Sprintf("%s has the best %s, %s", groupLabel(c, g), clipTo(m.Name, 80), quantity(v.Value, clipTo(m.Unit, 30)))
			}
		}
	}
	return ""
}

// redactedComparison is redacted for what comes from several runs.
func redactedComparison(c *Compared, d *redactor) *Compared {
	samples := c.Samples
	all := *c
	all.Samples = nil
	out := redactedValue(all, d)
	out.Samples = samples // looked through for secrets when they are packed
	return &out
}
