package dedup

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"cogumi/reports/run"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
)

// report tells the run what was dropped and why, with every removal in a file.
func (r *Result) report(set, other *dataset.Set, threshold float64) {
	x := experiment.Current()
	name, title, why := set.Name+" near-duplicates", "Near-duplicates within "+set.Name, "of an earlier row"
	if other != nil {
		name, title, why = set.Name+" against "+other.Name, fmt.Sprintf("Rows of %s that %s holds as well", set.Name, other.Name), "of a row of "+other.Name
	}
	before := len(set.Rows)
	x.Funnel(run.Funnel{Name: name, Title: title, Stages: []run.FunnelStage{
		{Name: set.Name, Count: before},
		{Name: "without equal texts", Count: before - r.Exact, Note: fmt.Sprintf("%d are word for word those %s", r.Exact, why)},
		{Name: "without near-duplicates", Count: before - len(r.Removed), Note: fmt.Sprintf("%d have Jaccard ≥ %g %s", r.NearCount, threshold, why)},
	}})
	level := "info"
	if other != nil && len(r.Removed) > 0 {
		level = "warn"
	}
	x.Note(run.Note{Level: level, Topic: "dedup", Text: fmt.Sprintf("%d of %d rows of %s were dropped as duplicates %s (Jaccard ≥ %g of character 3-grams; %s)",
		len(r.Removed), before, set.Name, why, threshold, r.how())})
	x.Table(run.Table{Name: name, Title: title + ": the first ones", Columns: []string{"row", "dropped", "kept row", "kept", "Jaccard"}, Rows: r.examples()})
	if err := r.audit(x, name); err != nil {
		x.Note(run.Note{Level: "warn", Topic: "dedup", Text: "the list of removals could not be written: " + err.Error()})
	}
}

// how says how pairs were found.
func (r *Result) how() string {
	if r.Bands == 0 {
		return "every pair was compared"
	}
	return fmt.Sprintf("verified exactly; %d bands of %d rows find %.1f %% of the pairs at the threshold", r.Bands, r.Rows, 100*r.Recall)
}

func (r *Result) examples() [][]any {
	rows := [][]any{}
	for _, m := range r.Removed {
		if len(rows) < 8 && !m.Exact {
			rows = append(rows, []any{m.Row + 1, m.Text, m.KeptRow + 1, m.Kept, float64(int(m.Jaccard*1000)) / 1000})
		}
	}
	return rows
}

// audit writes one row for every removal.
func (r *Result) audit(x *experiment.Run, name string) error {
	if x.Dir() == "" || len(r.Removed) == 0 {
		return nil
	}
	dir, err := os.MkdirTemp("", "dedup")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	list := &dataset.Set{Name: name}
	for _, m := range r.Removed {
		list.Rows = append(list.Rows, dataset.Row{Extra: map[string]any{
			"row": float64(m.Row), "kept_row": float64(m.KeptRow), "jaccard": m.Jaccard, "exact": m.Exact, "cluster": float64(m.Cluster),
			"text": m.Text, "kept": m.Kept}})
	}
	path := filepath.Join(dir, "removed.parquet")
	if err := list.Write(path); err != nil {
		return err
	}
	x.Artefact(name+" removals.parquet", "audit", path)
	return nil
}

// report tells the run what Files did.
func (r *FileResult) report(x *experiment.Run, c FileConfig) {
	x.Funnel(run.Funnel{Name: "dedup", Title: "Duplicates", Stages: []run.FunnelStage{
		{Name: "rows", Count: r.Rows},
		{Name: "readable", Count: r.Rows - r.Bad},
		{Name: "without equal texts", Count: r.Rows - r.Bad - r.ExactDuplicates},
		{Name: "without near-duplicates", Count: r.Kept, Note: fmt.Sprintf("Jaccard computed exactly for %d candidates", r.Candidates)},
	}})
	if r.Bad > 0 {
		x.Note(run.Note{Level: "warn", Topic: "dedup", Text: fmt.Sprintf("%d of %d rows could not be read and are not in the output. The first: %s", r.Bad, r.Rows, strings.Join(r.firstBad, "; "))})
	}
	if curve, err := RecallCurve(c.Config); err == nil {
		rows := [][]any{}
		for _, p := range curve.Points {
			rows = append(rows, []any{p.Jaccard, p.Recall})
		}
		x.Table(run.Table{Name: "recall", Title: fmt.Sprintf("Pairs that %d bands of %d rows find", curve.Bands, curve.Rows), Columns: []string{"Jaccard", "found"}, Rows: rows})
	}
	for _, path := range []string{c.Out, c.Audit, c.BadRows} {
		if path != "" && (path != c.BadRows || r.Bad > 0) {
			x.Artefact(filepath.Base(path), "dataset", path)
		}
	}
}
