package grade

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"cogumi/kernels/golden"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/sandbox"
)

// readRows reads tinyworld's own format.
func readRows(t testing.TB, file string) *dataset.Set {
	t.Helper()
	f, err := os.Open(filepath.Join(golden.Dir(t, "data/tinyworld"), file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := &dataset.Set{Name: file}
	for in := bufio.NewScanner(f); in.Scan(); {
		var r struct{ Instruction, Response, Category, Family, Answer string }
		if err := json.Unmarshal(in.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		s.Rows = append(s.Rows, dataset.Row{Instruction: r.Instruction, Output: r.Response, Category: r.Category, Family: r.Family, Answer: r.Answer})
	}
	return s
}

func needSandbox(t testing.TB) {
	t.Helper()
	if err := sandbox.Available(); errors.Is(err, sandbox.ErrUnsupported) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
}

// answersOf makes each row's answer from the row.
func answersOf(s *dataset.Set, f func(i int, r dataset.Row) string) *dataset.Answers {
	a := &dataset.Answers{Set: s, Model: "reference"}
	for i, r := range s.Rows {
		a.List = append(a.List, dataset.Answer{Text: f(i, r)})
	}
	return a
}

// The rows' own responses are right, all of them; a neighbour's mostly are not.
func TestTinyworldReferences(t *testing.T) {
	needSandbox(t)
	for file, n := range map[string]int{"eval.jsonl": 600, "pool.jsonl": 2586} {
		if testing.Short() && n > 1000 {
			continue
		}
		t.Run(file, func(t *testing.T) {
			set := readRows(t, file)
			s, err := check(experiment.Current(), answersOf(set, func(_ int, r dataset.Row) string { return r.Output }))
			if err != nil {
				t.Fatal(err)
			}
			if len(s.Items) != n || s.Right() != n {
				t.Errorf("%d items, %d right, %d wrong, %d unsupported; want %d right", len(s.Items), s.Right(), s.Wrong(), s.Unsupported(), n)
				for _, it := range s.Items {
					if it.Verdict != Right {
						t.Logf("%s/%s %q: %s %s", it.Row.Category, it.Row.Family, it.Answer.Text, it.Verdict, it.Reason)
					}
				}
			}
		})
	}
}
