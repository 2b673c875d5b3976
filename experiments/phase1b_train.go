//go:build ignore

// PURPOSE: Train an adapter on what a model got wrong, on top of the one that it has or anew.
// WHEN TO USE: Failures have been extracted, from judgements or from graded answers.
// WHEN NOT TO USE: You want mining, training and validation in one go: phase1b_loop.
// INPUT: --rows F | training rows | from=phase1b_extract.go,phase1b_scaleup.go | rows>=1
//   --replay F | instruction rows | optional
//   --model M (default tiny) | model
//   --adapter A | adapter | from=phase1a_train.go | optional
// OUTPUT: adapter | adapter
// FLAGS: --on (default continue) what happens to the adapter: continue trains it further, merge puts it into the weights first
//   --share right rows of --replay for each failure
//   --epochs, --lr, --rank, --batch of the training
//   --seed of order and initialisation
//   --fp8 computes the frozen products in 8-bit floats (H100, H200): faster, at a loss up to 2 % higher
// PIPELINE STAGE: 1B.3 targeted training
// TIME: 30-60 s for 900 rows, tiny on 2 cores
// COST: $0 on your own machine

package main

import (
	"fmt"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/model"
	"cogumi/stdlib/train"
)

func main() {
	x := experiment.Start()
	defer x.Finish()

	seed := x.Int("seed", 1, "of order and initialisation")
	base := model.MustLoad(x.String("model", "tiny", "model folder, GGUF file, name of a downloaded model, or tiny"))
	rows := dataset.MustRead(x.String("rows", "", "what the model got wrong")).Named("failures")
	replay := x.String("replay", "", "rows that it got right, against forgetting")
	share := x.Float("share", 0.33, "right rows of --replay for each failure")
	before := x.String("adapter", "", "adapter of an earlier phase")
	on := x.String("on", "continue", "continue trains it further, merge puts it into the weights first")
	recipe := train.Config{
		Rank:   x.Int("rank", 0, "rank of a new adapter; 0: 16, or that of the one that is continued"),
		LR:     x.Float("lr", 1e-3, "peak learning rate"),
		Epochs: x.Int("epochs", 3, "passes over the rows"),
		Batch:  x.Int("batch", 16, "rows per optimiser step"),
		FP8:    x.Bool("fp8", false, "compute the frozen products in 8-bit floats (H100, H200)"),
		Seed:   seed,
	}
	if on != "continue" && on != "merge" {
		experiment.Stop(experiment.WithCode(fmt.Errorf("--on %s: known are continue and merge", on), 2))
	}
	if before != "" {
		a, err := model.FindAdapter(before)
		if err != nil {
			experiment.Stop(experiment.WithCode(err, 3))
		}
		base = base.MustWithAdapter(a)
		if on == "merge" {
			base = base.MustMerge("bf16", "")
		} else {
			recipe.OnAdapter = "continue"
		}
	}
	failures := rows.Len()
	if replay != "" {
		right := dataset.MustRead(replay).Shuffle(seed).Head(int(share * float64(failures)))
		rows = rows.Concat(right).Named("failures and replay")
	}
	adapter := train.MustQLoRA(base, rows, recipe)
	fmt.Println("adapter:", adapter.Folder)
	x.Result(map[string]any{"adapter": adapter.Folder, "model": base.Name, "failures": failures, "rows": rows.Len()})
}
