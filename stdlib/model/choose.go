package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"cogumi/reports/run/durable"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/llm"
	"cogumi/stdlib/llm/chat"
	"cogumi/stdlib/llm/tokenizer"
)

// Chosen is how likely a model goes on with each of several texts.
type Chosen struct {
	LogProbs []float64 `json:"logprobs,omitempty"` // natural logarithms, one a choice; none where TooLong is set
	TooLong  int       `json:"too_long,omitempty"` // tokens of a prompt that the model has no room for
}

// choice is one line of chosen.jsonl.
type choice struct {
	Row int `json:"row"`
	Chosen
}

const chosenFile = "chosen.jsonl"

// Choose asks how likely the model goes on with each of the choices: in its answer
// to a row, or in the last turn where that is the model's own. Nothing is written:
// a row costs one pass over it, and what it shares with the row before costs
// nothing. It is a step of the run, journaled row by row.
func (m *Model) Choose(set *dataset.Set, choices []string) ([]Chosen, error) {
	if len(choices) == 0 {
		return nil, errors.New("choose: there are no choices")
	}
	r := experiment.Current()
	inputs := m.identity()
	inputs["rows"] = set.Hash()
	spec := experiment.Spec{Name: "choices for " + set.Name, Version: 1, Inputs: inputs, Params: choices, Machine: true}
	dir, err := r.Do(spec, func(w *experiment.Work) error { return m.choose(r, set, choices, w) })
	if err != nil {
		return nil, err
	}
	have, err := readChosen(filepath.Join(dir, chosenFile))
	if err != nil {
		return nil, err
	}
	out := make([]Chosen, len(set.Rows))
	for i := range out {
		c, ok := have[i]
		if !ok {
			return nil, fmt.Errorf("%s: row %d has no choice", filepath.Join(dir, chosenFile), i)
		}
		out[i] = c
	}
	return out, nil
}

func (m *Model) choose(r *experiment.Run, set *dataset.Set, choices []string, w *experiment.Work) error {
	path := filepath.Join(w.Dir, "journal.tmp")
	have, err := readChosen(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	engine, adapter, err := m.engine(r.Context())
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	p := r.Progress("reads "+set.Name, "rows", len(set.Rows))
	defer p.Done()
	p.Skip(len(have))
	var failed error
	keep := func(row int, c Chosen) {
		b, err := json.Marshal(choice{row, c})
		if err == nil {
			_, err = f.Write(append(b, '\n'))
		}
		have[row], failed = c, errors.Join(failed, err)
		p.Add(1)
	}
	var asked []llm.Choice
	var rows []int
	for i := range set.Rows {
		if _, ok := have[i]; ok {
			continue
		}
		c, longest, err := openChoice(engine, &set.Rows[i], choices)
		if err != nil {
			return fmt.Errorf("%s row %d: %w", set.Name, i+1, err)
		}
		if over := len(c.Context) + longest - engine.Config.MaxPositions; over > 0 {
			keep(i, Chosen{TooLong: over})
			continue
		}
		asked, rows = append(asked, c), append(rows, i)
	}
	_, err = engine.Likelihoods(r.Context(), adapter, asked, 0, func(i int, l llm.Likelihood) { keep(rows[i], Chosen{LogProbs: l.LogProbs}) })
	if err = errors.Join(err, failed); err != nil {
		return err
	}
	return writeChosen(filepath.Join(w.Dir, chosenFile), have, len(set.Rows))
}

// Room is how many tokens an answer to the row could have before the model's own
// limit; not above 0 where the row alone is too long.
func (m *Model) Room(row *dataset.Row) (int, error) {
	engine, err := m.Engine()
	if err != nil {
		return 0, err
	}
	ids, err := Prompt(engine, row)
	return engine.Config.MaxPositions - len(ids), err
}

// openChoice encodes a row with each choice as one text and parts them where the
// row's own encoding ends. longest is the most tokens of a choice.
func openChoice(engine *llm.Model, row *dataset.Row, choices []string) (c llm.Choice, longest int, err error) {
	list, begun, err := turns(row)
	if err != nil {
		return c, 0, err
	}
	var text string
	if n := len(row.Messages); n > len(list) {
		text, err = engine.PromptContinuing(append(list, chat.Message{Role: "assistant", Content: begun}))
	} else {
		text, err = engine.Prompt(list)
	}
	if err != nil {
		return c, 0, err
	}
	c.Context = engine.Tokenizer.Encode(text, tokenizer.Options{})
	for _, more := range choices {
		whole := engine.Tokenizer.Encode(text+more, tokenizer.Options{})
		ids := whole[min(len(c.Context), len(whole)):]
		if len(ids) == 0 {
			return c, 0, fmt.Errorf("the choice %q adds nothing to the text", more)
		}
		c.Continuations, longest = append(c.Continuations, ids), max(longest, len(ids))
	}
	return c, longest, nil
}

// readChosen reads lines until the first that is not whole, and cuts the file
// there.
func readChosen(path string) (map[int]Chosen, error) {
	have := map[int]Chosen{}
	b, err := os.ReadFile(path)
	if err != nil {
		return have, err
	}
	whole := bytes.LastIndexByte(b, '\n') + 1
	for line := range bytes.Lines(b[:whole]) {
		var c choice
		if err := json.Unmarshal(line, &c); err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		have[c.Row] = c.Chosen
	}
	if whole < len(b) {
		err = os.Truncate(path, int64(whole))
	}
	return have, err
}

func writeChosen(path string, have map[int]Chosen, n int) error {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	for i := range n {
		if err := e.Encode(choice{i, have[i]}); err != nil {
			return err
		}
	}
	return durable.WriteBytes(path, out.Bytes())
}
