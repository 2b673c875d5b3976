//go:build ignore

// PURPOSE: Find out within minutes whether a model answers at all, and roughly how well: 20 questions with known answers.
// WHEN TO USE: A training ended, a model was merged, converted or downloaded, and you want to know that it is not broken before you spend hours on it.
// WHEN NOT TO USE: You want a score to compare: 20 questions tell 50 % from 80 %, not 50 % from 60 %. Use benchmarks.
// INPUT: --model M (default tiny) | model folder
//   --rows F (default tinyworld/eval) | rows with answers | rows>=1
// OUTPUT: answers.parquet | rows
// FLAGS: --adapter a LoRA adapter on the model
//   --n questions, as many of each category as there can be
//   --seed of their choice
// PIPELINE STAGE: 1A quick check
// TIME: 5 s (tiny on 2 cores); 1-3 min (135 M parameters)
// COST: $0 on your own machine; unknown on a rented one until COGUMI_PRICE_PER_HOUR is set

package main

import (
	"errors"
	"fmt"

	"cogumi/stdlib/bench"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/grade"
	"cogumi/stdlib/model"
	"cogumi/stdlib/stats"
)

func main() {
	x := experiment.Start()
	defer x.Finish()

	m := model.MustLoad(x.String("model", "tiny", "model folder, GGUF file, name of a downloaded model, or tiny"))
	adapter := x.String("adapter", "", "folder of a LoRA adapter, or none")
	rows := dataset.MustRead(x.String("rows", "tinyworld/eval", "questions with answers")).Named("questions")
	n := x.Int("n", 20, "questions")
	seed := x.Int("seed", 1, "of their choice")
	if adapter != "" {
		a, err := model.FindAdapter(adapter)
		if err != nil {
			experiment.Stop(err)
		}
		m = m.MustWithAdapter(a)
	}

	answers := m.MustAnswer(bench.Mixed(rows, n, seed), model.Sampling{})
	sheet := grade.Check(answers)
	kept := &dataset.Set{Name: "answers"}
	for i := 0; i < len(sheet.Items); i++ {
		it := sheet.Items[i]
		row := it.Row
		row.ModelResponse = it.Answer.Text
		kept.Rows = append(kept.Rows, row)
		fmt.Printf("%-11s %-12s %s\n", it.Verdict, row.Category, short(row.Prompt()))
		if it.Verdict != grade.Right {
			fmt.Printf("%24s %s\n", "said", short(it.Answer.Text))
		}
	}
	kept.MustWrite(x.Dir() + "/artefacts/answers.parquet")

	total := sheet.Total()
	low, high := stats.Rate(total.Right, total.N(), 0.95)
	fmt.Printf("right  %d of %d: %.0f %%, between %.0f and %.0f (95 %%)\n", total.Right, total.N(), 100*total.Accuracy(), 100*low, 100*high)
	x.Result(total)

	wrong := bench.Sanity(answers)
	for i := 0; i < len(wrong); i++ {
		fmt.Println("broken ", wrong[i])
	}
	if len(wrong) > 0 {
		experiment.Stop(experiment.WithCode(errors.New("the model is broken: "+wrong[0]), 4))
	}
	fmt.Println("nothing looks broken")
}

// short is the beginning of a text on one line.
func short(text string) string {
	line := ""
	for _, r := range text {
		if r == '\n' || r == '\t' {
			r = ' '
		}
		line += string(r)
		if len(line) > 90 {
			return line + " …"
		}
	}
	return line
}
