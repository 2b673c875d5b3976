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

const method = "pairs in both orders; 95 % interval over prompts; p by sign flips of the pairs, over categories with Holm's correction"

func (r *Result) report(x *experiment.Run, m *Match) {
	set := "judged " + m.Ours + " on " + m.Name
	x.Judging(r.judging(m, set))
	if r.Known != nil {
		r.Known.report(x)
	}
	for _, n := range r.notes() {
		x.Note(n)
	}
	x.Samples(set, m.Ours+", judged by "+r.Judge.Name, r.samples(m))
}

// judging is the match as reports show it.
func (r *Result) judging(m *Match, samples string) run.Judging {
	j := run.Judging{Name: fmt.Sprintf("%s against %s on %s, judged by %s", r.Ours, r.Theirs, m.Name, r.Judge.Name), Ours: r.Ours, Theirs: r.Theirs, Judge: r.Judge.Name,
		Settings: r.Settings.lines(), Total: r.Total.group(), Method: method, Detectable: r.Detectable, Samples: samples}
	for i := range r.Categories {
		j.Categories = append(j.Categories, r.Categories[i].group())
	}
	if r.Decided > 0 {
		first := rate(r.FirstWins, r.Decided)
		j.FirstWins = &first
	}
	j.Length = lengths(&r.Length)
	for _, c := range r.Canaries {
		j.Canaries = append(j.Canaries, run.Canary{Name: c.Name, What: canaryMeaning[c.Name], N: c.N, Passed: c.Passed, Errors: c.Errors})
	}
	return j
}

// lengths is what the lengths of answers have to do with who wins; nil where nobody
// does.
func lengths(l *stats.LengthBias) *run.LengthBias {
	if l.Decided == 0 {
		return nil
	}
	out := &run.LengthBias{Longer: rate(l.Longer, l.Decided), LongestWins: l.LongestWins}
	if !math.IsNaN(l.Controlled) {
		out.Controlled = &run.Interval{Value: l.Controlled, Low: l.Low, High: l.High, Method: "logistic in the difference of lengths; bootstrap of prompts"}
	}
	return out
}

func (c *Count) group() run.JudgedGroup {
	return run.JudgedGroup{Category: c.Category, Pairs: c.Pairs, Wins: c.Wins, Losses: c.Losses, Ties: c.Ties, Flips: c.Flips, Errors: c.Errors,
		Score: c.Score, Low: c.Low, High: c.High, P: c.P, PAdjusted: c.Adjusted}
}

func rate(k, n int) run.Rate {
	low, high := stats.Rate(k, n, level)
	return run.Rate{N: n, Correct: k, Accuracy: float64(k) / float64(n), Low: low, High: high, Method: stats.RateMethod}
}

// lines are the settings that are known.
func (s *Settings) lines() (out []run.Setting) {
	for _, l := range []run.Setting{{Name: "kind", Value: s.Kind}, {Name: "model", Value: s.Model}, {Name: "endpoint", Value: s.Endpoint}, {Name: "temperature", Value: s.Temperature},
		{Name: "sent", Value: s.Sent}, {Name: "template", Value: s.Template}, {Name: "source", Value: s.Source}} {
		if l.Value != "" {
			out = append(out, l)
		}
	}
	return out
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
		s.Winner = map[string]string{Won: r.Ours, Lost: r.Theirs, Drawn: "tie", Flip: "flip"}[v.Outcome]
		s.Answers = []run.SampleAnswer{{Model: r.Ours, Text: v.Pair.Ours, Verdict: v.Outcome}, {Model: r.Theirs, Text: v.Pair.Theirs}}
		s.Judgements = []run.SampleJudgement{v.judgement(0, r.Ours, r.Theirs), v.judgement(1, r.Theirs, r.Ours)}
		out = append(out, s)
	}
	slices.SortStableFunc(out, func(a, b run.Sample) int {
		return cmp.Compare(slices.Index(sampleOrder, a.Tags[0]), slices.Index(sampleOrder, b.Tags[0]))
	})
	return out
}

// judgement is what was said in one order.
func (v *Verdict) judgement(order int, first, second string) run.SampleJudgement {
	d := &v.Said[order]
	out := run.SampleJudgement{First: first, Reason: d.Reason, Winner: map[string]string{First: first, Second: second, Tie: "tie"}[d.Winner]}
	if d.Winner == "" {
		out.Error = cmp.Or(v.Error, "it could not be judged")
	}
	return out
}
