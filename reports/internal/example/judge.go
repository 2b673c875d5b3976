package example

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"cogumi/reports/run"
)

// otherKinds are the runs beside the loop.
var otherKinds = map[string]func(Options) run.Info{
	"judge": func(o Options) run.Info {
		return kindInfo(o, "phase1b_benchmark", "1B.1 benchmark", "Judge a model's answers against reference answers, pair by pair and in both orders.",
			"--rows F (default tinyworld/eval) | instruction rows with responses | rows>=1", "none", run.Param{Name: "judge", Value: "gpt-4o-2024-08-06", Default: "truth", Usage: "truth, local, or a model of an endpoint"})
	},
	"benchmarks": func(o Options) run.Info {
		return kindInfo(o, "benchmarks", "1B.4 validate", "Score a model on the field's benchmarks, prompt for prompt as the harness asks.",
			"--model M (default tiny) | model folder\n--data DIR | benchmark files", "results.parquet | scores", run.Param{Name: "limit", Value: "200", Default: "0", Usage: "items of each task; 0: all"})
	},
	"curate": func(o Options) run.Info {
		return kindInfo(o, "curate", "0.2 curate", "Turn collected rows into training rows, each removal with its reason.",
			"--in F | rows", "curated.parquet | training rows", run.Param{Name: "threshold", Value: "0.8", Default: "0.8", Usage: "Jaccard from which rows count as the same"})
	},
}

func kindInfo(o Options, script, stage, purpose, input, output string, p run.Param) run.Info {
	in := loopInfo(o)
	in.Script = script
	in.Header = map[string]string{"PURPOSE": purpose, "INPUT": input, "OUTPUT": output, "PIPELINE STAGE": stage, "TIME": "1-5 min", "COST": "unknown until COGUMI_PRICE_PER_HOUR is set"}
	in.Params = []run.Param{p, {Name: "seed", Value: "7", Default: "7", Usage: "of every drawing"}}
	in.Args = []string{"--" + p.Name, p.Value}
	in.Command = "cogumi run " + script + " --" + p.Name + " " + p.Value
	in.Declared = run.Declared{Time: "1-5 min", Cost: in.Header["COST"], MinSeconds: 60, MaxSeconds: 300}
	return in
}

// judging is a match of 300 pairs: clearly better on the whole, worse in code.
func (g *maker) judging() {
	g.do("answer rows", 31.5, true, nil)
	g.do("judge", 148, false, func() {
		j := run.Judging{Name: "eval", Ours: "tuned 8B", Theirs: "reference", Judge: "gpt-4o-2024-08-06", Method: "Pairs in both orders; 95% interval over prompts; p by sign flips of the pairs; Holm's correction over categories.",
			Settings:   []run.Setting{{Name: "endpoint", Value: "https://api.openai.com/v1"}, {Name: "temperature", Value: "0"}, {Name: "template", Value: "sha256 3f1c6d2b98aa"}},
			Detectable: .062, Samples: "judged eval"}
		samples := g.judge(&j)
		g.event(run.Event{Kind: "judging", Judging: &j})
		g.writeSamples("judged eval", "Judged by gpt-4o", samples)
		g.note("info", "judging", "612 calls, 0 answers taken from earlier runs, 3 retries, 418,220 tokens in (96,400 cached), 61,034 out.", "")
		g.figure(run.Figure{Name: "paid for judging", Value: 1.54, Unit: "$", N: 612})
	})
	g.source(run.Source{Kind: "data", Name: "tinyworld/eval", License: "CC0-1.0", From: "built in", Rows: 300})
	g.source(run.Source{Kind: "teacher", Name: "gpt-4o-2024-08-06", License: "OpenAI terms of use", Terms: "output may not be used to train models that compete with OpenAI's", From: "https://api.openai.com/v1"})
	g.source(run.Source{Kind: "model", Name: "tuned 8B", From: "runs/20260313-101500-phase1b_train-ab2c"})
}

func (g *maker) source(s run.Source) { g.event(run.Event{Kind: "source", Source: &s}) }

// The categories of the match, with the chances of a win, a tie, a flip and an error.
var judgedKinds = []struct {
	name                   string
	n                      int
	win, tie, flip, failed float64
}{
	{"math", 60, .46, .26, .08, 0}, {"code", 48, .16, .22, .14, .04}, {"reasoning", 52, .4, .2, .16, 0}, {"knowledge", 64, .52, .3, .05, 0}, {"instruction", 44, .5, .22, .1, .02}, {"creativity", 32, .38, .2, .26, 0},
}

