//go:build ignore

// PURPOSE: Get a model from Hugging Face, see that it loads, and let it answer once.
// WHEN TO USE: Before the first run with a real model, on each machine.
// WHEN NOT TO USE: You want other files than a model needs: cogumi download has patterns for that.
// INPUT: none
// OUTPUT: none
// FLAGS: --id (default meta-llama/Llama-3.2-1B-Instruct) of the hub, with @revision if you like; gated models want HF_TOKEN
//   --prompt that it answers
//   --check (default true) load it and answer
// PIPELINE STAGE: 0.5 download
// TIME: 1-10 min for 2.5 GB; nothing is fetched twice
// COST: $0 on your own machine

package main

import (
	"fmt"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/model"
)

func main() {
	x := experiment.Start()
	defer x.Finish()

	id := x.String("id", "meta-llama/Llama-3.2-1B-Instruct", "model of the hub")
	prompt := x.String("prompt", "Say in one sentence what a mycelium is.", "that it answers")
	check := x.Bool("check", true, "load it and answer")

	d := model.MustDownload(id, nil)
	fmt.Printf("%s at %s: %d files, %s, of which %s were fetched now\n%s\n", d.Name, d.Commit, d.Files, experiment.Bytes(d.Bytes), experiment.Bytes(d.Fetched), d.Folder)
	x.Result(d)
	if !check {
		return
	}
	m := model.MustLoad(d.Folder)
	set := &dataset.Set{Name: "prompt", Rows: []dataset.Row{{Instruction: prompt}}}
	fmt.Println(m.MustAnswer(set, model.Sampling{MaxTokens: 80}).List[0].Text)
}
