//go:build ignore

// PURPOSE: Let a model teach itself: keep its answers that are right, that most of its samples agree on, or that differ well, as training rows.
// WHEN TO USE: The model is better than its single answers show, and there are prompts without a teacher's answers.
// WHEN NOT TO USE: You have a teacher's answers to what the model gets wrong: phase1b_scaleup learns more from those.
// INPUT: --rows F (default tinyworld/pool) | instruction rows | rows>=20
//   --model M (default tiny) | model
//   --adapter A | adapter | from=phase1a_train.go,phase1b_train.go,phase1b_scaleup.go | optional
// OUTPUT: --out F (default the run's folder) | instruction rows
// FLAGS: --samples N (default 10) answers to each prompt that is not graded
//   --temperature X (default 0.7) of the samples
//   --share X (default 0.6) of the samples that must agree
//   --variants N (default 3) answers kept of a creative prompt, no two of them alike
//   --alike X (default 0.6) Jaccard (character 3-grams) from which two answers are alike
//   --limit N (default 200) rows to look at; 0: all
//   --seed N (default 1) of the choice of rows and the samples
// PIPELINE STAGE: 1C self-consistency
// TIME: 10-30 s for tiny on 2 cores
// COST: $0 on your own machine

package main

import (
	"fmt"
	"path/filepath"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/distill"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/grade"
	"cogumi/stdlib/model"
)

func main() {
	x := experiment.Start()
	defer x.Finish()

	m := model.MustLoad(x.String("model", "tiny", "model folder, GGUF file, name of a downloaded model, or tiny"))
	rows := dataset.MustRead(x.String("rows", "tinyworld/pool", "prompts; those of math and code with answers")).Named("rows")
	if adapter := x.String("adapter", "", "adapter of an earlier phase"); adapter != "" {
		a, err := model.FindAdapter(adapter)
		if err != nil {
			experiment.Stop(experiment.WithCode(err, 3))
		}
		m = m.MustWithAdapter(a)
	}
	out := x.String("out", "", "the kept rows, .parquet or .jsonl; the run's own folder if empty")
	samples := x.Int("samples", 10, "answers to each prompt that is not graded")
	temperature := x.Float("temperature", 0.7, "of the samples")
	share := x.Float("share", 0.6, "of the samples that must agree")
	variants := x.Int("variants", 3, "answers kept of a creative prompt")
	alike := x.Float("alike", 0.6, "Jaccard from which two answers are alike")
	seed := x.Int("seed", 1, "of the choice of rows and the samples")
	if n := x.Int("limit", 200, "rows to look at; 0: all"); n > 0 {
		rows = rows.Shuffle(seed).Head(n)
	}
	if out == "" {
		out = filepath.Join(x.Dir(), "artefacts", "distilled.parquet")
	}

	sampled := func(set *dataset.Set) []*dataset.Answers {
		var list []*dataset.Answers
		for i := range samples {
			list = append(list, m.MustAnswer(set.Named(fmt.Sprintf("%s, sample %d", set.Name, i+1)), model.Sampling{Temperature: temperature, Seed: 1000*seed + i}))
		}
		return list
	}
	kept := &dataset.Set{Name: "distilled"}
	keep := func(what string, of int, set *dataset.Set) {
		fmt.Printf("%-20s %4d rows of %d prompts\n", what, set.Len(), of)
		kept = kept.Concat(set)
	}

	graded := rows.Where(func(r dataset.Row) bool { return r.Category == "math" || r.Category == "code" }).Named("graded")
	if graded.Len() > 0 { // one careful answer, and whether it is right is known
		keep("right", graded.Len(), distill.Right(grade.Check(m.MustAnswer(graded, model.Sampling{}))))
	}
	creative := rows.Where(func(r dataset.Row) bool { return r.Category == "creativity" }).Named("creative")
	if creative.Len() > 0 {
		keep("different", creative.Len(), distill.MustDiverse(sampled(creative), variants, alike))
	}
	open := rows.Where(func(r dataset.Row) bool {
		return r.Category != "math" && r.Category != "code" && r.Category != "creativity"
	}).Named("open")
	if open.Len() > 0 {
		keep("agreed", open.Len(), distill.MustAgreed(sampled(open), share))
	}

	kept.MustWrite(out)
	fmt.Println("rows:", out)
	x.Result(map[string]any{"rows": out, "kept": kept.Len(), "prompts": rows.Len()})
}
