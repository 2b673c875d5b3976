package grade

import (
	"fmt"

	"cogumi/reports/run"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/stats"
)

const (
	level  = 0.95
	method = stats.RateMethod
)

// report gives the sheet's figures to the run.
func (s *Sheet) report(r *experiment.Run) {
	who, where := orElse(s.Model, "model"), orElse(s.Name, "rows")
	total := s.Total()
	if total.N() > 0 {
		low, high := stats.Rate(total.Right, total.N(), level)
		r.Figure(run.Figure{
			Name: fmt.Sprintf("%s accuracy on %s", who, where), Value: 100 * total.Accuracy(), Unit: "%", N: total.N(),
			Low: 100 * low, High: 100 * high, Method: method,
		})
	}
	t := run.Table{
		Name:    fmt.Sprintf("grades-%s-%s", who, where),
		Title:   fmt.Sprintf("%s on %s, by category", who, where),
		Columns: []string{"category", "n", "right", "accuracy %", "low %", "high %", "not graded"},
		Note:    "Intervals: " + method + ". Right and wrong answers count, what could not be graded does not.",
	}
	for _, c := range s.ByCategory() {
		row := []any{orElse(c.Category, "(none)"), c.N(), c.Right, nil, nil, nil, c.Unsupported}
		if c.N() > 0 {
			low, high := stats.Rate(c.Right, c.N(), level)
			row[3], row[4], row[5] = percent(c.Accuracy()), percent(low), percent(high)
		}
		t.Rows = append(t.Rows, row)
	}
	r.Table(t)
	s.note(r)
}

// percent rounds to a tenth.
func percent(p float64) float64 { return float64(int(p*1000+0.5)) / 10 }

// note says what could not be graded and why, most frequent reason first.
func (s *Sheet) note(r *experiment.Run) {
	n, code := s.Unsupported(), 0
	if n == 0 {
		return
	}
	count, most := map[string]int{}, ""
	for _, it := range s.Items {
		if it.Verdict != Unsupported {
			continue
		}
		if category(it.Row) == "code" {
			code++
		}
		count[it.Reason]++
		if c := count[it.Reason]; c > count[most] || c == count[most] && it.Reason < most {
			most = it.Reason
		}
	}
	topic := "data"
	if code > 0 {
		topic = "sandbox"
	}
	r.Note(run.Note{
		Level: "warn", Topic: topic,
		Text: fmt.Sprintf("%d of %d answers of %s on %s could not be graded (%d of them code) and count neither as right nor as wrong. Reason of %d: %s.",
			n, len(s.Items), orElse(s.Model, "the model"), orElse(s.Name, "the rows"), code, count[most], most),
		Hint: "Each of them carries its reason: look for the tag unsupported among the samples.",
	})
}
