package cli

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"cogumi/reports"
	"cogumi/reports/run"
)

// runRow is one run in `cogumi runs --json`.
type runRow struct {
	ID       string          `json:"id"`
	Script   string          `json:"script"`
	State    run.State       `json:"state"`
	Started  time.Time       `json:"started"`
	Seconds  float64         `json:"seconds,omitempty"` // missing: not ended
	Dollars  *float64        `json:"dollars,omitempty"` // missing: unknown
	Dir      string          `json:"dir"`
	Report   string          `json:"report,omitempty"`
	Params   []run.Param     `json:"params,omitempty"`
	Progress *run.Progress   `json:"progress,omitempty"` // of one that goes on
	Curve    *curve          `json:"curve,omitempty"`
	Result   json.RawMessage `json:"result,omitempty"`
	Error    string          `json:"error,omitempty"`
}

// curve is the course of a run's loss.
type curve struct {
	Series string    `json:"series"`
	First  float64   `json:"first"`
	Last   float64   `json:"last"`
	Drawn  []float64 `json:"drawn"` // evenly along the steps, smoothed
}

func readRow(s run.Summary) runRow {
	row := runRow{ID: s.ID, Script: s.Script, State: s.State, Started: s.Started, Seconds: s.Seconds(), Dir: s.Dir, Report: s.Report, Params: s.Params}
	if s.Cost != nil {
		row.Dollars = &s.Cost.Dollars
	}
	r, err := run.Read(s.Dir)
	if err != nil {
		row.Error = err.Error()
		return row
	}
	row.Result = r.Info.Result
	row.Curve = lossCurve(r)
	if r.Info.Error != nil {
		row.Error = r.Info.Error.Message
	}
	if list := r.Progress(); s.State == run.Running && len(list) > 0 {
		row.Progress = &list[len(list)-1]
	}
	return row
}

// sparkWidth is how many letters a curve has in the table.
const sparkWidth = 12

// lossCurve is the training loss, or what other loss the run has.
func lossCurve(r *run.Run) *curve {
	names := r.SeriesNames()
	at := slices.Index(names, "train/loss")
	if at < 0 {
		at = slices.IndexFunc(names, func(n string) bool { return n == "loss" || strings.HasSuffix(n, "/loss") })
	}
	if at < 0 {
		return nil
	}
	points := r.Series(names[at])
	if len(points) < 2 {
		return nil
	}
	c := &curve{Series: names[at], First: points[0].Value, Last: points[len(points)-1].Value}
	soft, _ := reports.Smooth(points)
	for i := range sparkWidth {
		c.Drawn = append(c.Drawn, soft[i*(len(soft)-1)/(sparkWidth-1)].Value)
	}
	return c
}

// spark draws values from the lowest to the highest.
func spark(values []float64) string {
	const levels = "▁▂▃▄▅▆▇█"
	low, high := slices.Min(values), slices.Max(values)
	var b strings.Builder
	for _, v := range values {
		at := 0.0
		if high > low {
			at = math.Round((v - low) / (high - low) * 7)
		}
		b.WriteRune([]rune(levels)[int(at)])
	}
	return b.String()
}

// outcome is what became of a run, in a few words.
func (r *runRow) outcome() string {
	switch {
	case r.Error != "":
		first, _, _ := strings.Cut(r.Error, "\n")
		return first
	case r.Progress != nil:
		p := r.Progress
		text := fmt.Sprintf("%s %d", p.Name, p.Done)
		if p.Total > 0 {
			text += fmt.Sprintf(" of %d", p.Total)
		}
		if p.Total > p.Done && p.Rate > 0 {
			text += ", " + duration(float64(p.Total-p.Done)/p.Rate) + " left"
		}
		return text
	}
	return headline(r.Result)
}

func (r *runRow) took() string {
	switch {
	case r.Seconds > 0:
		return duration(r.Seconds)
	case r.State == run.Running:
		return duration(time.Since(r.Started).Seconds()) + " so far"
	}
	return "-"
}

func (r *runRow) cost() string {
	if r.Dollars == nil {
		return "unknown"
	}
	return fmt.Sprintf("$%.2f", *r.Dollars)
}

// headline is a run's result in a few words: base and tuned accuracy where
// there are any, otherwise the first plain values.
func headline(result json.RawMessage) string {
	var fields map[string]json.RawMessage
	if json.Unmarshal(result, &fields) != nil {
		var plain any
		if json.Unmarshal(result, &plain) == nil && plain != nil {
			return fmt.Sprint(plain)
		}
		return ""
	}
	var base, tuned run.Rate
	if json.Unmarshal(fields["base"], &base) == nil && json.Unmarshal(fields["tuned"], &tuned) == nil && base.N > 0 && tuned.N > 0 {
		text := fmt.Sprintf("%.1f → %.1f %% (n %d)", 100*base.Accuracy, 100*tuned.Accuracy, tuned.N)
		var fell []json.RawMessage
		if json.Unmarshal(fields["regressions"], &fell) == nil && len(fell) > 0 {
			text += fmt.Sprintf(", %d worse", len(fell))
		}
		return text
	}
	var names []string
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	var parts []string
	for _, name := range names {
		var v any
		if json.Unmarshal(fields[name], &v) != nil {
			continue
		}
		switch v := v.(type) {
		case string, float64, bool:
			parts = append(parts, fmt.Sprintf("%s %v", name, v))
		}
		if len(parts) == 3 {
			break
		}
	}
	return strings.Join(parts, ", ")
}
