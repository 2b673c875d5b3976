package bench

import (
	"strings"

	"cogumi/reports/run"
)

// published is a score that a model's authors gave, with exactly what they measured.
type published struct {
	task, variant, model string
	score                float64
	source               string
}

const (
	llama31  = "Llama 3.1 model card, Meta, July 2024"
	llama32  = "Llama 3.2 model card, Meta, September 2024"
	smollm2  = "SmolLM2-135M-Instruct model card, Hugging Face, 2024"
	macro5   = "5-shot, mean of subtasks, chat"
	cot8     = "8-shot, chain of thought, chat"
	direct0  = "0-shot, chat"
	lighteva = "5-shot, lighteval"
)

// The field's figures, for a feeling of size. Most were measured in another way than
// the harness's default: the report calls them comparable only where the variant is
// the one that was run.
var publishedScores = []published{
	{"mmlu", macro5, "Llama-3.1-8B-Instruct", 0.694, llama31},
	{"mmlu", macro5, "Llama-3.1-70B-Instruct", 0.836, llama31},
	{"mmlu", macro5, "Llama-3.2-1B-Instruct", 0.493, llama32},
	{"gsm8k", cot8, "Llama-3.1-8B-Instruct", 0.845, llama31},
	{"gsm8k", cot8, "Llama-3.1-70B-Instruct", 0.951, llama31},
	{"gsm8k", cot8, "Llama-3.2-1B-Instruct", 0.444, llama32},
	{"gsm8k", lighteva, "SmolLM2-135M-Instruct", 0.014, smollm2},
	{"humaneval", direct0, "Llama-3.1-8B-Instruct", 0.726, llama31},
	{"humaneval", direct0, "Llama-3.1-70B-Instruct", 0.805, llama31},
}

// references are the published scores of a task. Variants are the same where they
// name the same things, in whatever order.
func references(s Score) (out []run.Reference) {
	if s.Group != "" {
		return nil
	}
	for _, p := range publishedScores {
		if p.task == s.Task {
			out = append(out, run.Reference{Model: p.model, Score: p.score, Variant: p.variant, Source: p.source, Same: sameVariant(p.variant, s.Variant)})
		}
	}
	return out
}

func sameVariant(a, b string) bool {
	have := map[string]bool{}
	for _, w := range strings.Split(a, ", ") {
		have[w] = true
	}
	n := 0
	for _, w := range strings.Split(b, ", ") {
		if !have[w] {
			return false
		}
		n++
	}
	return n == len(have)
}
