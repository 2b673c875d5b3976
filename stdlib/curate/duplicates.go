package curate

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"cogumi/reports/run"
	"cogumi/reports/run/durable"
	"cogumi/stdlib/dedup"
	"cogumi/stdlib/experiment"
)

// Dedup says how duplicates are dropped. Zero values mean the defaults.
type Dedup struct {
	Threshold float64 `json:"threshold"` // Jaccard of character 3-grams; 0.8
	Prompt    bool    `json:"prompt"`    // compare what is asked and not the answers
	Recall    float64 `json:"recall"`    // of pairs at the threshold; 0.98
	Memory    int64   `json:"-"`         // see dedup.FileConfig
}

// duplicate is a line of dedup's audit.
type duplicate struct {
	Row     int     `json:"row"`
	KeptRow int     `json:"kept_row"`
	Jaccard float64 `json:"jaccard"`
	Exact   bool    `json:"exact"`
	Cluster int     `json:"cluster"`
}

const auditFile = "duplicates.jsonl"

// Dedup drops rows that others say nearly word for word, each pair verified exactly:
// see package dedup. Of several the one of the earlier source stays, then the longer.
func (r *Rows) Dedup(c Dedup) (*Rows, error) {
	if len(r.done) > 0 {
		return nil, fmt.Errorf("curate: duplicates are looked for before other stages, not after %s", r.done[0])
	}
	c.Threshold, c.Recall = cmp.Or(c.Threshold, 0.8), cmp.Or(c.Recall, 0.98)
	field := "instruction+input+output+messages"
	if c.Prompt {
		field = "instruction+input"
	}
	x := experiment.Current()
	spec := experiment.Spec{Name: "duplicates", Version: version, Inputs: map[string]string{"rows": sum([]byte(r.hash))}, Params: c}
	dir, err := x.Do(spec, func(w *experiment.Work) error {
		if r.kept == 0 {
			return durable.WriteBytes(filepath.Join(w.Dir, auditFile), nil)
		}
		f := dedup.FileConfig{Config: dedup.Config{Threshold: c.Threshold, Recall: c.Recall}, In: r.files, Field: field,
			Audit: filepath.Join(w.Dir, auditFile), Memory: c.Memory, Work: filepath.Join(w.Dir, "dedup.tmp")}
		found, err := dedup.Files(x.Context(), f)
		if err == nil && found.Bad > 0 {
			err = fmt.Errorf("%d of the lines that mix wrote cannot be read", found.Bad)
		}
		if err == nil {
			err = os.RemoveAll(f.Work)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return r.dropDuplicates(filepath.Join(dir, auditFile), c)
}

// MustDedup is Dedup; an error ends the run.
func (r *Rows) MustDedup(c Dedup) *Rows {
	out, err := r.Dedup(c)
	return must(out, err)
}

func (r *Rows) dropDuplicates(audit string, c Dedup) (*Rows, error) {
	drop, exact, near := newBits(r.total), 0, 0
	clusters := map[int]*run.Cluster{}
	var shown []duplicate
	err := eachDuplicate(audit, func(d duplicate) error {
		if d.Row < 0 || d.Row >= r.total {
			return fmt.Errorf("it names row %d of %d", d.Row, r.total)
		}
		drop.add(d.Row)
		if d.Exact {
			exact++
		} else {
			near++
			if len(shown) < samplesPerFilter {
				shown = append(shown, d)
			}
		}
		g := clusters[d.Cluster]
		if g == nil {
			g = &run.Cluster{Size: 1, Lowest: 1}
			clusters[d.Cluster] = g
		}
		g.Size++
		g.Lowest = min(g.Lowest, d.Jaccard)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", audit, err)
	}
	note := ""
	if exact+near > 0 {
		note = fmt.Sprintf("%d equal texts and %d with Jaccard ≥ %g go", exact, near, c.Threshold)
	}
	out := r.without(drop, run.FunnelStage{Name: "duplicates", Note: note}, fmt.Sprintf("duplicates %g %t %g", c.Threshold, c.Prompt, c.Recall))
	x := experiment.Current()
	if exact+near > 0 {
		x.Artefact("duplicates.jsonl", "audit", audit)
	}
	v := run.Clusters{Name: "duplicates", Title: "Rows that say the same", Rows: r.kept, Kept: out.kept, Threshold: c.Threshold,
		Method: "character 3-grams, MinHash candidates, every pair verified exactly", Audit: "duplicates.jsonl"}
	sizes := map[int]int{}
	for _, g := range clusters {
		sizes[g.Size]++
	}
	for size, n := range sizes {
		v.Sizes = append(v.Sizes, run.ClusterSize{Size: size, Count: n})
	}
	slices.SortFunc(v.Sizes, func(a, b run.ClusterSize) int { return a.Size - b.Size })
	x.Clusters(v)
	return out, r.showDuplicates(shown)
}

func eachDuplicate(path string, take func(duplicate) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	in.Buffer(make([]byte, 1<<16), 1<<20)
	for in.Scan() {
		var d duplicate
		if err := json.Unmarshal(in.Bytes(), &d); err != nil {
			return err
		}
		if err := take(d); err != nil {
			return err
		}
	}
	return in.Err()
}

// showDuplicates shows pairs beside each other.
func (r *Rows) showDuplicates(list []duplicate) error {
	if len(list) == 0 {
		return nil
	}
	wanted := map[int]string{}
	last := 0
	for _, d := range list {
		wanted[d.Row], wanted[d.KeptRow] = "", ""
		last = max(last, d.Row, d.KeptRow)
	}
	err := r.lines(func(n int, line []byte) error {
		if _, ok := wanted[n]; ok {
			wanted[n] = textOf(line)
		}
		if n >= last {
			return errStopped
		}
		return nil
	})
	if err != nil && !errors.Is(err, errStopped) {
		return err
	}
	t := run.Table{Name: "near-duplicates", Title: "Near-duplicates: the first ones", Columns: []string{"goes", "stays", "Jaccard"}}
	for _, d := range list {
		t.Rows = append(t.Rows, []any{wanted[d.Row], wanted[d.KeptRow], float64(int(d.Jaccard*1000)) / 1000})
	}
	experiment.Current().Table(t)
	return nil
}

// lines gives every line, dropped ones included.
func (r *Rows) lines(take func(n int, line []byte) error) error {
	n := 0
	for f, path := range r.files {
		err := eachLine(path, r.counts[f], func(line []byte) error {
			n++
			return take(n-1, line)
		})
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
	}
	return nil
}
