package experiment

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"cogumi/reports/run"
	"cogumi/stdlib/experiment/machine"
)

// event writes to the event log only.
func (r *Run) event(e run.Event) {
	if r.w != nil {
		r.report(r.w.Event(e))
	}
}

// emit writes an event to the log and to the record of the steps at work.
func (r *Run) emit(e run.Event) {
	if e.Step == "" {
		e.Step = r.stepName()
	}
	r.event(e)
	r.record(e, "", "")
}

// Logf shows a line and keeps it in the run's log.
func (r *Run) Logf(format string, a ...any) {
	text := machine.RedactText(fmt.Sprintf(format, a...))
	r.con.info(text)
	r.emit(run.Event{Kind: "log", Log: text})
}

// Metric adds a point to a series. x is the optimiser step. A value that is not
// finite becomes a warning instead: a curve cannot hold it.
func (r *Run) Metric(series string, x int, v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		r.noteOnce(run.Note{Level: "warn", Topic: "train", Text: fmt.Sprintf("%s was %v at step %d.", series, v, x)})
		return
	}
	r.emit(run.Event{Kind: "metric", Metric: &run.Metric{Series: series, X: x, Value: v}})
}

// Figure reports one number with its interval.
func (r *Run) Figure(f run.Figure) {
	if !finite(f.Value, f.Low, f.High) {
		r.noteOnce(run.Note{Level: "warn", Topic: "figure", Text: fmt.Sprintf("%s is %v (%v to %v), which is no number to report.", f.Name, f.Value, f.Low, f.High)})
		return
	}
	r.emit(run.Event{Kind: "figure", Figure: &f})
}

func finite(values ...float64) bool {
	return !slices.ContainsFunc(values, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
}

// Table reports a small table. Cells that JSON has no word for are written as text.
func (r *Run) Table(t run.Table) {
	rows := make([][]any, len(t.Rows))
	for i, row := range t.Rows {
		rows[i] = make([]any, len(row))
		for j, cell := range row {
			rows[i][j] = tableCell(cell)
		}
	}
	t.Rows = rows
	r.emit(run.Event{Kind: "table", Table: &t})
}

func tableCell(v any) any {
	switch v := v.(type) {
	case nil, string, bool, int, int64, int32, uint64:
		return v
	case float64:
		if finite(v) {
			return v
		}
	case float32:
		if finite(float64(v)) {
			return v
		}
	}
	if b, err := json.Marshal(v); err == nil && len(b) > 0 && b[0] != '{' && b[0] != '[' {
		return v
	}
	return fmt.Sprint(v)
}

// Funnel reports how many rows were left after each stage.
func (r *Run) Funnel(f run.Funnel) { r.emit(run.Event{Kind: "funnel", Funnel: &f}) }

// Comparison reports two models on the same items.
func (r *Run) Comparison(c run.Comparison) {
	r.emit(run.Event{Kind: "comparison", Comparison: &c})
}

// Note reports a sentence for the reader of the report and shows it.
func (r *Run) Note(n run.Note) {
	if n.Level == "" {
		n.Level = "info"
	}
	n.Text, n.Hint = machine.RedactText(n.Text), machine.RedactText(n.Hint)
	r.showNote(n)
	r.emit(run.Event{Kind: "note", Note: &n})
}

// noteOnce is Note for what would be said again and again.
func (r *Run) noteOnce(n run.Note) {
	r.mu.Lock()
	said := r.notified[n.Topic+n.Text]
	r.notified[n.Topic+n.Text] = true
	r.mu.Unlock()
	if !said {
		r.Note(n)
	}
}

func (r *Run) showNote(n run.Note) {
	text := n.Text
	if n.Topic != "" {
		text = n.Topic + ": " + text
	}
	if n.Level == "warn" {
		r.con.warn(text, n.Hint)
	} else {
		r.con.info(text, n.Hint)
	}
}

// Result sets the run's result; cogumi run --json prints it. The last one counts.
func (r *Run) Result(v any) {
	b, err := json.Marshal(v)
	if err != nil {
		r.stop(Hint(fmt.Errorf("result: %w", err), "a result is what JSON can hold: finite numbers, text, lists, structs, maps with text keys"))
	}
	r.change(func(c *infoChanges) { c.result = b })
	r.flush()
}
