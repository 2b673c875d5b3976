package bench

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzWorked: whatever a file of worked examples holds, it is read or refused, and
// what is read makes the same file again.
func FuzzWorked(f *testing.F) {
	f.Add("canary\n-----\nDo it.\n\nQ: one\nA: Let's think step by step.\nSo the answer is 1.\n\nQ: two\nA: Let's think step by step.\n2")
	f.Add("Q: x\nA: Let's think step by step.\n")
	f.Add("\r\n\r\nQ: ")
	f.Add("description: a\ndoc_to_text: \"Q: {{input}}\\nA: Let's think step by step.\\n\"\nfewshot_config: {samples: [{input: a, target: b}]}")
	f.Fuzz(func(t *testing.T, text string) {
		parseWorkedYAML([]byte(text))
		w, err := parseWorkedText(text)
		if err != nil {
			return
		}
		again := "-\n-----\n" + strings.TrimSuffix(w.description, "\n\n")
		for _, s := range w.shots {
			again += "\n\n" + s.text + s.answer
		}
		v, err := parseWorkedText(again)
		if err != nil || len(v.shots) < len(w.shots) {
			t.Errorf("%q: %v", text, err)
		}
	})
}

// FuzzFilters: filters take any text.
func FuzzFilters(f *testing.F) {
	f.Add("#### 1,234.5. the answer is $29.00.\n```python\nx\n```")
	f.Add("the answer is \xff\n")
	f.Fuzz(func(t *testing.T, text string) {
		q := &question{target: "a #### 5", before: "def f():\n"}
		for i := range tasks {
			for _, filter := range tasks[i].filters {
				got, _ := filter.apply(q, cut(text, tasks[i].until))
				if utf8.ValidString(text) && !utf8.ValidString(got) {
					t.Errorf("%s of %q: %q", filter.name, text, got)
				}
			}
		}
	})
}

// FuzzRows: a file of rows is read or refused with its line.
func FuzzRows(f *testing.F) {
	f.Add(`{"question": "a", "subject": "b", "choices": ["1","2","3","4"], "answer": 3}`)
	f.Add(`{"question": "a", "answer": "#### 4"}`)
	f.Add("{\n\x00")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "x.jsonl")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		rows, err := readMMLU(path)
		if err != nil && !strings.Contains(err.Error(), "x.jsonl:") {
			t.Error(err)
		}
		for i := range rows {
			rows[i].text()
		}
		readGSM8K(path)
		Identify(path)
	})
}