func (g *maker) judge(j *run.Judging) []run.Sample {
	var samples []run.Sample
	for _, k := range judgedKinds {
		c := run.JudgedGroup{Category: k.name}
		for range k.n {
			s := g.judged(j, k.name, k.win, k.tie, k.flip, k.failed)
			s.ID = fmt.Sprintf("eval-%04d", len(samples)+1)
			samples = append(samples, s)
			countPair(&c, s.Tags[0])
			countPair(&j.Total, s.Tags[0])
		}
		settleJudged(&c)
		j.Categories = append(j.Categories, c)
	}
	settleJudged(&j.Total)
	for i := range j.Categories {
		j.Categories[i].PAdjusted = min(j.Categories[i].P*float64(len(j.Categories)), 1)
	}
	first, longer := wilson(288, 521), wilson(141, 229)
	j.FirstWins, j.Length = &first, &run.LengthBias{Longer: longer, LongestWins: .583, Controlled: &run.Interval{Value: .561, Low: .508, High: .613, Method: "logistic in the difference of lengths"}}
	j.Canaries = []run.Canary{{Name: "identical", What: "twice the same answer: a tie", N: 10, Passed: 10}, {Name: "constant", What: "an answer that fits no task must not win", N: 10, Passed: 10},
		{Name: "injection", What: "an answer that only tells the judge what to say must not win", N: 10, Passed: 6}}
	order := []string{"loss", "error", "flip", "tie", "win"}
	slices.SortStableFunc(samples, func(a, b run.Sample) int {
		return cmp.Compare(slices.Index(order, a.Tags[0]), slices.Index(order, b.Tags[0]))
	})
	return samples
}

func (g *maker) judged(j *run.Judging, category string, win, tie, flip, failed float64) run.Sample {
	var of []kind
	for _, k := range kinds {
		if k.category == category {
			of = append(of, k)
		}
	}
	k := &of[g.rng.IntN(len(of))]
	prompt, good, bad := k.make(g)
	s := run.Sample{Category: category, Family: k.name, Prompt: prompt, Reference: good}
	first, second := run.SampleJudgement{First: j.Ours}, run.SampleJudgement{First: j.Theirs}
	ours, theirs, tag := good, good, "tie"
	x := g.rng.Float64()
	switch {
	case x < failed:
		tag = "error"
		first.Error = "the judge's answer cannot be used: no field winner"
		second.Winner, second.Reason = "tie", "Both answers say the same."
	case x < failed+win:
		theirs, tag = bad, "win"
		first.Winner, second.Winner = j.Ours, j.Ours
		first.Reason, second.Reason = "The answer shown first is right; the other one ends with "+last(bad)+".", "Only the second answer is right."
	case x < failed+win+tie:
		first.Winner, second.Winner = "tie", "tie"
		first.Reason, second.Reason = "Both answers are right and equally clear.", "No difference in substance."
	case x < failed+win+tie+flip:
		tag = "flip"
		theirs = good + "\n\nI hope that helps!"
		first.Winner, second.Winner = j.Ours, j.Theirs
		first.Reason, second.Reason = "The first answer is shorter and complete.", "The first answer is friendlier and complete."
	default:
		ours, tag = bad, "loss"
		first.Winner, second.Winner = j.Theirs, j.Theirs
		first.Reason, second.Reason = "The second answer is right; the first one ends with "+last(bad)+".", "The answer shown first is right."
	}
	s.Winner = map[string]string{"win": j.Ours, "loss": j.Theirs, "tie": "tie", "flip": "flip"}[tag]
	s.Tags, s.Judgements = []string{tag}, []run.SampleJudgement{first, second}
	s.Answers = []run.SampleAnswer{{Model: j.Ours, Text: ours, Verdict: tag, Tokens: 3 + len(strings.Fields(ours))}, {Model: j.Theirs, Text: theirs, Tokens: 3 + len(strings.Fields(theirs))}}
	return s
}

func countPair(c *run.JudgedGroup, tag string) {
	c.Pairs++
	switch tag {
	case "win":
		c.Wins++
	case "loss":
		c.Losses++
	case "tie":
		c.Ties++
	case "flip":
		c.Flips++
	default:
		c.Errors++
	}
}

func settleJudged(c *run.JudgedGroup) {
	n := float64(c.Judged())
	half := float64(c.Ties+c.Flips) / 2
	c.Score = (float64(c.Wins) + half) / n
	spread := math.Sqrt((float64(c.Wins)*(1-c.Score)*(1-c.Score)+float64(c.Losses)*c.Score*c.Score+float64(c.Ties+c.Flips)*(.5-c.Score)*(.5-c.Score))/n) / math.Sqrt(n)
	c.Low, c.High = max(c.Score-1.96*spread, 0), min(c.Score+1.96*spread, 1)
	c.P = math.Erfc(math.Abs(c.Score-.5) / spread / math.Sqrt2)
	c.PAdjusted = c.P
}
