package bench

import (
	"fmt"
	"path/filepath"

	"cogumi/reports/run"
	"cogumi/stdlib/dataset"
)

// maxSamples bounds what the report's sample browser holds of a task.
const maxSamples = 500

// report tells the run of the scores, and keeps every item.
func (s *suite) report() error {
	for _, x := range s.scores {
		s.exp.Benchmark(run.Benchmark{Task: x.Task, Title: x.Title, Group: x.Group, Model: s.model.Name, Variant: x.Variant, Metric: x.Metric, Higher: true, Percent: true,
			Score: x.Score, Low: x.Low, High: x.High, StdErr: x.StdErr, Method: x.Method, N: x.N, Of: x.Of, Errors: s.empty(), References: references(x), Samples: "bench-" + s.name})
	}
	s.exp.Samples("bench-"+s.name, s.title, s.samples())
	if s.exp.Dir() == "" {
		return nil
	}
	path := filepath.Join(s.exp.Dir(), "artefacts", "bench-"+s.name+".parquet")
	if err := itemSet(s.name, s.items).Write(path); err != nil {
		return fmt.Errorf("keep the items of %s: %w", s.title, err)
	}
	s.exp.Artefact(filepath.Base(path), "dataset", path)
	return nil
}

// empty counts answers without a word.
func (s *suite) empty() int {
	n := 0
	for _, it := range s.items {
		if it.Answer == "" {
			n++
		}
	}
	return n
}

func (s *suite) samples() []run.Sample {
	var out []run.Sample
	for _, it := range head(s.items, maxSamples) {
		verdict := "wrong"
		if it.Right {
			verdict = "right"
		}
		x := run.Sample{ID: fmt.Sprintf("%s-%d", it.Task, it.Row), Category: s.name, Family: it.Task, Prompt: it.Prompt, Reference: it.Target, Tags: []string{verdict},
			Answers: []run.SampleAnswer{{Model: s.model.Name, Text: it.Answer, Verdict: verdict, Extracted: it.Extracted, Reason: it.Reason, Tokens: it.Tokens}}}
		if it.Truncated {
			x.Tags = append(x.Tags, "truncated")
		}
		out = append(out, x)
	}
	return out
}

// itemSet is items as rows: task, row, prompt, target, answer, extracted, right …
func itemSet(name string, items []Item) *dataset.Set {
	set := &dataset.Set{Name: "bench-" + name}
	for _, it := range items {
		extra := map[string]any{"task": it.Task, "row": float64(it.Row), "extracted": it.Extracted, "right": it.Right, "tokens": float64(it.Tokens), "truncated": it.Truncated, "reason": it.Reason}
		for _, v := range it.Others {
			extra[v.Filter], extra[v.Filter+" right"] = v.Extracted, v.Right
		}
		if it.LogProbs != nil {
			extra["logprobs"] = anyOf(it.LogProbs)
		}
		set.Rows = append(set.Rows, dataset.Row{Instruction: it.Prompt, Output: it.Target, Category: name, Family: it.Task, ModelResponse: it.Answer, Extra: extra})
	}
	return set
}

func anyOf(v []float64) []any {
	out := make([]any, len(v))
	for i := range v {
		out[i] = v[i]
	}
	return out
}
