package judge

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"cogumi/reports/run"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/stats"
)

const method = "both orders, 95 % over prompts"

func (r *Result) report(x *experiment.Run, m *Match) {
	t := &r.Total
	x.Figure(run.Figure{Name: r.Ours + " against " + r.Theirs, Value: 100 * t.Score, Unit: "%", N: t.Judged(), Low: 100 * t.Low, High: 100 * t.High, Method: method,
		Note: fmt.Sprintf("%d won, %d lost, %d ties, %d flips, %d errors; bootstrap of prompts %.1f to %.1f; p = %.2g (sign flips)", t.Wins, t.Losses, t.Ties, t.Flips, t.Errors, 100*r.BootLow, 100*r.BootHigh, t.P)})
	for _, c := range r.Categories {
		x.Figure(run.Figure{Name: r.Ours + " against " + r.Theirs + ", " + cmp.Or(c.Category, "no category"), Value: 100 * c.Score, Unit: "%", N: c.Judged(),
			Low: 100 * c.Low, High: 100 * c.High, Method: method, Note: fmt.Sprintf("p = %.2g, %.2g after Holm's correction", c.P, c.Adjusted)})
	}
	table := run.Table{Name: "judged " + m.Name, Title: "Judged by " + r.Judge.Name, Columns: []string{"category", "pairs", "wins", "losses", "ties", "flips", "errors", "score %", "low", "high", "p (Holm)"},
		Note: "A flip: the two orders disagree. Errors are neither ties nor losses."}
	for _, c := range append(slices.Clone(r.Categories), *t) {
		table.Rows = append(table.Rows, []any{cmp.Or(c.Category, "all"), c.Pairs, c.Wins, c.Losses, c.Ties, c.Flips, c.Errors, round(c.Score), round(c.Low), round(c.High), c.Adjusted})
	}
	x.Table(table)
	x.Table(r.settingsTable())
	if r.Decided > 0 {
		low, high := stats.Rate(r.FirstWins, r.Decided, level)
		x.Figure(run.Figure{Name: "answer shown first wins", Value: 100 * float64(r.FirstWins) / float64(r.Decided), Unit: "%", N: r.Decided, Low: 100 * low, High: 100 * high, Method: "of judgements with a winner", Note: "50 % is a judge without a position bias"})
	}
	if r.Known != nil {
		r.Known.report(x)
	}
	r.reportLength(x)
	for _, n := range r.notes() {
		x.Note(n)
	}
	x.Samples("judged "+m.Name, "Judged by "+r.Judge.Name, r.samples(m))
}

func round(share float64) float64 { return math.Round(1000*share) / 10 }

func (r *Result) reportLength(x *experiment.Run) {
	l := &r.Length
	if l.Decided > 0 {
		low, high := stats.Rate(l.Longer, l.Decided, level)
		x.Figure(run.Figure{Name: "longer answer wins", Value: 100 * float64(l.Longer) / float64(l.Decided), Unit: "%", N: l.Decided, Low: 100 * low, High: 100 * high, Method: "of pairs with a winner",
			Note: fmt.Sprintf("a judge of nothing but lengths would give %s %.1f %%", r.Ours, 100*l.LongestWins)})
	}
	if !math.IsNaN(l.Controlled) {
		x.Figure(run.Figure{Name: r.Ours + " against " + r.Theirs + " at equal lengths", Value: 100 * l.Controlled, Unit: "%", N: r.Total.Judged(), Low: 100 * l.Low, High: 100 * l.High, Method: "logistic in the difference of lengths; bootstrap of prompts"})
	}
}

func (r *Result) settingsTable() run.Table {
	s := &r.Settings
	t := run.Table{Name: "judge", Title: "The judge, as it was really asked", Columns: []string{"setting", "value"}}
	for _, row := range [][2]string{{"kind", s.Kind}, {"model", s.Model}, {"endpoint", s.Endpoint}, {"temperature", s.Temperature}, {"sent", s.Sent}, {"template", s.Template}, {"source", s.Source}} {
		if row[1] != "" {
			t.Rows = append(t.Rows, []any{row[0], row[1]})
		}
	}
	return t
}

