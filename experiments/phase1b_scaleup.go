//go:build ignore

// PURPOSE: Find what the 4-bit base model really gets wrong, train a QLoRA adapter on it, and show what became better and what became worse.
// WHEN TO USE: You have problems with known answers (a pool to learn from, an evaluation set to judge by) and a base model that fails at some of them.
// WHEN NOT TO USE: You have recorded judgements instead of known answers: phase1b_extract turns them into training rows.
// INPUT: --pool F (default tinyworld/pool) | instruction rows with answers | rows>=50
//   --eval F (default tinyworld/eval) | instruction rows with answers | rows>=50
//   --model M (default tiny) | model folder
// OUTPUT: failures.parquet | training rows
//   adapter | adapter
// FLAGS: --threshold Jaccard from which rows count as the same
//   --replay right rows mixed in for each failure, against forgetting
//   --epochs, --lr, --rank, --batch of the training
//   --seed of order and initialisation
//   --fp8 computes the frozen products in 8-bit floats (H100, H200): faster, at a loss up to 2 % higher
// PIPELINE STAGE: 1B.5 scale up
// TIME: 30-100 s (tiny on 2 cores)
// COST: $0 on your own machine; unknown on a rented one until COGUMI_PRICE_PER_HOUR is set

package main

import (
	"fmt"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/dedup"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/extract"
	"cogumi/stdlib/grade"
	"cogumi/stdlib/model"
	"cogumi/stdlib/train"
	"cogumi/stdlib/validate"
)

func main() {
	x := experiment.Start()
	defer x.Finish()

	threshold := x.Float("threshold", 0.8, "Jaccard (character 3-grams) from which rows count as the same")
	replay := x.Float("replay", 0.33, "right rows mixed in for each failure, against forgetting")
	seed := x.Int("seed", 1, "of order and initialisation")
	recipe := train.Config{
		Rank:   x.Int("rank", 16, "rank of the adapter"),
		LR:     x.Float("lr", 1e-3, "peak learning rate"),
		Epochs: x.Int("epochs", 3, "passes over the training rows"),
		Batch:  x.Int("batch", 16, "rows per optimiser step"),
		FP8:    x.Bool("fp8", false, "compute the frozen products in 8-bit floats (H100, H200)"),
		Seed:   seed,
	}
	base := model.MustLoad(x.String("model", "tiny", "model folder, or tiny"))
	pool := dataset.MustRead(x.String("pool", "tinyworld/pool", "problems to learn from")).Named("pool")
	eval := dataset.MustRead(x.String("eval", "tinyworld/eval", "problems to judge by")).Named("eval")

	recipe.Benchmarks = []*dataset.Set{eval}

	// Rows that the evaluation set holds as well teach nothing but its answers.
	clean := dedup.Against(pool, eval, threshold).Kept.Named("pool")

	// What does the base really get wrong?
	sheet := grade.Check(base.MustAnswer(clean, model.Sampling{}))
	failures := dedup.Near(extract.Failures(sheet), threshold).Kept.Named("failures")
	failures.MustWrite(x.Dir() + "/artefacts/failures.parquet")

	// Learn it, with some right rows so that the rest is not forgotten.
	kept := extract.Replay(sheet, int(replay*float64(failures.Len())), seed)
	rows := failures.Concat(kept).Named("failures and replay")
	tuned := base.MustWithAdapter(train.MustQLoRA(base, rows, recipe))

	// Same problems, both models, paired.
	before := grade.Check(base.MustAnswer(eval, model.Sampling{}))
	after := grade.Check(tuned.MustAnswer(eval, model.Sampling{}))
	c := validate.Compare(before, after)
	x.Result(c)

	fmt.Printf("base   %5.1f %%  (%.1f to %.1f, n = %d)\n", 100*c.Base.Accuracy, 100*c.Base.Low, 100*c.Base.High, c.Base.N)
	fmt.Printf("tuned  %5.1f %%  (%.1f to %.1f, n = %d)\n", 100*c.Tuned.Accuracy, 100*c.Tuned.Low, 100*c.Tuned.High, c.Tuned.N)
	for _, f := range c.Regressions {
		fmt.Printf("worse  %s: %d to %d of %d (p = %.3f)\n", f.Family, f.Before, f.After, f.N, f.P)
	}
}
