package grade

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/sandbox"
)

// version of what the verdicts mean; raised when they change.
const version = 1

// verdictsFile holds one outcome a line, in the order of the rows.
const verdictsFile = "verdicts.jsonl"

// Check grades every answer against its row:
//
//   - math: the number after ####, or where the row's own solution has no ####, the
//     number that FinalNumber finds, exactly equal to the row's;
//   - code: the answer, without a fence, is run in the sandbox, and every expression
//     in the row's answer, a JSON list of Python, is true of it;
//   - creativity: the whole answer is the reference;
//   - all else: the answer is the row's answer, but for white space around it.
//
// What cannot be found out is Unsupported, never wrong: rows without a reference,
// checks that an empty program passes or the row's own solution fails, and all code
// where there is no sandbox; a note says so.
//
// It is a step of the run: the same answers are graded once. A failure ends the run.
func Check(a *dataset.Answers) *Sheet {
	s, err := check(experiment.Current(), a)
	if err != nil {
		experiment.Stop(err)
	}
	return s
}

// errSandbox says that verdicts are missing which another attempt may find: the
// step does not count as finished.
var errSandbox = errors.New("the sandbox failed")

func check(r *experiment.Run, a *dataset.Answers) (*Sheet, error) {
	if len(a.List) != len(a.Set.Rows) {
		return nil, fmt.Errorf("grade %s: %d answers to %d rows", a.Set.Name, len(a.List), len(a.Set.Rows))
	}
	what := fmt.Sprintf("grade %s on %s", orElse(a.Model, "model"), orElse(a.Set.Name, "rows"))
	hash, err := contentHash(a)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	spec := experiment.Spec{Name: what, Version: version, Inputs: map[string]string{"answers": hash}, Params: params(a)}
	var outcomes []outcome
	dir, err := r.Do(spec, func(w *experiment.Work) error {
		var broken error
		outcomes, broken, err = gradeAll(r.Context(), r, a)
		if err != nil {
			return err
		}
		s := sheet(a, outcomes)
		if broken == nil {
			err = writeOutcomes(filepath.Join(w.Dir, verdictsFile), outcomes)
		}
		if err != nil {
			return err
		}
		s.report(r)
		return broken
	})
	if errors.Is(err, errSandbox) {
		return sheet(a, outcomes), nil
	}
	if err != nil {
		return nil, err
	}
	if outcomes, err = readOutcomes(filepath.Join(dir, verdictsFile), len(a.List)); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return sheet(a, outcomes), nil
}

func orElse(s, def string) string {
	if s == "" {
		return def
	}
	return s
}

// params is what decides verdicts beside the answers: for code, the interpreter.
func params(a *dataset.Answers) map[string]any {
	for _, row := range a.Set.Rows {
		if category(row) == "code" {
			if err := available(); err != nil {
				return map[string]any{"python": "none: " + err.Error()}
			}
			return map[string]any{"python": sandbox.Version()}
		}
	}
	return nil
}

// contentHash is over everything that a verdict depends on.
func contentHash(a *dataset.Answers) (string, error) {
	h := sha256.New()
	enc := json.NewEncoder(h)
	for i, row := range a.Set.Rows {
		if err := enc.Encode([]string{category(row), row.Answer, row.Output, a.List[i].Text}); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// gradeAll gives an outcome for every answer. broken says that the sandbox failed
// for some of them.
func gradeAll(ctx context.Context, r *experiment.Run, a *dataset.Answers) (out []outcome, broken, err error) {
	out = make([]outcome, len(a.List))
	texts := make([]string, len(a.List))
	var code []int
	for i, row := range a.Set.Rows {
		texts[i] = a.List[i].Text
		if category(row) == "code" {
			code = append(code, i)
		} else {
			out[i] = gradeText(row, texts[i])
		}
	}
	if len(code) == 0 {
		return out, nil, nil
	}
	err = available()
	if err == nil {
		broken, err = gradeCode(ctx, r, a.Set.Rows, texts, code, out)
	}
	if err == nil {
		return out, broken, nil
	}
	if cause := context.Cause(ctx); cause != nil {
		return nil, nil, cause
	}
	for _, i := range code {
		out[i] = outcome{Unsupported, Unfence(texts[i]), err.Error()}
	}
	if !errors.Is(err, sandbox.ErrUnsupported) {
		broken = fmt.Errorf("%w: %w", errSandbox, err)
	}
	return out, broken, nil
}

func sheet(a *dataset.Answers, outcomes []outcome) *Sheet {
	s := &Sheet{Name: a.Set.Name, Model: a.Model, Items: make([]Item, len(outcomes))}
	for i, o := range outcomes {
		s.Items[i] = Item{Row: a.Set.Rows[i], Answer: a.List[i], Verdict: o.Verdict, Extracted: o.Extracted, Reason: o.Reason}
	}
	return s
}

func writeOutcomes(path string, outcomes []outcome) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	enc := json.NewEncoder(w)
	for _, o := range outcomes {
		if err = enc.Encode(o); err != nil {
			break
		}
	}
	if err := errors.Join(err, w.Flush(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func readOutcomes(path string, n int) ([]outcome, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	dec := json.NewDecoder(bufio.NewReader(f))
	out := make([]outcome, n)
	for i := range out {
		if err := dec.Decode(&out[i]); err != nil {
			return nil, fmt.Errorf("read %s: verdict %d of %d: %w", path, i+1, n, err)
		}
	}
	return out, nil
}
