//go:build ignore

// PURPOSE: Show what an adapter made better and what it made worse, on the same problems, and decide whether it is good enough.
// WHEN TO USE: After training, before the adapter is merged, served or trained further.
// WHEN NOT TO USE: There is no adapter yet: phase1b_benchmark judges a model's answers beside a teacher's.
// INPUT: --adapter A | adapter | from=phase1b_train.go,phase1a_train.go,phase1b_scaleup.go,phase1b_loop.go
//   --eval F (default tinyworld/eval) | instruction rows | rows>=10
//   --records DIR | judged records | from=phase1b_benchmark.go | optional
//   --model M (default tiny) | model
//   --before A | adapter | from=phase1a_train.go | optional
// OUTPUT: runs/<id>/run.json | result (paired comparison)
// FLAGS: --require conditions between commas that decide the exit code: points>=3,math.wins>=+5,count.losses<=2
//   --judge J (default truth) truth; or local, or the name of an endpoint's model: both models' answers are judged beside the rows' responses, and what phase1b_benchmark had judged is not judged again
//   --judge-model M the local judge; empty: the model without an adapter
//   --reasoning N tokens that a local judge may write about a pair before it decides; 0: none
//   --url U an OpenAI-compatible endpoint; empty: OpenAI's own
//   --key-env V (default OPENAI_API_KEY) environment variable that holds the key
//   --format F (default json_schema) json_object or text for servers that know no schemas
//   --prices F your own table of prices
//   --dollars D hard limit of what judging may cost; 0: none
//   --limit N problems to look at; 0: all, and with a judge 60 as in phase1b_benchmark
//   --seed N (default 1) of their choice; with the same --limit and --seed as phase1b_benchmark they are the same problems
//   --any-base use adapters also on other files than they were trained on
// PIPELINE STAGE: 1B.4 validation
// TIME: 10-30 s for tiny on 2 cores; answers and judgements that an earlier run has are not computed again
// COST: $0 on your own machine; an endpoint's estimate is shown before it begins, and what earlier runs saved behind it

package main

import (
	"fmt"

	"cogumi/reports/run"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/extract"
	"cogumi/stdlib/grade"
	"cogumi/stdlib/judge"
	"cogumi/stdlib/model"
	"cogumi/stdlib/validate"
)

func main() {
	x := experiment.Start()
	defer x.Finish()

	require := validate.MustConditions(x.String("require", "", "conditions that decide the exit code: points>=3,math.wins>=+5"))
	anyBase := x.Bool("any-base", false, "use adapters also on other files than they were trained on")
	base := model.MustLoad(x.String("model", "tiny", "model folder, GGUF file, name of a downloaded model, or tiny"))
	eval := dataset.MustRead(x.String("eval", "tinyworld/eval", "problems to judge by")).Named("rows")
	records := x.String("records", "", "records of a judged benchmark instead of --eval: its problems, the teacher's answers, and what the model answered then")
	by := x.String("judge", "truth", "truth, local (a model on this machine), or the name of an endpoint's model")
	judgeModel := x.String("judge-model", "", "the local judge; empty: the model without an adapter")
	reasoning := x.Int("reasoning", 0, "tokens that a local judge may write about a pair before it decides; 0: none")
	c := judge.EndpointConfig{
		Model:     by,
		URL:       x.String("url", "", "OpenAI-compatible endpoint; empty: OpenAI's own"),
		KeyEnv:    x.String("key-env", "OPENAI_API_KEY", "environment variable that holds the key"),
		Format:    x.String("format", "json_schema", "json_schema, json_object or text"),
		PriceFile: x.String("prices", "", "your own table of prices"),
	}
	o := judge.Options{
		MaxDollars: x.Float("dollars", 0, "hard limit of what judging may cost; 0: none"),
		Seed:       x.Int("seed", 1, "of the choice of problems"),
	}
	limit := x.Int("limit", 0, "problems to look at; 0: all, and with a judge 60 as in phase1b_benchmark")
	if limit == 0 && by != "truth" && records == "" {
		limit = 60
	}
	if limit > 0 && limit < eval.Len() {
		eval = eval.Shuffle(o.Seed).Head(limit)
	}
	referee := base
	tuned := with(base, x.String("adapter", "", "adapter to validate"), anyBase)
	before := x.String("before", "", "adapter to compare with, instead of the base alone")
	if before != "" {
		base = with(base, before, anyBase)
	}

	var was, theirs *dataset.Answers
	if records != "" {
		m := extract.MustRecorded(records).Head(limit, o.Seed)
		eval, was, theirs = m.Rows, m.Local, m.Theirs
		if err := m.Gradable(); err != nil && by == "truth" {
			experiment.Stop(err)
		}
	}
	if was == nil || before != "" {
		was = base.MustAnswer(eval, model.Sampling{})
	}
	is := tuned.MustAnswer(eval, model.Sampling{})
	if was.Model == is.Model { // two adapters
		was.Model, is.Model = "before", "after"
	}
	judged := []*judge.Result{}
	var r *run.Comparison
	if by == "truth" {
		r = validate.Compare(grade.Check(was), grade.Check(is))
	} else {
		j := named(by, c, referee, judgeModel, reasoning)
		a := judge.MustCompare(j, beside(was, theirs), o)
		b := judge.MustCompare(j, beside(is, theirs), o)
		r, judged = validate.Judged(a, b), append(judged, a, b)
	}
	spared := validate.Spared([]*dataset.Answers{was, is}, judged)
	x.Result(map[string]any{"comparison": r, "spared": spared})

	fmt.Printf("before %5.1f %%, after %5.1f %% of %d: %+.1f points (%.1f to %.1f), %d gained, %d lost\n", 100*r.Base.Accuracy, 100*r.Tuned.Accuracy, r.Overall.N,
		100*r.Overall.Diff, 100*r.Overall.Low, 100*r.Overall.High, r.Overall.Gained, r.Overall.Lost)
	for _, f := range r.Regressions {
		fmt.Printf("forgotten: %s, %d to %d of %d (p = %.3f)\n", f.Family, f.Before, f.After, f.N, f.P)
	}
	fmt.Println(spared)
	require.MustHold(r)
}

// named is the judge that --judge names.
func named(by string, c judge.EndpointConfig, referee *model.Model, other string, reasoning int) *judge.Judge {
	if by != "local" {
		return judge.MustEndpoint(c)
	}
	if other != "" {
		referee = model.MustLoad(other)
	}
	return judge.LocalWith(referee, judge.LocalConfig{Reasoning: reasoning})
}

// beside puts answers beside recorded ones, or beside the rows' own responses.
func beside(ours, theirs *dataset.Answers) *judge.Match {
	if theirs == nil {
		return judge.MustAgainstReference(ours, "reference")
	}
	return judge.MustPairs(ours, theirs)
}

// with is a model with an adapter.
func with(m *model.Model, adapter string, anyBase bool) *model.Model {
	a, err := model.FindAdapter(adapter)
	if err != nil {
		experiment.Stop(experiment.WithCode(err, 3))
	}
	a.AnyBase = anyBase
	return m.MustWithAdapter(a)
}
