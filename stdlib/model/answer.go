package model

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"cogumi/reports/run"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/llm"
)

// Sampling says how answers are written. The zero value is greedy, 256 tokens.
type Sampling struct {
	MaxTokens   int     `json:"max_tokens"` // 0: 256
	Temperature float64 `json:"temperature"`
	TopP        float64 `json:"top_p"` // 0: all
	TopK        int     `json:"top_k"` // 0: all
	Seed        int     `json:"seed"`
}

// answered is one line of answers.jsonl.
type answered struct {
	Row       int    `json:"row"`
	Text      string `json:"text"`
	Tokens    int    `json:"tokens"`
	Truncated bool   `json:"truncated,omitempty"`
}

const answersFile = "answers.jsonl"

// Answer lets the model answer every row's instruction. It is a step of the
// run: answers that are there already are not written again, one by one even
// after a kill.
func (m *Model) Answer(set *dataset.Set, s Sampling) (*dataset.Answers, error) {
	if s.MaxTokens == 0 {
		s.MaxTokens = 256
	}
	name := "base"
	if m.Adapter != nil {
		name = "tuned"
	}
	r := experiment.Current()
	inputs := m.identity()
	inputs["rows"] = set.Hash()
	spec := experiment.Spec{Name: fmt.Sprintf("%s answers %s", name, set.Name), Version: 1, Inputs: inputs, Params: s, Machine: true}
	reused := len(set.Rows)
	dir, err := r.Do(spec, func(w *experiment.Work) (err error) {
		reused, err = m.write(r, set, s, w)
		return err
	})
	if err != nil {
		return nil, err
	}
	got, err := readAnswers(filepath.Join(dir, answersFile))
	if err != nil {
		return nil, err
	}
	a := &dataset.Answers{Set: set, Model: name, List: make([]dataset.Answer, len(set.Rows)), Reused: reused}
	for i := range a.List {
		x, ok := got[i]
		if !ok {
			return nil, fmt.Errorf("%s: row %d has no answer", filepath.Join(dir, answersFile), i)
		}
		a.List[i] = dataset.Answer{Text: x.Text, Tokens: x.Tokens, Truncated: x.Truncated}
	}
	m.report(r, a)
	return a, nil
}

// MustAnswer is Answer; an error ends the run.
func (m *Model) MustAnswer(set *dataset.Set, s Sampling) *dataset.Answers {
	a, err := m.Answer(set, s)
	if err != nil {
		experiment.Stop(err)
	}
	return a
}

func (m *Model) report(r *experiment.Run, a *dataset.Answers) {
	cut := 0
	for _, x := range a.List {
		if x.Truncated {
			cut++
		}
	}
	if cut > 0 {
		r.Note(run.Note{Level: "warn", Topic: "model",
			Text: fmt.Sprintf("%d of %d answers of the %s model to %s were cut off by the token limit", cut, len(a.List), a.Model, a.Set.Name),
			Hint: "raise MaxTokens, or look at them: tag:truncated"})
	}
}

// write appends every answer to the journal as soon as it is finished. resumed is
// how many the journal had.
func (m *Model) write(r *experiment.Run, set *dataset.Set, s Sampling, w *experiment.Work) (resumed int, err error) {
	path := filepath.Join(w.Dir, "journal.tmp")
	have, err := readAnswers(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, err
	}
	resumed = len(have)
	ctx := r.Context()
	engine, adapter, err := m.engine(ctx)
	if err != nil {
		return resumed, err
	}
	p := r.Progress("answers "+set.Name, "rows", len(set.Rows))
	defer p.Done()
	p.Skip(len(have))
	var prompts [][]int32
	var rows []int
	var seeds []uint64 // of a row's place in the whole set: a resumed run draws the same
	for i := range set.Rows {
		if _, ok := have[i]; ok {
			continue
		}
		ids, err := Prompt(engine, &set.Rows[i])
		if err != nil {
			return resumed, fmt.Errorf("%s row %d: %w", set.Name, i+1, err)
		}
		prompts, rows, seeds = append(prompts, ids), append(rows, i), append(seeds, llm.PromptSeed(uint64(s.Seed), i))
	}
	journal, err := openJournal(path)
	if err != nil {
		return resumed, err
	}
	defer journal.Close()
	_, err = engine.Generate(ctx, adapter, prompts, llm.GenerateConfig{MaxTokens: s.MaxTokens, Temperature: s.Temperature,
		TopP: s.TopP, TopK: s.TopK, Seeds: seeds}, func(i int, o llm.Output) {
		a := answered{Row: rows[i], Text: engine.Tokenizer.Decode(o.IDs, true), Tokens: len(o.IDs), Truncated: o.Truncated}
		have[a.Row] = a
		journal.add(a)
		p.Add(1)
	})
	if err = errors.Join(err, journal.Flush()); err != nil {
		return resumed, err
	}
	return resumed, writeAnswers(filepath.Join(w.Dir, answersFile), have, len(set.Rows))
}

// journal keeps finished answers; a cut last line is dropped by its reader.
type journal struct {
	*os.File
	err error
}

func openJournal(path string) (*journal, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	return &journal{File: f}, err
}

func (j *journal) add(a answered) {
	b, err := json.Marshal(a)
	if err == nil {
		_, err = j.Write(append(b, '\n'))
	}
	j.err = errors.Join(j.err, err)
}

func (j *journal) Flush() error { return errors.Join(j.err, j.Sync()) }

// readAnswers reads lines until the first that is not whole, and cuts the file
// there, so that appending goes on cleanly.
func readAnswers(path string) (map[int]answered, error) {
	have := map[int]answered{}
	f, err := os.Open(path)
	if err != nil {
		return have, err
	}
	defer f.Close()
	in := bufio.NewReader(f)
	for {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			if len(line) > 0 {
				return have, cutTail(path, int64(len(line)))
			}
			return have, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		var a answered
		if err := json.Unmarshal(line, &a); err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		have[a.Row] = a
	}
}

func cutTail(path string, n int64) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return os.Truncate(path, info.Size()-n)
}

func writeAnswers(path string, have map[int]answered, n int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	out := bufio.NewWriter(f)
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	for i := range n {
		if err := e.Encode(have[i]); err != nil {
			return err
		}
	}
	return errors.Join(out.Flush(), f.Sync(), f.Close())
}
