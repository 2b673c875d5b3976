package adopt

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cogumi/reports/run"
)

// item is a line of samples_TASK_TIME.jsonl, which the harness writes with
// --log_samples.
type item struct {
	ID        json.RawMessage `json:"doc_id"`
	Target    json.RawMessage `json:"target"`
	Arguments json.RawMessage `json:"arguments"` // {"gen_args_0": {"arg_0": …}} or [[…]]
	Responses json.RawMessage `json:"resps"`
	Filtered  json.RawMessage `json:"filtered_resps"`
	Filter    string          `json:"filter"`
	Metrics   []string        `json:"metrics"`
}

// readItems makes a sample set of each task whose items lie beside the results
// and gives its name by task. Where several filters were used the first one's
// verdicts count.
func (a *adopted) readItems(dir, stamp, model string) (map[string]string, error) {
	sets := map[string]string{}
	if stamp == "" {
		return sets, nil
	}
	files, err := filepath.Glob(filepath.Join(escape(dir), "samples_*_"+stamp+".jsonl"))
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	for _, path := range files {
		task := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "samples_"), "_"+stamp+".jsonl")
		list, err := readTask(path, model)
		if err != nil {
			return nil, err
		}
		if len(list) == 0 {
			continue
		}
		set := run.SampleSet{Name: fmt.Sprintf("%s %d", task, len(a.samples)+1), Title: task, Path: fmt.Sprintf("samples/items-%d.jsonl", len(a.samples)+1), Count: len(list)}
		a.samples = append(a.samples, sampleFile{set, list})
		sets[task] = set.Name
	}
	return sets, nil
}

func readTask(path, model string) (list []run.Sample, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<20)
	filter := ""
	for number := 1; ; number++ {
		line, err := r.ReadBytes('\n')
		if line = bytes.TrimSpace(line); len(line) > 0 {
			s, by, bad := readItem(line, model)
			if bad != nil {
				return nil, fmt.Errorf("%s:%d: %w", path, number, bad)
			}
			if filter == "" {
				filter = by
			}
			if by == filter {
				list = append(list, s)
			}
		}
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func readItem(line []byte, model string) (s run.Sample, filter string, err error) {
	line, _ = withoutNaN(line)
	var it item
	if err := json.Unmarshal(line, &it); err != nil {
		return s, "", err
	}
	requests := requests(it.Arguments)
	if len(requests) == 0 {
		return s, "", errors.New("the item has no arguments")
	}
	answer := run.SampleAnswer{Model: model}
	if likelihoods, ok := likelihoods(it.Responses); ok && len(requests) == len(likelihoods) && len(requests) > 1 {
		best := 0
		for i, v := range likelihoods {
			if v > likelihoods[best] {
				best = i
			}
		}
		answer.Text = strings.TrimSpace(at(requests[best], 1))
	} else {
		answer.Text = firstText(it.Responses)
	}
	if text := firstText(it.Filtered); text != answer.Text {
		answer.Extracted = text
	}
	answer.Verdict = verdict(line, it.Metrics)
	s = run.Sample{ID: plain(it.ID), Prompt: at(requests[0], 0), Reference: plain(it.Target), Answers: []run.SampleAnswer{answer}}
	if answer.Verdict != "" {
		s.Tags = []string{answer.Verdict}
	}
	return s, it.Filter, nil
}

// verdict is right or wrong where a metric of the item is 1 or 0.
func verdict(line []byte, metrics []string) string {
	var all map[string]json.RawMessage
	if json.Unmarshal(line, &all) != nil {
		return ""
	}
	for _, m := range append(metrics, "exact_match", "acc", "pass@1", "pass_at_1") {
		switch v, ok := number(all[m]); {
		case ok && v == 1:
			return "right"
		case ok && v == 0:
			return "wrong"
		}
		if t := string(all[m]); t == "true" {
			return "right"
		} else if t == "false" {
			return "wrong"
		}
	}
	return ""
}

// requests are the arguments of each request as texts.
func requests(raw json.RawMessage) (list [][]string) {
	var named map[string]map[string]json.RawMessage
	if json.Unmarshal(raw, &named) == nil && len(named) > 0 {
		for i := range len(named) {
			args := named[fmt.Sprintf("gen_args_%d", i)]
			var texts []string
			for k := range len(args) {
				texts = append(texts, plain(args[fmt.Sprintf("arg_%d", k)]))
			}
			list = append(list, texts)
		}
		return list
	}
	var rows [][]json.RawMessage
	if json.Unmarshal(raw, &rows) == nil {
		for _, row := range rows {
			var texts []string
			for _, v := range row {
				texts = append(texts, plain(v))
			}
			list = append(list, texts)
		}
	}
	return list
}

// likelihoods are those of requests of which one is chosen: [[["-1.2", "False"]], …].
func likelihoods(raw json.RawMessage) (list []float64, ok bool) {
	var rows [][]any
	if json.Unmarshal(raw, &rows) != nil {
		return nil, false
	}
	for _, row := range rows {
		if len(row) == 1 {
			if inner, is := row[0].([]any); is {
				row = inner
			}
		}
		if len(row) < 1 {
			return nil, false
		}
		switch v := row[0].(type) {
		case float64:
			list = append(list, v)
		case string:
			var f float64
			if _, err := fmt.Sscanf(v, "%g", &f); err != nil {
				return nil, false
			}
			list = append(list, f)
		default:
			return nil, false
		}
	}
	return list, len(list) > 0
}

// firstText is the first text in lists of lists.
func firstText(raw json.RawMessage) string {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		if len(list) == 0 {
			return ""
		}
		return firstText(list[0])
	}
	return plain(raw)
}

// plain is a text without its quotes, and anything else as it is written.
func plain(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}
