package extract

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cogumi/reports/run"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
)

// JudgedOptions say which judgements become training rows.
type JudgedOptions struct {
	// Ties takes ties as well, marked failure_type "tie". That is a mistake that
	// has been made: see the warning.
	Ties bool
}

// Judgements are one category's recorded judgements as training rows.
type Judgements struct {
	Category         string
	Failures         *dataset.Set
	Judged           int
	Wins, Losses     int // of the local model
	Ties             int
	Flips            int  // the two orders disagree: neither won nor lost nor a tie
	Refuted          int  // of Losses: the local answer is known to be right, so that there is nothing to learn
	LocalAlwaysFirst bool // answer A was the local model every time: one order only
}

const suffix = "_intermediate.json"

// record is a file of recorded judgements: the local model is answer A, the
// teacher answer B.
type record struct {
	Category string `json:"category"`
	Results  []struct {
		Prompt   string `json:"prompt"`
		Local    string `json:"local_response"`
		Teacher  string `json:"gpt4_response"`
		Judgment struct {
			Winner    string `json:"winner"`
			Reasoning string `json:"reasoning"`
		} `json:"judgment"`
		Truth   json.RawMessage   `json:"ground_truth"`
		Family  string            `json:"family"` // these two only in newer records
		Answer  string            `json:"answer"`
		Known   string            `json:"local_is"` // "right" or "wrong", where the truth is known; older records do not say
		Outcome string            `json:"outcome"`  // "flip" where the orders disagree; older records have none
		Orders  []json.RawMessage `json:"orders"`   // older records have one order
	} `json:"results"`
}

// Judged reads a folder of recorded judgements, CATEGORY_intermediate.json each
// (also below it), and takes what the local model lost.
func Judged(dir string, o JudgedOptions) ([]*Judgements, error) {
	paths, err := find(dir)
	if err != nil {
		return nil, err
	}
	var out []*Judgements
	ties, refuted := 0, 0
	for _, path := range paths {
		j, err := readJudged(path, o)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		out = append(out, j)
		ties += HasTies(j.Failures)
		refuted += j.Refuted
	}
	r := experiment.Current()
	r.Funnel(funnel(out))
	if refuted > 0 {
		r.Note(run.Note{Level: "info", Topic: "extract", Text: fmt.Sprintf("%d answers were judged lost and are known to be right: they are left out", refuted)})
	}
	if slices.ContainsFunc(out, func(j *Judgements) bool { return j.LocalAlwaysFirst }) {
		r.Note(run.Note{Level: "warn", Topic: "judging", Text: "these judgements were made in one order, the local model always first: position bias is part of them",
			Hint: "judge in both orders before you conclude anything: cogumi run phase1b_benchmark"})
	}
	if ties > 0 {
		r.Note(run.Note{Level: "warn", Topic: "extract",
			Text: fmt.Sprintf("%d of the rows are ties: the model's answer was as good as the teacher's. Training on such rows is a known mistake: math went from 6 %% wins and 24 %% losses to 4 %% and 78 %% after it", ties),
			Hint: "leave --ties away"})
	}
	return out, nil
}

// MustJudged is Judged; an error ends the run.
func MustJudged(dir string, o JudgedOptions) []*Judgements {
	j, err := Judged(dir, o)
	if err != nil {
		experiment.Stop(experiment.WithCode(err, 3))
	}
	return j
}

// funnel is what becomes of all judgements.
func funnel(list []*Judgements) run.Funnel {
	var all Judgements
	rows := 0
	for _, j := range list {
		all.Judged, all.Losses, all.Ties, all.Flips, all.Refuted = all.Judged+j.Judged, all.Losses+j.Losses, all.Ties+j.Ties, all.Flips+j.Flips, all.Refuted+j.Refuted
		rows += j.Failures.Len()
	}
	return run.Funnel{Name: "judged failures", Title: "From judgements to training rows", Stages: []run.FunnelStage{
		{Name: "judged", Count: all.Judged}, {Name: "both orders agree", Count: all.Judged - all.Flips, Note: fmt.Sprintf("%d flips", all.Flips)},
		{Name: "training rows", Count: rows, Note: fmt.Sprintf("%d lost, %d of them known to be right; %d ties", all.Losses, all.Refuted, all.Ties)}}}
}

func find(dir string) ([]string, error) {
	var paths []string
	for _, pattern := range []string{"*" + suffix, "*/*" + suffix} {
		m, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return nil, fmt.Errorf("look for judgements in %s: %w", dir, err)
		}
		paths = append(paths, m...)
	}
	if len(paths) == 0 {
		return nil, experiment.Hint(fmt.Errorf("%s holds no recorded judgements (CATEGORY%s)", dir, suffix), "give the folder that the benchmark wrote")
	}
	return paths, nil
}

// readRecord reads one file; one that an interrupted run cut off is an error.
func readRecord(path string) (*record, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	rec := &record{}
	if err := json.Unmarshal(b, rec); err != nil {
		return nil, experiment.Hint(err, "the file is cut off or no record of judgements")
	}
	if len(rec.Results) == 0 {
		return nil, experiment.Hint(errors.New("it has no results"), "a record holds {category, results: [{prompt, local_response, gpt4_response, judgment}]}")
	}
	if rec.Category == "" {
		rec.Category = strings.TrimSuffix(filepath.Base(path), suffix)
	}
	return rec, nil
}

func readJudged(path string, o JudgedOptions) (*Judgements, error) {
	rec, err := readRecord(path)
	if err != nil {
		return nil, err
	}
	j := &Judgements{Category: rec.Category, Failures: &dataset.Set{Name: rec.Category + " failures", Path: path}, LocalAlwaysFirst: true}
	for i, x := range rec.Results {
		kind := ""
		if len(x.Orders) > 1 {
			j.LocalAlwaysFirst = false
		}
		if x.Outcome == "flip" {
			j.Flips++
			j.Judged++
			continue
		}
		switch strings.ToUpper(strings.TrimSpace(x.Judgment.Winner)) {
		case "A":
			j.Wins++
		case "B":
			j.Losses++
			kind = "loss"
			if x.Known == "right" {
				j.Refuted++
				kind = ""
			}
		case "TIE":
			j.Ties++
			if o.Ties {
				kind = "tie"
			}
		default:
			return nil, experiment.Hint(fmt.Errorf("result %d: winner %q is none of A, B, TIE", i+1, x.Judgment.Winner), "A is the local model, B the teacher: correct the record")
		}
		j.Judged++
		if kind == "" {
			continue
		}
		row := dataset.Row{Instruction: x.Prompt, Output: x.Teacher, Category: rec.Category, FailureType: kind, ModelResponse: x.Local,
			Metadata: map[string]any{"winner": x.Judgment.Winner, "judgment": x.Judgment.Reasoning, "original_source": "benchmark_results"}}
		if truth := text(x.Truth); rec.Category == "math" && truth != "" {
			row.Output, row.CorrectAnswer = truth, finalNumber(truth)
		}
		j.Failures.Rows = append(j.Failures.Rows, row)
	}
	return j, nil
}

// text is a JSON string, or nothing.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// finalNumber is what follows the last #### on its line.
func finalNumber(truth string) string {
	at := strings.LastIndex(truth, "####")
	if at < 0 {
		return ""
	}
	line, _, _ := strings.Cut(strings.TrimSpace(truth[at+len("####"):]), "\n")
	return strings.TrimSpace(line)
}
