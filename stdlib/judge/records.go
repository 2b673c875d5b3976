package judge

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"cogumi/reports/run/durable"
)

// recordFile is a category's judgements in the form of earlier benchmarks, where
// ours is answer A and the teacher's answer B, with what they did not have: both
// orders, and outcomes of their own for flips. Package extract reads it.
type recordFile struct {
	Timestamp time.Time     `json:"timestamp"`
	Category  string        `json:"category"`
	Judge     Settings      `json:"judge"`
	Ours      string        `json:"ours"`
	Theirs    string        `json:"theirs"`
	Results   []recordEntry `json:"results"`
	Wins      int           `json:"wins"`
	Losses    int           `json:"losses"`
	Ties      int           `json:"ties"`
	Flips     int           `json:"flips"`
	Errors    int           `json:"errors"` // judged by neither order; not among results
}

type recordEntry struct {
	Prompt   string         `json:"prompt"`
	Local    string         `json:"local_response"`
	Teacher  string         `json:"gpt4_response"`
	Judgment recordJudgment `json:"judgment"`
	Truth    string         `json:"ground_truth,omitempty"`
	Family   string         `json:"family,omitempty"`
	Answer   string         `json:"answer,omitempty"`   // what answers are compared with
	Known    string         `json:"local_is,omitempty"` // right or wrong, where the truth is known
	Outcome  string         `json:"outcome"`            // win, loss, tie or flip
	Orders   []Decision     `json:"orders"`             // ours shown first, theirs shown first
}

// recordJudgment is what readers of one order look at. A flip is a TIE to them:
// nobody won.
type recordJudgment struct {
	Winner    string `json:"winner"` // A, B or TIE
	Reasoning string `json:"reasoning"`
}

var recordWinner = map[string]string{Won: "A", Lost: "B", Drawn: "TIE", Flip: "TIE"}

// WriteRecords writes the judgements into a folder, CATEGORY_intermediate.json
// each, and returns the files. Pairs that could not be judged are counted alone.
func (r *Result) WriteRecords(dir string) (files []string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("write the records of judgements: %w", err)
	}
	byCategory := map[string]*recordFile{}
	var order []*recordFile
	for i := range r.Verdicts {
		v := &r.Verdicts[i]
		name := cmp.Or(v.Pair.Row.Category, "all")
		f := byCategory[name]
		if f == nil {
			f = &recordFile{Timestamp: time.Now().UTC().Truncate(time.Second), Category: name, Judge: r.Settings, Ours: r.Ours, Theirs: r.Theirs, Results: []recordEntry{}}
			byCategory[name] = f
			order = append(order, f)
		}
		f.add(v)
	}
	for _, f := range order {
		path := filepath.Join(dir, f.Category+"_intermediate.json")
		err := durable.WriteFile(path, func(w io.Writer) error {
			e := json.NewEncoder(w)
			e.SetIndent("", " ")
			e.SetEscapeHTML(false)
			return e.Encode(f)
		})
		if err != nil {
			return nil, err
		}
		files = append(files, path)
	}
	return files, nil
}

// MustWriteRecords is WriteRecords; an error ends the run.
func (r *Result) MustWriteRecords(dir string) []string {
	return must(r.WriteRecords(dir))
}

func (f *recordFile) add(v *Verdict) {
	switch v.Outcome {
	case Won:
		f.Wins++
	case Lost:
		f.Losses++
	case Drawn:
		f.Ties++
	case Flip:
		f.Flips++
	default:
		f.Errors++
		return
	}
	e := recordEntry{Prompt: v.Pair.Row.Prompt(), Local: v.Pair.Ours, Teacher: v.Pair.Theirs, Outcome: v.Outcome, Known: v.Known, Orders: v.Said,
		Family: v.Pair.Row.Family, Answer: v.Pair.Row.Answer,
		Judgment: recordJudgment{Winner: recordWinner[v.Outcome]}, Truth: cmp.Or(v.Pair.Row.Reply(), v.Pair.Row.Answer)}
	if len(v.Said) > 0 {
		e.Judgment.Reasoning = v.Said[0].Reason
	}
	f.Results = append(f.Results, e)
}
