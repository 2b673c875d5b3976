//go:build ignore

// PURPOSE: Judge a model's answers against reference answers, pair by pair and in both orders, and record what was said.
// WHEN TO USE: You want to know where the model loses against a teacher, by category, with intervals.
// WHEN NOT TO USE: The judgements are recorded already: judge_replay reads them, phase1b_extract trains on them.
// INPUT: --rows F (default tinyworld/eval) | instruction rows with responses | rows>=1
//   --model M (default tiny) | model
// OUTPUT: --out DIR (default the run's folder) | judged records
// FLAGS: --judge J (default truth) truth, local (a model on this machine), or the name of an endpoint's model
//   --judge-model M the local judge; empty: the model judges itself
//   --reasoning N tokens that a local judge may write about a pair before it decides; 0: none
//   --url U an OpenAI-compatible endpoint; empty: OpenAI's own
//   --key-env V (default OPENAI_API_KEY) environment variable that holds the key
//   --format F (default json_schema) json_object or text for servers that know no schemas
//   --batch the Batch API: half the price, within a day
//   --prices F your own table of prices
//   --limit N (default 60) rows to judge; 0: all
//   --dollars D hard limit of what judging may cost; 0: none
//   --seed N (default 1) of the choice of rows, the canaries and the bootstrap
// PIPELINE STAGE: 1B.1 benchmark
// TIME: 1-20 s for tiny on 2 cores; a local judge of 135 M parameters makes 1-2 judgements a second there
// COST: free with truth or local; an endpoint's estimate is shown before it begins

package main

import (
	"fmt"
	"path/filepath"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/judge"
	"cogumi/stdlib/model"
)

func main() {
	x := experiment.Start()
	defer x.Finish()

	m := model.MustLoad(x.String("model", "tiny", "model folder, GGUF file, name of a downloaded model, or tiny"))
	rows := dataset.MustRead(x.String("rows", "tinyworld/eval", "rows with reference responses")).Named("rows")
	by := x.String("judge", "truth", "truth, local (a model on this machine), or the name of an endpoint's model")
	judgeModel := x.String("judge-model", "", "the local judge: a model as --model names it; empty: the model judges itself")
	reasoning := x.Int("reasoning", 0, "tokens that a local judge may write about a pair before it decides; 0: none")
	c := judge.EndpointConfig{
		Model:     by,
		URL:       x.String("url", "", "OpenAI-compatible endpoint; empty: OpenAI's own"),
		KeyEnv:    x.String("key-env", "OPENAI_API_KEY", "environment variable that holds the key"),
		Format:    x.String("format", "json_schema", "json_schema, json_object or text"),
		Batch:     x.Bool("batch", false, "the Batch API: half the price, within a day"),
		PriceFile: x.String("prices", "", "your own table of prices"),
	}
	out := x.String("out", "", "folder for the records, CATEGORY_intermediate.json; the run's own if empty")
	limit := x.Int("limit", 60, "rows to judge; 0: all")
	o := judge.Options{
		MaxDollars: x.Float("dollars", 0, "hard limit of what judging may cost; 0: none"),
		Seed:       x.Int("seed", 1, "of the choice of rows, the canaries and the bootstrap"),
	}
	if limit > 0 && limit < rows.Len() {
		rows = rows.Shuffle(o.Seed).Head(limit) // files are often sorted by category
	}

	var j *judge.Judge
	switch by {
	case "truth":
		j = judge.Truth()
	case "local":
		referee := m
		if judgeModel != "" {
			referee = model.MustLoad(judgeModel)
		}
		j = judge.LocalWith(referee, judge.LocalConfig{Reasoning: reasoning})
	default:
		j = judge.MustEndpoint(c)
	}
	pairs := judge.MustAgainstReference(m.MustAnswer(rows, model.Sampling{}), "reference")
	r := judge.MustCompare(j, pairs, o)
	if out == "" {
		out = filepath.Join(x.Dir(), "artefacts", "judged")
	}
	x.Result(map[string]any{"judged": r, "records": r.MustWriteRecords(out)})

	for _, c := range append(r.Categories, r.Total) {
		if c.Category == "" {
			c.Category = "all"
		}
		fmt.Printf("%-12s %5.1f %% (%.1f to %.1f)  %d won, %d lost, %d ties, %d flips, %d errors\n", c.Category, 100*c.Score, 100*c.Low, 100*c.High, c.Wins, c.Losses, c.Ties, c.Flips, c.Errors)
	}
	fmt.Println("records:", out)
}
