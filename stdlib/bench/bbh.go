package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"cogumi/stdlib/experiment"
)

// loadBBH is tasks/bbh/cot_fewshot: three worked examples a task, which come from
// the harness's own task files or from the data set's cot-prompts.
func loadBBH(l *loader) ([]*question, error) {
	var out []*question
	for _, task := range bbhTasks {
		path, err := l.file("bbh", known{}, task.name+".json")
		if err != nil {
			return nil, err
		}
		b, err := read(path)
		if err != nil {
			return nil, err
		}
		var file struct {
			Examples []struct{ Input, Target string }
		}
		if err := json.Unmarshal(b, &file); err != nil {
			return nil, fmt.Errorf("%s: broken JSON: %w", path, err)
		}
		texts := make([]string, len(file.Examples))
		for i, e := range file.Examples {
			if texts[i] = e.Input + " " + e.Target; e.Input == "" || e.Target == "" {
				return nil, fmt.Errorf("%s: example %d has no input or no target", path, i+1)
			}
		}
		if err := l.check(path, task.known(), len(texts), texts); err != nil {
			return nil, err
		}
		cot, err := l.worked(task.name)
		if err != nil {
			return nil, err
		}
		for i, e := range head(file.Examples, l.limit) {
			out = append(out, &question{task: "bbh_cot_fewshot_" + task.name, row: i, description: cot.description, shots: cot.shots,
				text: bbhText(e.Input), target: e.Target})
		}
	}
	return out, nil
}

func bbhText(input string) string { return "Q: " + input + "\nA: Let's think step by step.\n" }

// worked are the examples of a task of BBH.
type worked struct {
	description string
	shots       []shot
}

// worked finds a task's examples.
func (l *loader) worked(task string) (w worked, err error) {
	path, err := find(l.dir, "bbh", "cot_fewshot/"+task+".yaml", "cot-prompts/"+task+".txt")
	if errors.Is(err, fs.ErrNotExist) {
		return w, experiment.WithCode(experiment.Hint(fmt.Errorf("the worked examples of BBH's %s: %w", task, err),
			"put lm_eval/tasks/bbh/cot_fewshot of lm-evaluation-harness there as bbh/cot_fewshot, or cot-prompts of suzgunmirac/BIG-Bench-Hard as bbh/cot-prompts (both MIT)"), 3)
	}
	if err != nil {
		return w, err
	}
	b, err := read(path)
	if err == nil && strings.HasSuffix(path, ".txt") {
		w, err = parseWorkedText(string(b))
	} else if err == nil {
		w, err = parseWorkedYAML(b)
	}
	if err != nil {
		return w, fmt.Errorf("%s: %w", path, err)
	}
	if len(w.shots) < l.shots {
		return w, fmt.Errorf("%s has %d examples, %d are needed", path, len(w.shots), l.shots)
	}
	w.shots = w.shots[:l.shots]
	l.read = append(l.read, path)
	return w, nil
}

// parseWorkedYAML reads a task file of the harness.
func parseWorkedYAML(b []byte) (w worked, err error) {
	var file struct {
		Description string `yaml:"description"`
		Text        string `yaml:"doc_to_text"`
		Fewshot     struct {
			Samples []struct{ Input, Target string } `yaml:"samples"`
		} `yaml:"fewshot_config"`
	}
	if err := yaml.Unmarshal(b, &file); err != nil {
		return w, err
	}
	if got, want := file.Text, bbhText("{{input}}"); got != want {
		return w, fmt.Errorf("doc_to_text is %q, known is %q", got, want)
	}
	w.description = file.Description
	for _, s := range file.Fewshot.Samples {
		w.shots = append(w.shots, shot{bbhText(s.Input), s.Target})
	}
	return w, nil
}

// parseWorkedText reads a file of the data set's cot-prompts: a canary, a line of
// dashes, the description, and examples that begin with "Q: ", all with empty
// lines between them.
func parseWorkedText(text string) (w worked, err error) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if _, rest, ok := strings.Cut(text, "\n-----\n"); ok {
		text = rest
	}
	parts := strings.Split("\n\n"+strings.Trim(text, "\n"), "\n\nQ: ")
	if w.description = strings.TrimPrefix(parts[0], "\n\n"); w.description != "" {
		w.description += "\n\n"
	}
	for i, p := range parts[1:] {
		const step = "\nA: Let's think step by step.\n"
		input, target, ok := strings.Cut(p, step)
		if !ok {
			return w, fmt.Errorf("example %d has no line %q", i+1, strings.TrimSpace(step))
		}
		w.shots = append(w.shots, shot{bbhText(input), target})
	}
	if w.shots == nil {
		return w, errors.New(`no line begins with "Q: "`)
	}
	return w, nil
}

// bbhAnswer is what stands behind "the answer is " up to the last character of the
// line, which is mostly a full stop.
func bbhAnswer(text string) string {
	const lead = "the answer is "
	for {
		_, rest, ok := strings.Cut(text, lead)
		if !ok {
			return invalid
		}
		line, _, _ := strings.Cut(rest, "\n")
		if line != "" {
			_, size := utf8.DecodeLastRuneInString(line)
			return strip(line[:len(line)-size])
		}
		text = rest
	}
}
