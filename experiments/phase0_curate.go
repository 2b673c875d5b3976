//go:build ignore

// PURPOSE: Make training rows of raw ones: read every source, write down what each row is like, keep what can be learned from, drop duplicates, balance.
// WHEN TO USE: You have raw instruction or chat rows, from one source or many, and want to know what is in them before a model learns it.
// WHEN NOT TO USE: Your rows are clean and only repeat each other: dedup is enough.
// INPUT: --in F (default tinyworld/pool) | sources (more may follow) | own
// OUTPUT: --out F (default the run's folder) | training rows
//   removed.jsonl | rows
// FLAGS: --tokenizer whose tokens are counted: a model, or a tokenizer.json
//   --min-tokens, --max-tokens of prompt and answer (the pipeline's: 150 and 2048)
//   --languages that stay, such as en,de; empty: all
//   --pii drop, redact or keep rows with personal data
//   --offensive words that a row may have; -1: any number
//   --benchmarks files or folders of items that must not be in the rows
//   --threshold, --prompts, --memory of the search for duplicates; --threshold 0: none
//   --judge, --judge-url, --key-env, --prices, --max-dollars, --min-score of scoring by a language model
//   --balance even, or weights (math=3,code=2)
//   --rows, --seed of the balance
// PIPELINE STAGE: 0 curate
// TIME: < 10 s for tinyworld; minutes for a million rows on 2 cores
// COST: $0 on your own machine; with --judge what the endpoint takes, at most --max-dollars

package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"cogumi/stdlib/curate"
	"cogumi/stdlib/dedup"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/judge"
	"cogumi/stdlib/model"
)

func main() {
	x := experiment.Start()
	defer x.Finish()

	in := []string{x.String("in", "tinyworld/pool", "[name=]file or folder[,instruction=question,output=reply,category=math,license=MIT]; more may follow")}
	out := x.String("out", filepath.Join(x.Dir(), "artefacts", "curated.parquet"), "kept rows: .parquet or .jsonl, also with .gz or .zst")
	private := x.String("pii", "drop", "drop, redact or keep rows with personal data")
	threshold := x.Float("threshold", 0.8, "Jaccard (character 3-grams) from which rows count as the same; 0: duplicates stay")
	prompts := x.Bool("prompts", false, "rows are the same where they ask the same, whatever the answers")
	memory := dedup.MustBytes(x.String("memory", "", "limit for the search for duplicates: 4G, 500M"))
	tagger := curate.Tagger{
		Tokenizer:  x.String("tokenizer", "tiny", "model whose tokens are counted, or a tokenizer.json"),
		Benchmarks: list(x.String("benchmarks", "", "files or folders of items that must not be in the rows: mmlu,gsm8k/test.jsonl")),
		Redact:     private == "redact",
	}
	rules := curate.Rules{
		Format:        true,
		MinTokens:     x.Int("min-tokens", 4, "of prompt and answer"),
		MaxTokens:     x.Int("max-tokens", 2048, "of prompt and answer; 0: no limit"),
		Languages:     list(x.String("languages", "en", "languages that stay (ISO 639-1); empty: all")),
		Repetition:    true,
		Gibberish:     true,
		MaxOffensive:  x.Int("offensive", 2, "offensive words that a row may have, talk of sex included; -1: any number"),
		Contamination: len(tagger.Benchmarks) > 0,
	}
	balance := curate.MustParseBalance(x.String("balance", "", "even, or weights of categories: math=3,code=2"))
	balance.Rows = x.Int("rows", 0, "rows of all categories together; 0: all that the shares allow")
	balance.Seed = x.Int("seed", 1, "of what is drawn")
	scoring := curate.Scoring{
		Min:        x.Int("min-score", 7, "rows with a lower score (1 to 10) go"),
		MaxDollars: x.Float("max-dollars", 1, "hard limit of what scoring may cost"),
	}
	scorer := x.String("judge", "", "model that scores rows, as the endpoint calls it; local:NAME for one of your own; empty: rows are not scored")
	endpoint := judge.EndpointConfig{
		Model:     scorer,
		URL:       x.String("judge-url", "", "endpoint that speaks OpenAI's protocol; api.openai.com if empty"),
		KeyEnv:    x.String("key-env", "OPENAI_API_KEY", "environment variable with the key"),
		PriceFile: x.String("prices", "", "prices of your own"),
	}
	switch private {
	case "drop":
		rules.PII = curate.PersonalData()
	case "redact", "keep":
	default:
		experiment.Stop(experiment.WithCode(fmt.Errorf("--pii %s: known are drop, redact and keep", private), 2))
	}

	// What is each row like? Then: which stay?
	tagged := curate.MustTag(curate.MustSources(append(in, x.Args()...)), tagger)
	rows := tagged.MustMix(rules)
	if threshold > 0 {
		rows = rows.MustDedup(curate.Dedup{Threshold: threshold, Prompt: prompts, Memory: memory})
	}
	if name, local := strings.CutPrefix(scorer, "local:"); local {
		rows = rows.MustScore(judge.Local(model.MustLoad(name)), curate.Scoring{Min: scoring.Min})
	} else if scorer != "" {
		rows = rows.MustScore(judge.MustEndpoint(endpoint), scoring)
	}
	rows = rows.MustBalance(balance)
	rows.MustWrite(out)

	for _, s := range rows.Stages() {
		fmt.Printf("%9d  %-16s %s\n", s.Count, s.Name, s.Note)
	}
	x.Result(rows.Summary())
}

// list parts a text at its commas.
func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}
