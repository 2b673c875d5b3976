//go:build ignore

// PURPOSE: Find what a model gets wrong, train on it, validate, and go on from there for as long as it helps: phase 1B in one command.
// WHEN TO USE: You have problems with known answers, or reference answers and a judge, and want the whole phase.
// WHEN NOT TO USE: You want to look at the failures before you train: phase1b_benchmark or phase1b_scaleup, then phase1b_train.
// INPUT: --pool F (default tinyworld/pool) | instruction rows with answers | rows>=50
//   --eval F (default tinyworld/eval) | problems | rows>=20
//   --model M (default tiny) | model
//   --adapter A | adapter | from=phase1a_train.go | optional
// OUTPUT: adapter | adapter
// FLAGS: --judge (default truth) who says what is wrong: truth, or local (a model on this machine compares the answers with the reference answers)
//   --judge-model M the local judge; empty: the model as it began
//   --rounds N (default 1) at most; a round that wins nothing is the last one
//   --limit N rows of the pool to look at; 0: all
//   --eval-limit N problems to judge by; 0: all
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
	judgeModel := x.String("judge-model", "", "the local judge: a model as --model names it; empty: the model as it began")
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

	if n := x.Int("eval-limit", 0, "problems to judge by; 0: all"); n > 0 {
		eval = eval.Shuffle(recipe.Seed).Head(n).Named("eval")
	}
	referee := m
	if judgeModel != "" {
		referee = model.MustLoad(judgeModel)
	}

	first := grade.Check(m.MustAnswer(eval, model.Sampling{}))
	was, folder, done := first, "", 0
	for round := 1; round <= rounds; round++ {
		sheet := grade.Check(m.MustAnswer(pool, model.Sampling{}))
		failures := extract.Failures(sheet)
		if by == "local" {
			failures = lost(referee, m, pool)
		}
		failures = dedup.Near(failures, threshold).Kept.Named(fmt.Sprintf("failures %d", round))
		if failures.Len() == 0 {
			fmt.Printf("round %d: nothing to learn from %d rows\n", round, pool.Len())
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
		won := step.Overall.Diff > 0
		if won || round == 1 { // the first is shown whatever it is worth
			m, was, folder, done = tuned, is, a.Folder, round
		}
		if !won {
			fmt.Println("that wins nothing: it was the last round")
			break
		}
	}
	c := validate.Compare(first, was)
	x.Result(map[string]any{"adapter": folder, "rounds": done, "comparison": c})
	if folder != "" {
		fmt.Println("adapter:", folder)
	}
	for _, f := range c.Regressions {
		fmt.Printf("forgotten: %s, %d to %d of %d (p = %.3f)\n", f.Family, f.Before, f.After, f.N, f.P)
	}
	require.MustHold(c)
}

// lost are the rows whose reference answer the judge finds better than the model's
// in both orders, but for those that the model is known to have right.
func lost(referee, m *model.Model, pool *dataset.Set) *dataset.Set {
	pairs := judge.MustAgainstReference(m.MustAnswer(pool, model.Sampling{}), "reference")
	r := judge.MustCompare(judge.Local(referee), pairs, judge.Options{})
	out := &dataset.Set{Name: "failures"}
	for _, v := range r.Verdicts {
		if v.Outcome == judge.Lost && v.Known != grade.Right {
			row := v.Pair.Row
			row.FailureType, row.CorrectAnswer, row.ModelResponse = "loss", row.Reply(), v.Pair.Ours
			out.Rows = append(out.Rows, row)
		}
	}
	return out
}
