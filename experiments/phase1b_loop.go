//go:build ignore

// PURPOSE: Find what a model gets wrong, train on it, validate, and go on from there for as long as it helps: phase 1B in one command.
// WHEN TO USE: You have problems with known answers, or reference answers and a judge, and want the whole phase.
// WHEN NOT TO USE: You want to look at the failures before you train: phase1b_benchmark or phase1b_scaleup, then phase1b_train.
// INPUT: --pool F (default tinyworld/pool) | instruction rows with answers | rows>=50
//   --eval F (default tinyworld/eval) | problems | rows>=20
//   --model M (default tiny) | model
//   --adapter A | adapter | from=phase1a_train.go | optional
// OUTPUT: adapter | adapter
// FLAGS: --judge (default truth) who says what is wrong: truth, or local (the model compares its answers with the reference answers)
//   --rounds N (default 1) at most; a round that wins nothing is the last one
//   --limit N rows of the pool to look at; 0: all
//   --threshold Jaccard from which rows count as the same
//   --replay right rows mixed in for each failure, against forgetting
//   --require conditions that decide the exit code: points>=3,math.wins>=+5
//   --epochs, --lr, --rank of the training
//   --seed of order and initialisation
// PIPELINE STAGE: 1B.4 loop
// TIME: 40-100 s a round (tiny on 2 cores)
// COST: $0 on your own machine

package main

import (
	"fmt"

	"cogumi/reports/run"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/dedup"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/extract"
	"cogumi/stdlib/grade"
	"cogumi/stdlib/judge"
	"cogumi/stdlib/model"
	"cogumi/stdlib/train"
	"cogumi/stdlib/validate"
)

func main() {
	x := experiment.Start()
	defer x.Finish()

	require := validate.MustConditions(x.String("require", "", "conditions that decide the exit code: points>=3,math.wins>=+5"))
	by := x.String("judge", "truth", "who says what is wrong: truth or local")
	rounds := x.Int("rounds", 1, "at most; a round that wins nothing is the last one")
	threshold := x.Float("threshold", 0.8, "Jaccard (character 3-grams) from which rows count as the same")
	replay := x.Float("replay", 0.33, "right rows mixed in for each failure, against forgetting")
	recipe := train.Config{
		Rank:   x.Int("rank", 0, "rank of a new adapter; 0: 16"),
		LR:     x.Float("lr", 1e-3, "peak learning rate"),
		Epochs: x.Int("epochs", 3, "passes over the training rows"),
		Seed:   x.Int("seed", 1, "of order and initialisation"),
	}
	if by != "truth" && by != "local" {
		experiment.Stop(experiment.WithCode(fmt.Errorf("--judge %s: known are truth and local", by), 2))
	}
	m := model.MustLoad(x.String("model", "tiny", "model folder, GGUF file, name of a downloaded model, or tiny"))
	pool := dataset.MustRead(x.String("pool", "tinyworld/pool", "rows to learn from")).Named("pool")
	eval := dataset.MustRead(x.String("eval", "tinyworld/eval", "problems to judge by")).Named("eval")
	recipe.Benchmarks = []*dataset.Set{eval}
	if adapter := x.String("adapter", "", "adapter of an earlier phase"); adapter != "" {
		a, err := model.FindAdapter(adapter)
		if err != nil {
			experiment.Stop(experiment.WithCode(err, 3))
		}
		m = m.MustWithAdapter(a)
	}
	pool = dedup.Against(pool, eval, threshold).Kept.Named("pool")
	if n := x.Int("limit", 0, "rows of the pool to look at; 0: all"); n > 0 {
		pool = pool.Shuffle(recipe.Seed).Head(n).Named("pool")
	}

	first := grade.Check(m.MustAnswer(eval, model.Sampling{}))
	was, folder := first, ""
	var c *run.Comparison
	for round := 1; round <= rounds; round++ {
		sheet := grade.Check(m.MustAnswer(pool, model.Sampling{}))
		failures := extract.Failures(sheet)
		if by == "local" {
			failures = lost(m, pool)
		}
		failures = dedup.Near(failures, threshold).Kept.Named(fmt.Sprintf("failures %d", round))
		if failures.Len() == 0 {
			fmt.Printf("round %d: nothing is wrong any more\n", round)
			break
		}
		right := extract.Replay(sheet, int(replay*float64(failures.Len())), recipe.Seed+round)
		if m.Adapter != nil {
			recipe.OnAdapter, recipe.Rank = "continue", 0
		}
		a := train.MustQLoRA(m, failures.Concat(right).Named(fmt.Sprintf("round %d", round)), recipe)
		tuned := m.MustWithAdapter(a)
		is := grade.Check(tuned.MustAnswer(eval, model.Sampling{}))
		step, err := validate.Compute(was, is)
		if err != nil {
			experiment.Stop(err)
		}
		fmt.Printf("round %d: %d failures, %.1f %% to %.1f %%, %d gained, %d lost\n", round, failures.Len(), 100*step.Base.Accuracy, 100*step.Tuned.Accuracy, step.Overall.Gained, step.Overall.Lost)
		if step.Overall.Diff <= 0 && round > 1 {
			fmt.Println("that wins nothing: the adapter of the round before stays")
			break
		}
		m, was, folder = tuned, is, a.Folder
	}
	if folder == "" {
		x.Result(map[string]any{"adapter": nil, "rounds": 0})
		return
	}
	c = validate.Compare(first, was)
	x.Result(map[string]any{"adapter": folder, "comparison": c})
	fmt.Println("adapter:", folder)
	for _, f := range c.Regressions {
		fmt.Printf("forgotten: %s, %d to %d of %d (p = %.3f)\n", f.Family, f.Before, f.After, f.N, f.P)
	}
	require.MustHold(c)
}

// lost are the rows whose reference answer the model itself finds better than its
// own, in both orders.
func lost(m *model.Model, pool *dataset.Set) *dataset.Set {
	pairs := judge.MustAgainstReference(m.MustAnswer(pool, model.Sampling{}), "reference")
	r := judge.MustCompare(judge.Local(m), pairs, judge.Options{MaxErrors: 1})
	out := &dataset.Set{Name: "failures"}
	for _, v := range r.Verdicts {
		if v.Outcome == judge.Lost {
			row := v.Pair.Row
			row.FailureType, row.CorrectAnswer, row.ModelResponse = "loss", row.Reply(), v.Pair.Ours
			out.Rows = append(out.Rows, row)
		}
	}
	return out
}
