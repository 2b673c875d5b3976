package judge

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/sashabaranov/go-openai"

	"cogumi/stdlib/experiment"
	"cogumi/stdlib/experiment/machine"
)

// Question is something that a judge's model is asked and that is no pair.
type Question struct{ System, User string }

// Form is what answers must look like.
type Form struct {
	Name   string                  // of the schema
	Schema json.RawMessage         // JSON schema, for endpoints that take one
	Check  func(text string) error // why an answer cannot be used; it may be called by several goroutines
}

// Reply is the answer to a Question.
type Reply struct {
	Text  string
	Model string
	Err   error // why there is none
}

// Ask asks n questions, as Compare asks its pairs: what is paid is kept under the
// hash of what was sent, so that no run pays it again, MaxDollars is never exceeded,
// an answer that cannot be used is asked for once more, and more failures than
// MaxErrors are an error. get is called when it is needed, more than once.
func (j *Judge) Ask(name string, n int, get func(i int) (Question, error), f Form, o Options) ([]Reply, *Cost, error) {
	if o.MaxErrors == 0 {
		o.MaxErrors = 0.05
	}
	b, err := j.bench, error(nil)
	switch was := b.(type) {
	case *endpoint: // one of its own: another schema
		b = &endpoint{c: was.c, client: was.client, net: was.net, price: was.price, account: was.account, back: was.back, poll: was.poll, form: f}
	case *local:
	default:
		return nil, nil, fmt.Errorf("%s can judge pairs and nothing else", j.Name)
	}
	r := experiment.Current()
	dir, err := askLedgers(r)
	if err != nil {
		return nil, nil, err
	}
	cases := make([]ask, n)
	for i := range cases {
		cases[i].other = &question{i: i, get: get, form: &f}
	}
	return j.askAll(r, b, name, dir, cases, o)
}

func (j *Judge) askAll(r *experiment.Run, b bench, name, dir string, cases []ask, o Options) (replies []Reply, _ *Cost, err error) {
	h := &hearing{run: r, dir: dir, limit: o.MaxDollars, spent: newPurse(o.MaxDollars)}
	if e, ok := b.(*endpoint); ok {
		if err := e.open(r.Context(), h); err != nil {
			return nil, nil, err
		}
		defer func() { err = errors.Join(err, e.close()) }()
	}
	if err := announce(r, &Judge{Name: j.Name, bench: b}, cases, o); err != nil {
		return nil, nil, err
	}
	var mu sync.Mutex
	failed := 0
	var last error
	h.broken = func() error {
		mu.Lock()
		defer mu.Unlock()
		if float64(failed) > o.MaxErrors*float64(len(cases)) {
			return tooMany(failed, len(cases), o.MaxErrors, last)
		}
		return nil
	}
	replies = make([]Reply, len(cases))
	bar := r.Progress(name, "questions", len(cases))
	err = b.hear(r.Context(), h, cases, func(i int, d Decision, err error) {
		mu.Lock()
		defer mu.Unlock()
		replies[i] = Reply{Text: d.text, Model: d.Model, Err: err}
		if err != nil {
			failed, last = failed+1, err
		}
		bar.Add(1)
	})
	bar.Done()
	cost := h.spent.total()
	cost.Known = priced(j)
	reportCost(r, j, cost)
	if err == nil {
		err = h.broken()
	}
	if err != nil {
		return nil, &cost, fmt.Errorf("%s, %s: %w", j.Name, name, err)
	}
	return replies, &cost, nil
}

// question is a case that is no pair.
type question struct {
	i    int
	get  func(i int) (Question, error)
	form *Form
}

// messages are what is asked. What cannot be read is asked as nothing, which no
// answer fits.
func (q *question) messages() []openai.ChatCompletionMessage {
	text, err := q.get(q.i)
	if err != nil {
		return nil
	}
	return []openai.ChatCompletionMessage{{Role: "system", Content: text.System}, {Role: "user", Content: text.User}}
}

// read takes an answer apart.
func (a *ask) read(text string) (Decision, error) {
	if a.other == nil {
		return parse(text)
	}
	text = unfence(text)
	return Decision{text: text}, a.other.form.Check(text)
}

// askLedgers is where what is paid lies: beside the runs, or in the cache outside
// of one.
func askLedgers(r *experiment.Run) (string, error) {
	if r.Dir() != "" {
		return filepath.Join(filepath.Dir(r.Dir()), ".judgements"), nil
	}
	dir, err := machine.CacheDir()
	return filepath.Join(dir, "judgements"), err
}
