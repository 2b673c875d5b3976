package judge

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"cogumi/reports/run"
	"cogumi/reports/run/durable"
	"cogumi/stdlib/experiment"
)

// Options say how a match is judged.
type Options struct {
	MaxDollars float64 // hard limit; 0: none. Unpaid judges need none
	MaxErrors  float64 // share of judgements that may fail; 0: 0.05
	Canaries   int     // pairs of each kind; 0: 5, below 0: none
	Seed       int     // of the canaries' choice and of bootstraps
}

// version of what judgements mean; raised when they change.
const version = 1

const (
	judgementsFile = "judgements.jsonl"
	summaryFile    = "judging.json"
)

// judgement is one line of judgements.jsonl.
type judgement struct {
	Pair   int       `json:"pair"`
	Order  int       `json:"order"` // 0: ours stood first
	Canary string    `json:"canary,omitempty"`
	Said   *Decision `json:"said,omitempty"`
	Error  string    `json:"error,omitempty"`
	Hash   string    `json:"hash"` // of prompt and answers: what a replay finds it by
}

// Compare lets a judge decide all pairs of a match in both orders, and the
// canaries, and reports the result to the run. It is a step: what is judged is not
// judged again, and what is paid is not paid again even where the step is new or
// was killed. It fails when more than MaxErrors of the judgements do.
func Compare(j *Judge, m *Match, o Options) (*Result, error) {
	if len(m.Pairs) == 0 {
		return nil, fmt.Errorf("judge %s: there are no pairs", m.Name)
	}
	if o.MaxErrors == 0 {
		o.MaxErrors = 0.05
	}
	if o.Canaries == 0 {
		o.Canaries = 5
	}
	if !j.bench.tried() {
		o.Canaries = 0
	}
	r := experiment.Current()
	spec := experiment.Spec{Name: fmt.Sprintf("%s judges %s against %s on %s", j.Name, m.Ours, m.Theirs, m.Name), Version: version,
		Machine: j.Settings.Kind == "local", Inputs: map[string]string{"pairs": m.hash()}, Params: map[string]any{"judge": j.Settings, "max errors": o.MaxErrors, "canaries": o.Canaries, "seed": o.Seed}}
	var cost Cost
	heard := false
	dir, err := r.Do(spec, func(w *experiment.Work) (err error) {
		heard = true
		cost, err = hearAll(r, j, m, o, w)
		return err
	})
	if heard { // not within the step: what a later run takes from it is not paid again
		reportCost(r, j, cost)
	}
	if err != nil {
		return nil, err
	}
	said, err := readJudgements(filepath.Join(dir, judgementsFile))
	if err != nil {
		return nil, err
	}
	if !heard {
		if cost, err = costBefore(dir); err != nil {
			return nil, err
		}
		cost = cost.again()
		reportCost(r, j, cost)
	}
	result := tally(j, m, o, said, cost)
	if j.Settings.Kind != "truth" {
		result.compareWithTruth(m)
	}
	result.report(r, m)
	return result, nil
}

// MustCompare is Compare; an error ends the run.
func MustCompare(j *Judge, m *Match, o Options) *Result {
	res, err := Compare(j, m, o)
	return must(res, err)
}

// costBefore is what the judgements in dir cost the run that made them.
func costBefore(dir string) (cost Cost, err error) {
	b, err := os.ReadFile(filepath.Join(dir, summaryFile))
	if err == nil {
		err = json.Unmarshal(b, &cost)
	}
	if err != nil {
		err = fmt.Errorf("read what judging cost: %w", err)
	}
	return cost, err
}

func hearAll(r *experiment.Run, j *Judge, m *Match, o Options, w *experiment.Work) (cost Cost, err error) {
	cases := m.asks(o.Canaries, o.Seed)
	h := &hearing{run: r, dir: ledgers(r, w), limit: o.MaxDollars, spent: newPurse(o.MaxDollars)}
	ctx := r.Context()
	if e, ok := j.bench.(*endpoint); ok {
		if err := e.open(ctx, h); err != nil {
			return cost, err
		}
		defer func() { err = errors.Join(err, e.close()) }()
	}
	if err := announce(r, j, cases, o); err != nil {
		return cost, err
	}
	said := make([]judgement, len(cases))
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
	tick, over := func() {}, func() {}
	if _, ok := j.bench.(*local); !ok { // a model of ours shows how far it is itself
		bar := r.Progress("judge "+m.Name, "judgements", len(cases))
		tick, over = func() { bar.Add(1) }, bar.Done
	}
	err = j.bench.hear(ctx, h, cases, func(i int, d Decision, err error) {
		a := &cases[i]
		line := judgement{Pair: a.pair, Order: a.order, Canary: a.canary, Hash: a.hash()}
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			line.Error = err.Error()
			failed, last = failed+1, err
		} else {
			line.Said = &d
		}
		said[i] = line
		tick()
	})
	over()
	cost = h.spent.total()
	cost.Known = priced(j)
	if j.Settings.Kind != "endpoint" {
		cost.Calls = len(cases) // of this machine
	}
	if err == nil {
		err = h.broken()
	}
	if err != nil {
		return cost, fmt.Errorf("%s judges %s: %w", j.Name, m.Name, err)
	}
	if err := writeJudgements(filepath.Join(w.Dir, judgementsFile), said); err != nil {
		return cost, err
	}
	b, err := json.Marshal(cost)
	if err != nil {
		return cost, err
	}
	return cost, durable.WriteBytes(filepath.Join(w.Dir, summaryFile), b)
}

