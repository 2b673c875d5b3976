package bench

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// humanEvalRow is a row of openai/openai_humaneval.
type humanEvalRow struct {
	ID        string `json:"task_id"`
	Prompt    string `json:"prompt"`
	Entry     string `json:"entry_point"`
	Canonical string `json:"canonical_solution"`
	Test      string `json:"test"`
}

// loadHumanEval is tasks/humaneval/humaneval.yaml and humaneval_instruct.yaml.
func loadHumanEval(instruct bool) func(*loader) ([]*question, error) {
	return func(l *loader) ([]*question, error) {
		path, err := l.file("humaneval", humanEval, "HumanEval.jsonl", "humaneval.jsonl", "test.jsonl")
		if err != nil {
			return nil, err
		}
		var rows []humanEvalRow
		var texts []string
		err = readLines(path, func(line []byte) error {
			var r humanEvalRow
			if err := parse(line, &r, "prompt", "entry_point", "canonical_solution", "test"); err != nil {
				return err
			}
			rows, texts = append(rows, r), append(texts, r.Prompt+r.Canonical+r.Test)
			return nil
		})
		if err == nil {
			err = l.check(path, humanEval, len(rows), texts)
		}
		if err != nil {
			return nil, err
		}
		var out []*question
		for i, r := range head(rows, l.limit) {
			q := &question{task: "humaneval", row: i, text: r.Prompt, delimiter: " ", before: r.Prompt,
				target: r.Test + "\ncheck(" + r.Entry + ")", canonical: r.Canonical}
			if instruct {
				q.task = "humaneval_instruct"
				q.text = "Write a solution to the following problem and make sure that it passes the tests:\n```python\n" + r.Prompt + "\n```\n"
				q.prefix = "Here is the completed function:\n```python\n" + r.Prompt + "\n"
			}
			out = append(out, q)
		}
		return out, nil
	}
}

// mbppRow is a row of google-research-datasets/mbpp, full.
type mbppRow struct {
	ID    int      `json:"task_id"`
	Text  string   `json:"text"`
	Code  string   `json:"code"`
	Tests []string `json:"test_list"`
}

// MBPP's own split: tasks 1-10 are for prompts, 11-510 are the test.
const mbppFirst, mbppLast = 11, 510

// loadMBPP is tasks/mbpp/mbpp.yaml and mbpp_instruct.yaml, whose examples are the
// tasks 2, 3 and 4.
func loadMBPP(instruct bool) func(*loader) ([]*question, error) {
	return func(l *loader) ([]*question, error) {
		rows, err := readMBPP(l)
		if err != nil {
			return nil, err
		}
		var shots []shot
		var test []mbppRow
		for i := range rows {
			r := &rows[i]
			if r.ID >= 2 && r.ID <= 4 && len(shots) < l.shots {
				shots = append(shots, shot{r.ask(instruct), r.Code + map[bool]string{false: "\n[DONE]", true: "\n```"}[instruct]})
			}
			if r.ID >= mbppFirst && r.ID <= mbppLast {
				test = append(test, *r)
			}
		}
		if len(shots) < l.shots {
			return nil, fmt.Errorf("mbpp has three examples, %d are asked for", l.shots)
		}
		var out []*question
		for i := range head(test, l.limit) {
			r := &test[i]
			q := &question{task: "mbpp", row: i, shots: shots, text: r.ask(instruct), target: strings.Join(r.Tests[:3], "\n"), canonical: r.Code}
			if instruct {
				q.task, q.prefix = "mbpp_instruct", "\n```python\n"
				q.canonical = "\n" + r.Code + "\n```"
			}
			out = append(out, q)
		}
		return out, nil
	}
}

func readMBPP(l *loader) ([]mbppRow, error) {
	path, err := l.file("mbpp", mbpp, "mbpp.jsonl")
	if err != nil {
		return nil, err
	}
	var rows []mbppRow
	var texts []string
	err = readLines(path, func(line []byte) error {
		var r mbppRow
		if err := parse(line, &r, "task_id", "text", "code", "test_list"); err != nil {
			return err
		}
		if len(r.Tests) < 3 {
			return fmt.Errorf("the prompt shows three tests, the row has %d", len(r.Tests))
		}
		rows, texts = append(rows, r), append(texts, fmt.Sprint(r.ID, r.Text, r.Code, r.Tests))
		return nil
	})
	if err == nil {
		err = l.check(path, mbpp, len(rows), texts)
	}
	slices.SortStableFunc(rows, func(a, b mbppRow) int { return a.ID - b.ID })
	return rows, err
}

func (r *mbppRow) ask(instruct bool) string {
	tests := strings.Join(r.Tests[:3], "\n")
	if instruct {
		return "You are an expert Python programmer, and here is your task:\n" + r.Text + "\nYour code should pass these tests:\n" + tests
	}
	return "You are an expert Python programmer, and here is your task: " + r.Text + " Your code should pass these tests:\n\n" + tests + "\n[BEGIN]\n"
}

// untilFence is what an instructed model wrote before the end of the code block
// that the prompt opens.
func untilFence(text string) string {
	code, _, _ := strings.Cut(text, "```")
	return code
}

// mbppBroken is the one item of MBPP whose own solution cannot pass: its tests use a
// name that only its test_setup_code defines, which the harness does not run.
const mbppBroken = 356

var fenced = regexp.MustCompile("(?s)```(?:[\\p{L}\\p{N}_]+)?\n?(.*?)\n?```")

// fencedCode is the first code block of an answer that goes on inside one. As in the
// harness, an answer whose code begins right behind the prompt's fence loses its
// first word, which is taken for the name of the language.
func fencedCode(text string) string {
	m := fenced.FindStringSubmatch("```" + text)
	if m == nil {
		m = fenced.FindStringSubmatch(strings.ReplaceAll(text, "```python", "```"))
	}
	if m == nil {
		return ""
	}
	return m[1]
}
