package export

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"cogumi/reports"
	"cogumi/reports/run"
	"cogumi/reports/run/durable"
)

func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}

// CSV writes tables into DIR/<run>/: metrics, figures, benchmarks, params, each
// table of the run, each sample set with a row for an answer. It gives the paths.
func (r *Run) CSV(dir string) ([]string, error) {
	f := folder{path: filepath.Join(dir, r.Info.ID)}
	f.table("metrics", []string{"series", "x", "value", "time"}, func(row func(...any)) {
		for _, p := range r.Points {
			row(p.Series, p.X, p.Value, p.Time)
		}
	})
	f.table("figures", []string{"name", "value", "unit", "n", "low", "high", "method"}, func(row func(...any)) {
		for _, v := range r.Figures() {
			row(v.Name, v.Value, v.Unit, v.N, v.Low, v.High, v.Method)
		}
	})
	f.table("benchmarks", []string{"task", "variant", "metric", "model", "score", "low", "high", "stderr", "n", "of"}, func(row func(...any)) {
		for _, v := range r.Benchmarks() {
			row(v.Task, v.Variant, v.Metric, v.Model, v.Score, v.Low, v.High, v.StdErr, v.N, v.Of)
		}
	})
	f.table("params", []string{"name", "value", "default"}, func(row func(...any)) {
		for _, p := range r.Info.Params {
			row(p.Name, p.Value, p.Default)
		}
	})
	for _, t := range r.Tables() {
		f.table("table-"+t.Name, t.Columns, func(row func(...any)) {
			for _, cells := range t.Rows {
				row(cells...)
			}
		})
	}
	for _, set := range r.SampleSets() {
		list, err := r.samples(set)
		if err != nil {
			return nil, err
		}
		f.table("samples-"+set.Name, sampleColumns, func(row func(...any)) { sampleRows(list, row) })
	}
	return f.written, f.err
}

var sampleColumns = []string{"id", "category", "family", "tags", "winner", "prompt", "reference", "model", "verdict", "answer", "extracted", "reason", "tokens"}

func sampleRows(list []run.Sample, row func(...any)) {
	for _, s := range list {
		answers := s.Answers
		if len(answers) == 0 {
			answers = []run.SampleAnswer{{}}
		}
		for _, a := range answers {
			row(s.ID, s.Category, s.Family, strings.Join(s.Tags, " "), s.Winner, s.Prompt, s.Reference, a.Model, a.Verdict, a.Text, a.Extracted, a.Reason, a.Tokens)
		}
	}
}

// JSONLines writes DIR/<run>/run.json, with how the run was made, and JSON lines:
// metrics, figures, benchmarks, tables, notes and each sample set. It gives the paths.
func (r *Run) JSONLines(dir string) ([]string, error) {
	f := folder{path: filepath.Join(dir, r.Info.ID)}
	f.write("run.json", func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(r.Info)
	})
	lines(&f, "metrics", r.Points)
	lines(&f, "figures", r.Figures())
	lines(&f, "benchmarks", r.Benchmarks())
	lines(&f, "comparisons", r.Comparisons())
	lines(&f, "judgings", r.Judgings())
	lines(&f, "tables", r.Tables())
	lines(&f, "notes", r.Notes())
	for _, set := range r.SampleSets() {
		list, err := r.samples(set)
		if err != nil {
			return nil, err
		}
		lines(&f, "samples-"+set.Name, list)
	}
	return f.written, f.err
}

func lines[T any](f *folder, name string, list []T) {
	if len(list) == 0 {
		return
	}
	f.write(fileName(name)+".jsonl", func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		for _, v := range list {
			if err := e.Encode(v); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r *Run) samples(set run.SampleSet) ([]run.Sample, error) {
	list, _, err := r.Run.Samples(set)
	if err != nil {
		return nil, fmt.Errorf("export samples %s: %w", set.Name, err)
	}
	for i := range list {
		list[i] = reports.RedactedSample(list[i])
	}
	return list, nil
}

// folder writes files until one fails.
type folder struct {
	path    string
	written []string
	err     error
}

func (f *folder) write(name string, to func(io.Writer) error) {
	if f.err != nil {
		return
	}
	if f.err = makeFolder(f.path); f.err != nil {
		return
	}
	path := filepath.Join(f.path, name)
	f.err = durable.WriteFile(path, func(w io.Writer) error {
		b := bufio.NewWriter(w)
		if err := to(b); err != nil {
			return err
		}
		return b.Flush()
	})
	if f.err != nil {
		f.err = fmt.Errorf("export: %w", f.err)
		return
	}
	f.written = append(f.written, path)
}

// table writes a CSV file (RFC 4180), or nothing if it has no row.
func (f *folder) table(name string, columns []string, rows func(row func(...any))) {
	list := [][]string{columns}
	rows(func(cells ...any) {
		line := make([]string, len(cells))
		for i, v := range cells {
			line[i] = cell(v)
		}
		list = append(list, line)
	})
	if len(list) == 1 {
		return
	}
	f.write(fileName(name)+".csv", func(to io.Writer) error {
		w := csv.NewWriter(to)
		w.UseCRLF = true
		return w.WriteAll(list)
	})
}

// cell is a value for a spreadsheet. A text that one would run as a formula gets
// an apostrophe.
func cell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case string:
		if _, err := strconv.ParseFloat(v, 64); err != nil && v != "" && strings.ContainsRune("=+-@\t\r", rune(v[0])) {
			return "'" + v
		}
		return v
	}
	return fmt.Sprint(v)
}

// fileName is a name that a run gave, as a part of a file's.
func fileName(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, name)
}
