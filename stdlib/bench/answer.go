package bench

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"cogumi/reports/run"
	"cogumi/reports/run/durable"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/llm"
	"cogumi/stdlib/llm/tokenizer"
)

// answer is one line of a journal: what the model said to one question.
type answer struct {
	Row       int       `json:"row"` // among the suite's questions
	Text      string    `json:"text,omitempty"`
	Tokens    int       `json:"tokens,omitempty"`
	Truncated bool      `json:"truncated,omitempty"`
	Cut       int       `json:"cut,omitempty"` // tokens of the prompt that the model has no room for
	LogProbs  []float64 `json:"logprobs,omitempty"`
	Greedy    []bool    `json:"greedy,omitempty"`
}

const answersFile = "answers.jsonl"

// answer is the step in which the model answers.
func (s *suite) answer() error {
	inputs := s.model.Identity()
	inputs["questions"] = s.hash()
	params := map[string]any{"task": s.name, "chat": s.config.Chat, "one turn": s.config.OneTurn, "until": s.until, "tokens": s.maxTokens}
	spec := experiment.Spec{Name: "answers to " + s.title, Version: 1, Inputs: inputs, Params: params, Machine: true}
	dir, err := s.exp.Do(spec, s.ask)
	if err != nil {
		return err
	}
	have, err := readJournal(filepath.Join(dir, answersFile))
	if err != nil {
		return err
	}
	s.answers = make([]answer, len(s.questions))
	for i := range s.answers {
		a, ok := have[i]
		if !ok {
			return fmt.Errorf("%s: question %d has no answer", filepath.Join(dir, answersFile), i)
		}
		s.answers[i] = a
	}
	return nil
}