func tooMany(failed, all int, most float64, last error) error {
	return experiment.Hint(fmt.Errorf("%d of %d judgements failed, %.1f %% may: %w", failed, all, 100*most, last), "what was paid is kept: run it again when the cause is gone")
}

func priced(j *Judge) bool {
	e, ok := j.bench.(*endpoint)
	return ok && e.price != nil
}

// ledgers is where what is paid lies: beside the runs, not in what can be deleted.
func ledgers(r *experiment.Run, w *experiment.Work) string {
	if r.Dir() == "" {
		return filepath.Join(filepath.Dir(w.Dir), "judgements")
	}
	return filepath.Join(filepath.Dir(r.Dir()), ".judgements")
}

// announce says what judging will cost and refuses what the limit cannot hold.
func announce(r *experiment.Run, j *Judge, cases []ask, o Options) error {
	e := j.bench.estimate(cases)
	if e == nil {
		return nil
	}
	text := fmt.Sprintf("%s: %d judgements, %d of them known already; what they cost is unknown, nobody said what %s costs", j.Name, e.Calls, e.Known, e.Model)
	if e.Price != nil {
		text = fmt.Sprintf("%s: %d judgements, %d of them known already; they will cost about $%.4f ($%.4f to $%.4f) at $%g and $%g a million tokens in and out",
			j.Name, e.Calls, e.Known, e.Likely, e.Low, e.High, e.Price.Input, e.Price.Output)
	}
	r.Note(run.Note{Level: "info", Topic: "cost", Text: text})
	if age, old := e.Price.age(time.Now()); age != "" && e.Known < e.Calls {
		n := run.Note{Level: "info", Topic: "cost", Text: e.Model + ": " + age}
		if old {
			n.Level, n.Hint = "warn", `check them; your own table: --prices FILE with {"`+e.Model+`": {"input": …, "cached": …, "output": …, "batch": 0.5, "date": "`+time.Now().Format("2006-01")+`"}}, dollars a million tokens`
		}
		r.Note(n)
	}
	if o.MaxDollars > 0 && e.Low > o.MaxDollars {
		return experiment.WithCode(experiment.Hint(fmt.Errorf("%w before it began: judging costs $%.4f or more, the limit is $%.4f", ErrBudget, e.Low, o.MaxDollars), "raise the limit, or judge fewer rows"), 3)
	}
	return nil
}

func (a *ask) hash() string {
	first, second := a.shown()
	sum := sha256.Sum256([]byte(a.Row.Prompt() + "\x00" + first + "\x00" + second))
	return hex.EncodeToString(sum[:16])
}

func writeJudgements(path string, said []judgement) error {
	return durable.WriteFile(path, func(w io.Writer) error {
		out := bufio.NewWriter(w)
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		for i := range said {
			if err := enc.Encode(&said[i]); err != nil {
				return err
			}
		}
		return out.Flush()
	})
}

func readJudgements(path string) ([]judgement, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read judgements: %w", err)
	}
	defer f.Close()
	return decodeJudgements(f, path)
}

func decodeJudgements(in io.Reader, name string) ([]judgement, error) {
	var out []judgement
	dec := json.NewDecoder(bufio.NewReader(in))
	for {
		var j judgement
		err := dec.Decode(&j)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err == nil && (j.Order < 0 || j.Order > 1 || j.Said == nil && j.Error == "" || j.Said != nil && j.value() < 0) {
			err = errors.New("it is no judgement")
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: judgement %d: %w", name, len(out)+1, err)
		}
		out = append(out, j)
	}
}

// value is a judgement from our side: 1 won, 0 lost, 0.5 a tie, −1 nonsense.
func (j *judgement) value() float64 {
	switch {
	case j.Said.Winner == Tie:
		return 0.5
	case j.Said.Winner != First && j.Said.Winner != Second:
		return -1
	case (j.Said.Winner == First) == (j.Order == 0):
		return 1
	}
	return 0
}