func (r *Result) notes() []run.Note {
	var out []run.Note
	add := func(level, text, hint string) {
		out = append(out, run.Note{Level: level, Topic: "judging", Text: text, Hint: hint})
	}
	for _, c := range r.Canaries {
		share := float64(c.Passed) / float64(max(c.N, 1))
		switch {
		case c.N == 0:
			add("warn", fmt.Sprintf("canary %s: the judge could not decide one", c.Name), "")
		case share < 0.8:
			add("warn", fmt.Sprintf("canary %s: a fair answer in %d of %d judgements", c.Name, c.Passed, c.N), "do not conclude anything from this judge before you know why")
		default:
			add("info", fmt.Sprintf("canary %s: a fair answer in %d of %d judgements", c.Name, c.Passed, c.N), "")
		}
	}
	if len(r.Canaries) == 0 {
		add("info", "no canaries: a record cannot be asked", "")
	}
	if same, n := r.undecided(); n >= 10 && 20*same >= 19*n {
		add("warn", fmt.Sprintf("%d of %d pairs with different answers are ties: this judge hardly tells them apart", same, n), "a better judge; nothing can be extracted from ties")
	}
	t := &r.Total
	if n := t.Judged(); n > 0 {
		add("info", fmt.Sprintf("%d pairs find a shift of %.1f points with 80 %% power; a rate near one half is known to ±%.1f points", n, 100*r.Detectable, 100*stats.HalfWidth(n)), "")
		if share := float64(t.Flips) / float64(n); share > 0.25 {
			add("warn", fmt.Sprintf("the two orders disagree on %d of %d pairs", t.Flips, n), "a better judge, or fewer near-equal pairs")
		}
	}
	if t.Errors > 0 {
		add("warn", plural(t.Errors, "pair")+" could not be judged: without a score", "look at them: tag:error")
	}
	return out
}

// undecided are the ties among the judged pairs whose answers are not the same text.
func (r *Result) undecided() (ties, n int) {
	for i := range r.Verdicts {
		if v := &r.Verdicts[i]; v.Outcome != Failed && v.Pair.Ours != v.Pair.Theirs {
			n++
			if v.Outcome == Drawn {
				ties++
			}
		}
	}
	return ties, n
}

// reportCost says what was really paid, and what earlier runs had paid already.
func reportCost(x *experiment.Run, j *Judge, c Cost) {
	if c.Reused > 0 {
		x.Note(run.Note{Level: "info", Topic: "cost", Text: j.Name + ": " + c.spared()})
	}
	if _, ok := j.bench.(*endpoint); !ok {
		return
	}
	note := fmt.Sprintf("%d calls, %d retries, %d tokens in (%d cached), %d out", c.Calls, c.Retries, c.Usage.Input, c.Usage.Cached, c.Usage.Output)
	if !c.Known {
		x.Note(run.Note{Level: "info", Topic: "cost", Text: j.Name + ": " + note + "; what it cost is unknown"})
		return
	}
	if c.Doubt > 0 {
		note += fmt.Sprintf("; up to $%.4f more for calls whose answers never came", c.Doubt)
	}
	if age, _ := j.bench.(*endpoint).price.age(time.Now()); age != "" {
		note += "; " + age
	}
	x.Figure(run.Figure{Name: "paid for judging", Value: c.Paid, Unit: "$", N: c.Calls, Note: note})
	if c.Reused > 0 {
		x.Figure(run.Figure{Name: "saved by earlier judgements", Value: c.Saved, Unit: "$", N: c.Reused})
	}
}

// spared says in words what earlier runs saved this one.
func (c *Cost) spared() string {
	text := fmt.Sprintf("%d judgements of equal inputs were taken from earlier runs", c.Reused)
	if c.Spared.Input+c.Spared.Output == 0 {
		return text
	}
	text += fmt.Sprintf(": %d calls, %d tokens in and %d out", c.Reused, c.Spared.Input, c.Spared.Output)
	if c.Known {
		text += fmt.Sprintf(", $%.4f", c.Saved)
	}
	return text + " not spent again"
}

var sampleOrder = []string{Lost, Failed, Flip, Drawn, Won}

// samples are the pairs, lost ones first.
func (r *Result) samples(m *Match) []run.Sample {
	var out []run.Sample
	for i := range r.Verdicts {
		v := &r.Verdicts[i]
		row := v.Pair.Row
		s := run.Sample{ID: fmt.Sprintf("%s-%d", m.Name, i+1), Category: row.Category, Family: row.Family, Prompt: row.Prompt(), Reference: row.Answer, Tags: []string{v.Outcome}}
		first, second := reasonOf(&v.Said[0]), reasonOf(&v.Said[1])
		if v.Error != "" {
			first += v.Error
		}
		s.Answers = []run.SampleAnswer{{Model: r.Ours, Text: v.Pair.Ours, Verdict: v.Outcome, Reason: "shown first: " + first}, {Model: r.Theirs, Text: v.Pair.Theirs, Reason: "shown first: " + second}}
		out = append(out, s)
	}
	slices.SortStableFunc(out, func(a, b run.Sample) int {
		return cmp.Compare(slices.Index(sampleOrder, a.Tags[0]), slices.Index(sampleOrder, b.Tags[0]))
	})
	return out
}

func reasonOf(d *Decision) string {
	switch d.Winner {
	case "":
		return ""
	case Tie:
		return "tie. " + d.Reason
	}
	return "the answer " + map[string]string{First: "shown first", Second: "shown second"}[d.Winner] + " wins. " + d.Reason
}
