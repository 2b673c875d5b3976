//go:build ignore

// PURPOSE: Measure a model on MMLU, GSM8K, HumanEval, MBPP and BBH exactly as lm-evaluation-harness 0.4.13 defines them.
// WHEN TO USE: You want scores that can be compared with others', before and after a training, with standard errors and intervals.
// WHEN NOT TO USE: You only want to know that a model is not broken: quick_check needs no data and ends within five minutes.
// INPUT: --model M (default tiny) | model folder
//   --data DIR (default data) | folder with mmlu/, gsm8k/, humaneval/, mbpp/ and bbh/ as published, plain, .gz or .zst
// OUTPUT: bench-mmlu.parquet | rows
// FLAGS: --tasks separated by commas: mmlu, gsm8k, humaneval, humaneval_instruct, mbpp, mbpp_instruct, bbh
//   --limit items of each task, from the first on; of MMLU and BBH of each subject
//   --shots examples before each question; without it the task's own number
//   --chat with the model's chat template
//   --one-turn with --chat: the examples in one turn, not each in its own
//   --adapter a LoRA adapter on the model
//   --nf4 with the model's projections in 4 bits, as training uses them
// PIPELINE STAGE: 1A check
// TIME: on 2 cores 0.3-3 s an item (135 M parameters)
// COST: $0 on your own machine; unknown on a rented one until COGUMI_PRICE_PER_HOUR is set

package main

import (
	"fmt"
	"strings"

	"cogumi/stdlib/bench"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/model"
)

func main() {
	x := experiment.Start()
	defer x.Finish()

	name := x.String("model", "tiny", "model folder, GGUF file, name of a downloaded model, or tiny")
	adapter := x.String("adapter", "", "folder of a LoRA adapter, or none")
	nf4 := x.Bool("nf4", false, "quantise the projections to 4 bits")
	names := x.String("tasks", "mmlu,gsm8k,humaneval", "benchmarks, separated by commas")
	config := bench.Config{
		Data:    x.String("data", "data", "folder with the benchmarks' files"),
		Limit:   x.Int("limit", 0, "items of each task; 0: all"),
		Shots:   x.Int("shots", 0, "examples before each question; 0: the task's own number, -1: none"),
		Chat:    x.Bool("chat", false, "use the model's chat template"),
		OneTurn: x.Bool("one-turn", false, "with --chat: the examples in one turn"),
		Tasks:   strings.Split(names, ","),
	}

	var m *model.Model
	if nf4 {
		m = model.MustLoad(name)
	} else {
		m = model.MustLoadOriginal(name)
	}
	if adapter != "" {
		a, err := model.FindAdapter(adapter)
		if err != nil {
			experiment.Stop(err)
		}
		m = m.MustWithAdapter(a)
	}

	results := bench.MustRun(m, config)
	x.Result(results)
	for _, s := range results.Scores {
		if s.Group == "" {
			fmt.Printf("%-22s %-44s %-11s %5.1f %%  (%.1f to %.1f, stderr %.2f, n = %d of %d)\n", s.Title, s.Variant, s.Metric, 100*s.Score, 100*s.Low, 100*s.High, 100*s.StdErr, s.N, s.Of)
		}
	}
}
