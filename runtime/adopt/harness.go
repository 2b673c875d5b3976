package adopt

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"cogumi/reports/run"
)

// results is what lm-evaluation-harness writes (lm_eval/evaluator.py,
// lm_eval/loggers/evaluation_tracker.py): scores by task under keys "metric,filter".
type results struct {
	Results map[string]map[string]json.RawMessage `json:"results"`
	Groups  map[string]json.RawMessage            `json:"groups"`
	Members map[string][]string                   `json:"group_subtasks"`
	Shots   map[string]any                        `json:"n-shot"`
	Higher  map[string]map[string]*bool           `json:"higher_is_better"`
	Counts  map[string]struct {
		Original  int `json:"original"`
		Effective int `json:"effective"`
	} `json:"n-samples"`
	Config struct {
		Model     string          `json:"model"`
		ModelArgs json.RawMessage `json:"model_args"`
		Limit     *float64        `json:"limit"`
	} `json:"config"`
	ModelName    string          `json:"model_name"`
	Version      string          `json:"lm_eval_version"`
	Transformers string          `json:"transformers_version"`
	GitHash      string          `json:"git_hash"`
	Date         *float64        `json:"date"`
	Seconds      json.RawMessage `json:"total_evaluation_time_seconds"`
	ChatTemplate any             `json:"chat_template"`
}

func (a *adopted) readResults() error {
	for _, path := range a.results {
		var r results
		if err := readFile(path, &r); err != nil {
			return err
		}
		if len(r.Results) == 0 {
			return fmt.Errorf("%s: it has no results", path)
		}
		a.harnessParams(path, &r)
		model := r.model()
		sets, err := a.readItems(filepath.Dir(path), stamp(path), model)
		if err != nil {
			return err
		}
		parents := r.parents()
		for _, task := range sortedKeys(r.Results) {
			a.scores(&r, model, task, parents[task], sets[task])
		}
	}
	return nil
}

// stamp is the time in a file's name, which the samples of the same run share.
func stamp(path string) string {
	name := strings.TrimSuffix(filepath.Base(path), ".json")
	if _, after, ok := strings.Cut(name, "results_"); ok {
		return after
	}
	return ""
}

func (a *adopted) harnessParams(path string, r *results) {
	if r.Date != nil && a.info.Started.IsZero() {
		a.info.Started = time.Unix(int64(*r.Date), 0).UTC()
		a.info.Ended = a.info.Started
	}
	if s, err := strconv.ParseFloat(strings.Trim(string(r.Seconds), `"`), 64); err == nil && s > 0 && s < 1e8 {
		a.info.Ended = a.info.Ended.Add(time.Duration(s * float64(time.Second)))
	}
	a.param("model", r.model())
	a.param("lm-eval", r.Version)
	a.param("transformers", r.Transformers)
	if r.Config.Limit != nil {
		a.param("limit", fmt.Sprintf("%g", *r.Config.Limit))
		a.note("warn", "benchmark", "The harness looked at a part of the items (--limit): its scores are no scores of the whole tasks.", "")
	}
	a.info.Environment.GitCommit = r.GitHash
}

// model is the model's name: what the harness calls it, or its weights.
func (r *results) model() string {
	var args string
	if json.Unmarshal(r.Config.ModelArgs, &args) == nil {
		for _, part := range strings.Split(args, ",") {
			if v, ok := strings.CutPrefix(strings.TrimSpace(part), "pretrained="); ok {
				return v
			}
		}
	}
	var named struct {
		Pretrained string `json:"pretrained"`
	}
	if json.Unmarshal(r.Config.ModelArgs, &named) == nil && named.Pretrained != "" {
		return named.Pretrained
	}
	for _, name := range []string{r.ModelName, r.Config.Model} {
		if name != "" {
			return name
		}
	}
	return "model"
}

// parents is the group that each task is a part of.
func (r *results) parents() map[string]string {
	parents := map[string]string{}
	for _, group := range sortedKeys(r.Members) {
		for _, task := range r.Members[group] {
			if task != group {
				parents[task] = group
			}
		}
	}
	return parents
}

func (a *adopted) scores(r *results, model, task, parent, samples string) {
	entry := r.Results[task]
	var alias string
	json.Unmarshal(entry["alias"], &alias)
	for _, key := range sortedKeys(entry) {
		metric, filter, ok := strings.Cut(key, ",")
		if !ok || strings.HasSuffix(metric, "_stderr") {
			continue
		}
		score, ok := number(entry[key])
		if !ok {
			continue
		}
		b := run.Benchmark{Task: task, Title: strings.TrimLeft(alias, " -"), Group: parent, Model: model, Metric: metric, Score: score, Samples: samples,
			Variant: r.variant(task, filter), Higher: true}
		b.N, b.Of = r.items(task)
		if h := r.Higher[task][metric]; h != nil {
			b.Higher = *h
		}
		b.Percent = b.Higher && score >= 0 && score <= 1 && !strings.Contains(metric, "perplexity") && !strings.Contains(metric, "bits")
		if e, ok := number(entry[metric+"_stderr,"+filter]); ok && e > 0 {
			b.StdErr, b.Low, b.High, b.Method = e, score-1.96*e, score+1.96*e, "score ± 1.96 standard errors of the harness, 95 %"
			if b.Percent {
				b.Low, b.High = math.Max(0, b.Low), math.Min(1, b.High)
			}
		}
		a.events = append(a.events, run.Event{Kind: "benchmark", Benchmark: &b})
	}
}

// items are those looked at and those of the whole task; of a group, those of its
// parts.
func (r *results) items(task string) (n, of int) {
	if c, ok := r.Counts[task]; ok {
		return c.Effective, c.Original
	}
	for _, part := range r.Members[task] {
		if c, ok := r.Counts[part]; ok {
			n, of = n+c.Effective, of+c.Original
		}
	}
	return n, of
}

func (r *results) variant(task, filter string) string {
	var parts []string
	if n, ok := r.Shots[task].(float64); ok {
		parts = append(parts, fmt.Sprintf("%.0f-shot", n))
	}
	if filter != "" && filter != "none" {
		parts = append(parts, filter)
	}
	if s, ok := r.ChatTemplate.(string); ok && s != "" {
		parts = append(parts, "chat template")
	}
	return strings.Join(parts, ", ")
}
