package bench

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"cogumi/reports/run"
	"cogumi/reports/run/durable"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/sandbox"
)

// Far above what right programs need: a busy machine is no wrong answer.
var limits = sandbox.Limits{CPU: 20 * time.Second, Wall: 60 * time.Second, Memory: 2 << 30, Output: 64 << 10, Processes: true}

// How programs are run; tests put in machines without a sandbox.
var (
	runPrograms = sandbox.RunAll
	available   = sandbox.Available
)

// runner runs program.py as the metric of the harness does: as text, without
// being the main module. What ends it early never comes to the last line, and it
// does not know the word that says that it did.
const runner = `import os
with open("program.py", newline="", encoding="utf-8") as f: text = f.read()
exec(text, {})
os.write(3, b"%s")
`

// ran is what became of a program.
type ran struct {
	Right  bool   `json:"right"`
	Reason string `json:"reason,omitempty"`
}

// runAll runs programs with their tests.
func runAll(ctx context.Context, programs []string) ([]ran, error) {
	word := rand.Text()
	list := make([]sandbox.Program, len(programs))
	for i, p := range programs {
		list[i] = sandbox.Program{Code: fmt.Sprintf(runner, word), Files: map[string]string{"program.py": strings.ToValidUTF8(p, "\uFFFD")}, Limits: limits}
	}
	results, err := runPrograms(ctx, list, runtime.GOMAXPROCS(0))
	if err != nil {
		return nil, err
	}
	out := make([]ran, len(results))
	for i := range results {
		r := &results[i]
		if out[i].Right = strings.HasSuffix(r.Report, word); !out[i].Right {
			out[i].Reason = lastLine(r)
		}
	}
	return out, nil
}

// lastLine is how a program ended, with Python's own last word.
func lastLine(r *sandbox.Result) string {
	lines := strings.Split(strings.TrimSpace(r.Stderr), "\n")
	if last := lines[len(lines)-1]; last != "" && !r.TimedOut {
		return last
	}
	if r.OK() {
		return "it ended before its tests"
	}
	return r.String()
}

// gate proves that programs are judged rightly here and now: the data set's own
// solutions pass, programs that do nothing fail.
func (s *suite) gate() error {
	var programs []string
	for _, q := range s.questions {
		code, _ := s.filters[0].apply(q, q.canonical)
		programs = append(programs, code+"\n"+q.target)
	}
	for _, q := range s.questions {
		programs = append(programs, stub(q)+"\n"+q.target)
	}
	spec := experiment.Spec{Name: "gate of " + s.title, Version: 1, Inputs: map[string]string{"programs": hashOf(programs)}, Params: map[string]any{"python": sandbox.Version()}}
	_, err := s.exp.Do(spec, func(w *experiment.Work) error {
		got, err := s.programs("gate of "+s.title, programs)
		if err != nil {
			return err
		}
		return s.checkGate(got)
	})
	return err
}

// stub does nothing: the function that is asked for without a body, or no program.
func stub(q *question) string {
	if q.before == "" {
		return "pass\n"
	}
	return q.before + "    pass\n"
}

func (s *suite) checkGate(got []ran) error {
	n, known := len(s.questions), 0
	var bad []string
	for i, r := range got {
		q := s.questions[i%n]
		if i < n && !r.Right && q.row == mbppBroken && strings.HasPrefix(q.task, "mbpp") {
			known++
			continue
		}
		if i < n && !r.Right {
			bad = append(bad, fmt.Sprintf("the known solution of %s row %d fails: %s", q.task, q.row, r.Reason))
		}
		if i >= n && r.Right {
			bad = append(bad, fmt.Sprintf("a program that does nothing passes %s row %d", q.task, q.row))
		}
	}
	if bad != nil {
		return experiment.Hint(fmt.Errorf("programs are not judged rightly here: %s (%d of %d)", bad[0], len(bad), 2*n), "no score is given; Python here is "+sandbox.Version())
	}
	text := fmt.Sprintf("All %d known solutions pass in the sandbox, and all %d programs that do nothing fail.", n-known, n)
	if known > 0 {
		text += fmt.Sprintf(" Row %d is left out: its tests use a name that the harness does not define, so that nothing can pass them.", mbppBroken)
	}
	s.exp.Check(run.Check{Topic: "bench", Name: "gate of " + s.title, Outcome: "ok", N: n - known, Of: n, Text: text})
	return nil
}

// programs runs programs in parts, so that a person sees how far they are.
func (s *suite) programs(name string, programs []string) ([]ran, error) {
	p := s.exp.Progress(name, "programs", len(programs))
	defer p.Done()
	var out []ran
	for part := range slices.Chunk(programs, 64) {
		got, err := runAll(s.exp.Context(), part)
		if err != nil {
			return nil, err
		}
		out = append(out, got...)
		p.Add(len(part))
	}
	return out, nil
}

// grade compares the answers with what is right.
func (s *suite) grade() error {
	s.items = make([]Item, len(s.questions))
	var programs []string
	for i, q := range s.questions {
		a := s.answers[i]
		it := Item{Task: q.task, Row: q.row, Prompt: q.plain(), Target: q.target, Answer: a.Text, LogProbs: a.LogProbs, Greedy: a.Greedy, Tokens: a.Tokens, Truncated: a.Truncated}
		if s.filters == nil {
			best := argmax(a.LogProbs)
			it.Answer, it.Extracted, it.Right = q.choices[best], q.choices[best], best == q.gold
		}
		for k, f := range s.filters {
			got, right := f.apply(q, a.Text)
			if k == 0 {
				it.Extracted, it.Right = got, right
			} else {
				it.Others = append(it.Others, Verdict{f.name, got, right})
			}
			programs = append(programs, got+"\n"+q.target)
		}
		s.items[i] = it
	}
	if !s.code {
		return nil
	}
	verdicts, err := s.verdicts(programs)
	for i, v := range verdicts {
		it := &s.items[i/len(s.filters)]
		if k := i % len(s.filters); k > 0 {
			it.Others[k-1].Right = v.Right
		} else {
			it.Right, it.Reason = v.Right, v.Reason
		}
	}
	return err
}

// argmax is the first of the largest, as numpy's.
func argmax(v []float64) int {
	best := 0
	for i := range v {
		if v[i] > v[best] {
			best = i
		}
	}
	return best
}

// verdicts is the step that runs the model's programs.
func (s *suite) verdicts(programs []string) (out []ran, err error) {
	const file = "verdicts.jsonl"
	spec := experiment.Spec{Name: "programs of " + s.title, Version: 1, Inputs: map[string]string{"programs": hashOf(programs)}, Params: map[string]any{"python": sandbox.Version()}}
	dir, err := s.exp.Do(spec, func(w *experiment.Work) error {
		got, err := s.programs("programs of "+s.title, programs)
		if err != nil {
			return err
		}
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		for _, r := range got {
			e.Encode(r)
		}
		return durable.WriteBytes(filepath.Join(w.Dir, file), b.Bytes())
	})
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	for d.More() {
		var r ran
		if err := d.Decode(&r); err != nil {
			return nil, fmt.Errorf("read %s: %w", filepath.Join(dir, file), err)
		}
		out = append(out, r)
	}
	if len(out) != len(programs) {
		err = errors.New("verdicts are missing in " + dir)
	}
	return out, err
}

func hashOf(list []string) string {
	h := sha256.New()
	json.NewEncoder(h).Encode(list)
	return hex.EncodeToString(h.Sum(nil))
}
