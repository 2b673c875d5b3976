package curate

import (
	"fmt"
	"path/filepath"
	"slices"

	"cogumi/reports/run"
	"cogumi/stdlib/curate/pii"
	"cogumi/stdlib/experiment"
)

// report tells the run what the sources are.
func (t *Tagged) report() {
	x := experiment.Current()
	table := run.Table{Name: "sources", Title: "Sources", Columns: []string{"source", "files", "rows", "cannot be read", "license"}}
	for i, s := range t.Sources {
		done := t.sources[i]
		license := s.License
		if license == "" {
			license = "not stated"
		}
		table.Rows = append(table.Rows, []any{s.Name, len(s.Files), done.rows, done.bad, license})
		from := s.Files[0]
		if len(s.Files) > 1 {
			from = filepath.Dir(from)
		}
		x.Source(run.Source{Kind: "data", Name: s.Name, License: s.License, From: from, Rows: done.rows, SHA256: done.hash})
	}
	x.Table(table)
}

// reportMix shows what the filters removed: counts with examples, and the list of all.
func (r *Rows) reportMix(t *Tagged, m *mixed, dir string) {
	x := experiment.Current()
	table := run.Table{Name: "removed", Title: "What the filters removed: a sample of each", Columns: []string{"filter", "why", "source", "file", "row", "text"},
		Note: "Every row that goes is in removed.jsonl, with file, row, filter and reason."}
	for f, list := range m.Samples {
		for _, s := range list {
			table.Rows = append(table.Rows, []any{Filters[f], s.Why, s.Source, filepath.Base(s.File), s.Row, s.Text})
		}
		if n := m.Removed[f]; n > 0 {
			x.Check(run.Check{Topic: "data", Name: Filters[f], Outcome: "warn", N: n, Of: t.Rows,
				Text: fmt.Sprintf("%d of %d rows go because of their %s.", n, t.Rows, Filters[f]), Examples: reasons(list)})
		} else {
			x.Check(run.Check{Topic: "data", Name: Filters[f], Outcome: "ok", Of: t.Rows, Text: fmt.Sprintf("No row goes because of its %s.", Filters[f])})
		}
	}
	if len(table.Rows) > 0 {
		x.Table(table)
		x.Artefact("removed.jsonl", "audit", filepath.Join(dir, removedFile))
	}
}

func reasons(list []removal) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s.Why) {
			out = append(out, s.Why)
		}
	}
	return out
}

// report shows the funnel, and what is left.
func (r *Rows) report() {
	x := experiment.Current()
	x.Funnel(run.Funnel{Name: "curate", Title: "Rows after each filter", Stages: r.stages})
	first := r.stages[0].Count
	if first > 0 {
		x.Figure(run.Figure{Name: "rows kept", Value: 100 * float64(r.kept) / float64(first), Unit: "%", Note: fmt.Sprintf("%d of %d", r.kept, first)})
	}
}

// Stages are the names of the funnel's stages with the rows that each left.
func (r *Rows) Stages() []run.FunnelStage { return slices.Clone(r.stages) }

// Summary is what came of it, for a run's result.
func (r *Rows) Summary() map[string]any {
	stages := []any{}
	for _, s := range r.stages {
		stages = append(stages, map[string]any{"stage": s.Name, "rows": s.Count})
	}
	return map[string]any{"rows": r.stages[0].Count, "kept": r.kept, "stages": stages}
}

// PersonalData are the kinds that Rules.PII knows.
func PersonalData() []string { return slices.Clone(pii.Kinds) }