// hash is of all that the model is asked.
func (s *suite) hash() string {
	h := sha256.New()
	e := json.NewEncoder(h)
	for _, q := range s.questions {
		e.Encode([]any{q.task, q.row, q.turnsText(), q.choices})
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (q *question) turnsText() (out []string) {
	for _, t := range q.turns() {
		out = append(out, t.role, t.content, t.delimiter)
	}
	return out
}

// prompt is the text that the model reads.
func (s *suite) prompt(engine *llm.Model, q *question) (string, error) {
	if !s.config.Chat {
		return q.plain(), nil
	}
	list, continued := q.messages(!s.config.OneTurn)
	if continued {
		return engine.PromptContinuing(list)
	}
	return engine.Prompt(list)
}

// encode is what the harness does: the tokenizer adds its begin-of-text token,
// unless the template wrote it already. Two of them cost points.
func encode(t *tokenizer.Tokenizer, text string) []int32 {
	empty := t.Encode("", tokenizer.Options{AddSpecial: true})
	if len(empty) > 0 && strings.HasPrefix(text, t.Decode(empty[:1], false)) {
		return t.Encode(text, tokenizer.Options{})
	}
	return t.Encode(text, tokenizer.Options{AddSpecial: true})
}

// ask lets the model answer what the journal does not hold.
func (s *suite) ask(w *experiment.Work) error {
	path := filepath.Join(w.Dir, "journal.tmp")
	have, err := readJournal(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	engine, adapter, err := s.model.Computing(s.exp.Context())
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	a := &asking{suite: s, engine: engine, adapter: adapter, journal: f, have: have}
	a.progress = s.exp.Progress(s.title, "items", len(s.questions))
	defer a.progress.Done()
	a.progress.Skip(len(have))
	if err := a.prepare(); err != nil {
		return err
	}
	if s.filters == nil {
		err = a.choose()
	} else {
		err = a.write()
	}
	if err = errors.Join(err, a.err); err != nil {
		return err
	}
	a.tell()
	return durable.WriteBytes(filepath.Join(w.Dir, answersFile), a.lines())
}

// asking is what is to be asked yet.
type asking struct {
	*suite
	engine   *llm.Model
	adapter  *llm.Adapter
	journal  *os.File
	have     map[int]answer
	rows     []int // of the questions that are asked
	texts    []string
	progress *experiment.Progress
	reuse    llm.Reuse
	err      error // of the journal
}

func (a *asking) prepare() error {
	for i, q := range a.questions {
		if _, ok := a.have[i]; ok {
			continue
		}
		text, err := a.prompt(a.engine, q)
		if err != nil {
			return fmt.Errorf("%s row %d: %w", q.task, q.row, err)
		}
		a.rows, a.texts = append(a.rows, i), append(a.texts, text)
	}
	if len(a.texts) > 0 {
		a.exp.Logf("%s, first prompt, %d bytes:\n%s", a.title, len(a.texts[0]), middleless(a.texts[0]))
	}
	return nil
}

// middleless is a text with its beginning and its end, which tell most about a
// prompt: the template, and where the answer begins.
func middleless(text string) string {
	runes := []rune(text)
	if len(runes) < 900 {
		return text
	}
	return string(runes[:300]) + "\n […]\n" + string(runes[len(runes)-500:])
}

// fit cuts a prompt that the model has no room for at its beginning, as the harness
// does. room is what comes behind it.
func (a *asking) fit(ids []int32, room int) ([]int32, int) {
	limit := a.engine.Config.MaxPositions - room
	if over := len(ids) - limit; limit > 0 && over > 0 {
		return ids[over:], over
	}
	return ids, 0
}

// choose asks for the log-probabilities of the choices.
func (a *asking) choose() error {
	choices := make([]llm.Choice, len(a.rows))
	cuts := make([]int, len(a.rows))
	for i, row := range a.rows {
		q := a.questions[row]
		c := llm.Choice{}
		longest := 0
		for _, text := range q.continuations(a.config.Chat) {
			var ids []int32
			c.Context, ids = a.pair(a.texts[i], text)
			c.Continuations, longest = append(c.Continuations, ids), max(longest, len(ids))
		}
		c.Context, cuts[i] = a.fit(c.Context, longest)
		choices[i] = c
	}
	var err error
	a.reuse, err = a.engine.Likelihoods(a.exp.Context(), a.adapter, choices, 0, func(i int, l llm.Likelihood) {
		a.keep(answer{Row: a.rows[i], LogProbs: l.LogProbs, Greedy: l.Greedy, Cut: cuts[i]})
	})
	return err
}

// pair encodes context and continuation as one text and parts them at the length
// of the context's own encoding; white space at the context's end goes to the
// continuation (lm_eval/api/model.py, _encode_pair).
func (a *asking) pair(context, continuation string) (ids, rest []int32) {
	t := a.engine.Tokenizer
	trimmed := strings.TrimRightFunc(context, isSpace)
	continuation = context[len(trimmed):] + continuation
	whole := encode(t, trimmed+continuation)
	n := min(len(encode(t, trimmed)), len(whole)-1)
	return whole[:n], whole[n:]
}

// write lets the model write, up to the first stop.
func (a *asking) write() error {
	tokens := min(a.maxTokens, a.engine.Config.MaxPositions/2)
	prompts := make([][]int32, len(a.rows))
	cuts := make([]int, len(a.rows))
	for i := range a.rows {
		prompts[i], cuts[i] = a.fit(encode(a.engine.Tokenizer, a.texts[i]), tokens)
	}
	slots := 0
	if a.shared {
		slots = 8 // each reads the common examples once
	}
	stopped := func(_ int, ids []int32) bool {
		text := a.engine.Tokenizer.Decode(ids, true)
		return cut(text, a.until) != text
	}
	var err error
	a.reuse, err = a.engine.GenerateShared(a.exp.Context(), a.adapter, prompts, llm.GenerateConfig{MaxTokens: tokens, Slots: slots}, stopped, func(i int, o llm.Output) {
		text := a.engine.Tokenizer.Decode(o.IDs, true)
		a.keep(answer{Row: a.rows[i], Text: cut(text, a.until), Tokens: len(o.IDs), Truncated: o.Truncated, Cut: cuts[i]})
	})
	return err
}

// keep puts an answer into the journal.
func (a *asking) keep(x answer) {
	a.have[x.Row] = x
	b, err := json.Marshal(x)
	if err == nil {
		_, err = a.journal.Write(append(b, '\n'))
	}
	a.err = errors.Join(a.err, err)
	a.progress.Add(1)
}

func (a *asking) lines() []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	for i := range a.questions {
		e.Encode(a.have[i])
	}
	return out.Bytes()
}

// tell says what the score does not.
func (a *asking) tell() {
	if all := a.reuse.Read + a.reuse.Cached; all > 0 {
		a.exp.Logf("%s: %d tokens of prompts read, %d (%.0f %%) shared with the prompt before", a.title, a.reuse.Read, a.reuse.Cached, 100*float64(a.reuse.Cached)/float64(all))
	}
	cut := 0
	for _, x := range a.have {
		if x.Cut > 0 {
			cut++
		}
	}
	if cut > 0 {
		a.exp.Note(run.Note{Level: "warn", Topic: "bench", Text: fmt.Sprintf("%d of %d prompts of %s are longer than the %d tokens that the model takes; they lost their beginning, as in the harness",
			cut, len(a.questions), a.title, a.engine.Config.MaxPositions), Hint: "fewer examples (--shots) fit"})
	}
}

// readJournal reads answers until the first line that is not whole, and cuts the
// file there.
func readJournal(path string) (map[int]answer, error) {
	have := map[int]answer{}
	b, err := os.ReadFile(path)
	if err != nil {
		return have, err
	}
	whole := bytes.LastIndexByte(b, '\n') + 1
	in := bufio.NewScanner(bytes.NewReader(b[:whole]))
	in.Buffer(nil, len(b)+1)
	for in.Scan() {
		var a answer
		if err := json.Unmarshal(in.Bytes(), &a); err != nil {
			return have, fmt.Errorf("read %s: %w", path, err)
		}
		have[a.Row] = a
	}
	if whole < len(b) {
		err = os.Truncate(path, int64(whole))
	}
	return have, err
}
