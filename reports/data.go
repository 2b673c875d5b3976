package reports

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"cogumi/reports/run"
)

// data is what the run says of its rows: notes as prose, funnels, figures, tables.
type data struct {
	Title    string
	Notes    []note
	Checks   *checks
	Clusters []clusters
	Funnels  []funnel
	Figures  []figure
	Tables   []*table
	Cut      string
}

type funnel struct {
	ID, Title string
	Stages    []funnelStage
}

type funnelStage struct {
	Name, Note, Count string
	N                 int
	Width             float64
	Left              string // rows that left here
	Share             string // of the first stage
}

type figure struct{ Name, Value, Interval, Method, Note string }

func newFigure(f run.Figure) figure {
	v := figure{Name: clipTo(f.Name, 200), Value: quantity(f.Value, clipTo(f.Unit, 30)), Method: clipTo(f.Method, 200), Note: clip(f.Note)}
	if f.Low != 0 || f.High != 0 {
		v.Interval = between(f.Low, f.High, clipTo(f.Unit, 30))
	}
	if f.N > 0 {
		n := "n" + nbsp + "=" + nbsp + count(f.N)
		if v.Interval != "" {
			v.Interval += ", "
		}
		v.Interval += n
	}
	return v
}

func (p *page) newData(r *run.Run, notes []note) *data {
	d := &data{Notes: notes, Checks: newChecks(r.Checks()), Clusters: p.newClusters(r.Clusters())}
	for i, f := range r.Funnels() {
		if i < maxTables && len(f.Stages) > 0 {
			d.Funnels = append(d.Funnels, newFunnel(i, f))
		}
	}
	d.Figures = figures(r)
	tables := r.Tables()
	for i, t := range tables {
		if p.Training != nil && ofTraining(t) {
			continue
		}
		if len(d.Tables) == maxTables {
			d.Cut = fmt.Sprintf("%d of %s tables are shown; all are in events.jsonl.", maxTables, count(len(tables)))
			break
		}
		d.Tables = append(d.Tables, newTable(i, t))
	}
	if len(d.Notes)+len(d.Funnels)+len(d.Figures)+len(d.Tables)+len(d.Clusters) == 0 && d.Checks == nil {
		return nil
	}
	d.Title = "Data"
	if len(d.Notes)+len(d.Funnels)+len(d.Clusters) == 0 && d.Checks == nil {
		d.Title = "Figures"
		if len(d.Figures) == 0 {
			d.Title = "Tables"
		}
	}
	return d
}

func newFunnel(i int, f run.Funnel) funnel {
	v := funnel{ID: fmt.Sprintf("funnel-%d", i+1), Title: clipTo(cmp.Or(f.Title, f.Name), 200)}
	most := 1
	for _, s := range f.Stages {
		most = max(most, s.Count)
	}
	for i, s := range f.Stages {
		if i == maxRows {
			break
		}
		st := funnelStage{Name: clipTo(s.Name, 200), Note: clip(s.Note), N: s.Count, Count: count(s.Count), Width: within(100 * float64(s.Count) / float64(most))}
		if i > 0 {
			if gone := f.Stages[i-1].Count - s.Count; gone > 0 {
				st.Left = minus + count(gone)
			} else if gone < 0 {
				st.Left = "+" + count(-gone)
			}
		}
		if first := f.Stages[0].Count; first > 0 {
			st.Share = percent(float64(s.Count) / float64(first))
		}
		v.Stages = append(v.Stages, st)
	}
	return v
}

func figures(r *run.Run) []figure {
	var list []figure
	for i, f := range r.Figures() {
		if i == maxRows {
			break
		}
		list = append(list, newFigure(f))
	}
	return list
}

const maxColumns = 24

func newTable(i int, t run.Table) *table {
	v := &table{ID: fmt.Sprintf("table-%d", i+1), Caption: clipTo(cmp.Or(t.Title, t.Name), 300), Note: clip(t.Note)}
	width := len(t.Columns)
	for _, row := range t.Rows {
		width = max(width, len(row))
	}
	if width > maxColumns {
		v.Cut = fmt.Sprintf("%d of %s columns are shown. ", maxColumns, count(width))
		width = maxColumns
	}
	for c := range width {
		name := ""
		if c < len(t.Columns) {
			name = clipTo(t.Columns[c], 200)
		}
		v.Columns = append(v.Columns, column{name, numeric(t.Rows, c)})
	}
	decimals := make([]int, width)
	for c := range width {
		decimals[c] = columnDecimals(t.Rows, c)
	}
	for n, row := range t.Rows {
		if n == maxRows {
			v.Cut += fmt.Sprintf("%d of %s rows are shown; all are in events.jsonl.", maxRows, count(len(t.Rows)))
			break
		}
		cells := make([]cell, width)
		for c := range min(width, len(row)) {
			cells[c] = newCell(row[c], decimals[c])
		}
		v.Rows = append(v.Rows, cells)
	}
	return v
}

func numeric(rows [][]any, c int) bool {
	seen := false
	for _, row := range rows {
		if c >= len(row) || row[c] == nil {
			continue
		}
		if _, ok := toFloat(row[c]); !ok {
			return false
		}
		seen = true
	}
	return seen
}

func toFloat(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case int:
		return float64(n), true
	case json.Number:
		f, err := n.Float64()
		return f, err == nil
	}
	return 0, false
}

// columnDecimals gives a column the decimals that its finest number needs, so
// that its numbers can be compared at a glance; -1: each number for itself.
func columnDecimals(rows [][]any, c int) int {
	most := 0
	for _, row := range rows {
		if c >= len(row) {
			continue
		}
		v, ok := toFloat(row[c])
		if !ok {
			continue
		}
		if a := math.Abs(v); a != 0 && (a < 1e-3 || a >= 1e9) {
			return -1
		}
		_, frac, _ := strings.Cut(number(v), ".")
		most = max(most, len(frac))
	}
	return min(most, 4)
}

func newCell(v any, decimals int) cell {
	if f, ok := toFloat(v); ok {
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return cell{"not finite", ""}
		}
		if decimals >= 0 {
			return cell{commas(strconv.FormatFloat(f, 'f', decimals, 64)), raw(f)}
		}
		return cell{number(f), raw(f)}
	}
	switch s := v.(type) {
	case nil:
		return cell{}
	case string:
		return words(s)
	case bool:
		return cell{map[bool]string{true: "yes", false: "no"}[s], fmt.Sprint(s)}
	}
	b, err := json.Marshal(v)
	if err != nil {
		return cell{}
	}
	return words(string(b))
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

func shortHash(s string) string {
	if s = strings.TrimPrefix(s, "sha256:"); len(s) > 12 {
		return s[:12]
	}
	return s
}
