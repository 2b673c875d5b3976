package example

import (
	"fmt"
	"math"

	"cogumi/reports/run"
)

// benchmarks are scores of five tasks, one of them in parts.
func (g *maker) benchmarks() {
	score := func(task, title, group, variant, metric string, k, n, of int, refs ...run.Reference) run.Benchmark {
		w := wilson(k, n)
		return run.Benchmark{Task: task, Title: title, Group: group, Model: "tuned 8B", Variant: variant, Metric: metric, Higher: true, Percent: true,
			Score: w.Accuracy, Low: w.Low, High: w.High, StdErr: math.Sqrt(w.Accuracy * (1 - w.Accuracy) / float64(n-1)), Method: "Wilson 95%", N: n, Of: of, References: refs}
	}
	published := func(score float64, same bool, variant string) run.Reference {
		return run.Reference{Model: "base 8B", Score: score, Variant: variant, Source: "an example, no real report", Same: same}
	}
	list := []run.Benchmark{
		score("mmlu", "MMLU", "", "5-shot, log-likelihood of letters", "acc", 1817, 2850, 14042, published(.652, true, "5-shot")),
		score("gsm8k", "GSM8K", "", "8-shot chain of thought, strict-match", "exact_match", 103, 200, 1319, published(.557, false, "8-shot, maj@1")),
		score("humaneval", "HumanEval", "", "0-shot", "pass@1", 58, 164, 164, published(.335, true, "0-shot"), published(.62, false, "instruct model")),
		score("mbpp", "MBPP", "", "3-shot", "pass@1", 93, 200, 500),
		score("bbh", "BBH", "", "3-shot chain of thought", "exact_match", 2531, 5400, 6511),
	}
	for i, s := range []string{"abstract algebra", "anatomy", "astronomy", "college physics", "formal logic", "global facts", "high school biology", "international law", "moral scenarios", "virology"} {
		list = append(list, score(fmt.Sprintf("mmlu_%d", i), s, "mmlu", "5-shot, log-likelihood of letters", "acc", 14+3*i+g.rng.IntN(6), 50, 100+10*i))
	}
	list[2].Errors, list[2].Note = 3, "canonical solutions pass and stubs fail on this machine"
	g.do("load model", 4.1, true, nil)
	g.do("answer", 226, false, func() {
		for i := range list {
			g.event(run.Event{Kind: "benchmark", Benchmark: &list[i]})
		}
	})
	g.note("info", "bench", "The test files of GSM8K (1,319 rows) and HumanEval (164 rows) are the ones that the field uses, by count and hash.", "")
	g.source(run.Source{Kind: "data", Name: "gsm8k", License: "MIT", From: "openai/gsm8k", Revision: "e53f048856ff4f594e959d75785d2c2d37b678ee", Rows: 1319})
	g.source(run.Source{Kind: "data", Name: "mmlu", License: "MIT", From: "cais/mmlu", Rows: 14042})
	g.source(run.Source{Kind: "model", Name: "tuned 8B", License: "Llama 3.1 Community", Terms: "name begins with Llama; Built with Llama", From: "models/tuned"})
}

// curate is a curation: checks, a funnel, near-duplicates.
func (g *maker) curate() {
	g.do("read", 1.4, false, func() {
		for _, c := range []run.Check{
			{Topic: "data", Name: "fields", Outcome: "ok", Text: "every row has a prompt and an answer", Of: 12804},
			{Topic: "data", Name: "encoding", Outcome: "warn", Text: "37 rows hold bytes that are no UTF-8; they were set aside", Hint: "look at bad.jsonl: most come from one file", N: 37, Of: 12841, Examples: []string{"crawl-03.jsonl:118", "crawl-03.jsonl:121"}},
			{Topic: "data", Name: "benchmarks", Outcome: "fail", Text: "14 rows repeat a question of GSM8K's test set", Hint: "they were dropped: what is measured there would be memory", N: 14, Of: 12804, Examples: []string{"Natalia sold clips to 48 of her friends in April, and then …"}},
			{Topic: "data", Name: "lengths", Outcome: "ok", Text: "no answer is longer than the budget of 2,048 tokens", Of: 12804},
			{Topic: "data", Name: "languages", Outcome: "ok", Text: "all rows are English but for 62 that are also code", Of: 12804},
		} {
			g.event(run.Event{Kind: "check", Check: &c})
		}
	})
	g.do("dedup", 6.2, false, func() {
		var recall []run.RecallPoint
		for i := range 21 {
			s := float64(i) / 20
			recall = append(recall, run.RecallPoint{Jaccard: s, Found: 1 - math.Pow(1-math.Pow(s, 6), 21)})
		}
		g.event(run.Event{Kind: "clusters", Clusters: &run.Clusters{Name: "rows", Title: "Near-duplicates within the rows", Rows: 12790, Kept: 11312, Threshold: .8, Method: "every candidate was compared exactly; 21 bands of 6 rows find 99.9% of the pairs at the threshold",
			Sizes: []run.ClusterSize{{Size: 2, Count: 812}, {Size: 3, Count: 171}, {Size: 4, Count: 49}, {Size: 5, Count: 12}, {Size: 7, Count: 6}, {Size: 23, Count: 2}}, Recall: recall, Audit: "removed.parquet",
			Largest: []run.Cluster{
				{Size: 23, Lowest: .81, Kept: run.ClusterRow{Row: 118, Text: "Write a short poem about autumn leaves falling in the park.", Source: "crawl-01.jsonl"},
					Others: []run.ClusterRow{{Row: 409, Text: "Write a short poem about autumn leaves falling in a park.", Source: "crawl-01.jsonl", Jaccard: .96}, {Row: 5520, Text: "Please write a short poem about the autumn leaves falling in the park.", Source: "crawl-04.jsonl", Jaccard: .85}}},
				{Size: 7, Lowest: .84, Kept: run.ClusterRow{Row: 91, Text: "What is the capital of France?", Source: "crawl-02.jsonl"}, Others: []run.ClusterRow{{Row: 2210, Text: "What's the capital of France?", Source: "crawl-02.jsonl", Jaccard: .9}}},
			}}})
	})
	g.event(run.Event{Kind: "funnel", Funnel: &run.Funnel{Name: "curation", Title: "From collected rows to training rows", Stages: []run.FunnelStage{
		{Name: "rows read", Count: 12841}, {Name: "readable", Count: 12804, Note: "37 rows are no UTF-8"}, {Name: "no benchmark", Count: 12790, Note: "14 rows repeat GSM8K's test set"},
		{Name: "distinct", Count: 11312, Note: "Jaccard 0.8 or more with a kept row"}, {Name: "good enough", Count: 8410, Note: "quality below 0.35"}, {Name: "balanced", Count: 6000, Note: "1,000 rows a category"},
	}}})
	g.source(run.Source{Kind: "data", Name: "crawl-01.jsonl", License: "CC-BY-4.0", Terms: "name the authors", Rows: 6120})
	g.source(run.Source{Kind: "data", Name: "crawl-02.jsonl", Rows: 6721})
	g.artefact("curated.parquet", "dataset", 1_204_113, "6,000 rows")
	g.artefact("removed.parquet", "audit", 310_552, "1,478 rows")
}
