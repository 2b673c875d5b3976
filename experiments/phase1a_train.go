//go:build ignore

// PURPOSE: Train the first adapter of a model on curated rows.
// WHEN TO USE: You have clean training rows and a base model that has not seen them.
// WHEN NOT TO USE: The model has an adapter already and fails at certain things: phase1b_train goes on from it.
// INPUT: --rows F (default tinyworld/pool) | instruction rows | from=phase0_curate.go | builtin | rows>=50
//   --model M (default tiny) | model
// OUTPUT: adapter | adapter
// FLAGS: --epochs, --lr, --rank, --batch of the training
//   --dropout of the adapter's input
//   --seed of order and initialisation
//   --fp8 computes the frozen products in 8-bit floats (H100, H200): faster, at a loss up to 2 % higher
// PIPELINE STAGE: 1A.1 train
// TIME: 2-4 min for tiny on 2 cores
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

	base := model.MustLoad(x.String("model", "tiny", "model folder, GGUF file, name of a downloaded model, or tiny"))
	rows := dataset.MustRead(x.String("rows", "tinyworld/pool", "training rows")).Named("rows")
	adapter := train.MustQLoRA(base, rows, train.Config{
		Rank:    x.Int("rank", 16, "rank of the adapter"),
		LR:      x.Float("lr", 1e-3, "peak learning rate"),
		Epochs:  x.Int("epochs", 3, "passes over the rows"),
		Batch:   x.Int("batch", 16, "rows per optimiser step"),
		FP8:     x.Bool("fp8", false, "compute the frozen products in 8-bit floats (H100, H200)"),
		Dropout: x.Float("dropout", 0, "share of the adapter's input that is left out at random"),
		Seed:    x.Int("seed", 1, "of order and initialisation"),
	})
	fmt.Println("adapter:", adapter.Folder)
	x.Result(map[string]any{"adapter": adapter.Folder, "model": base.Name, "rows": rows.Len()})
}
