package model

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cogumi/reports/run"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/experiment/experimenttest"
)

// few is some rows of different lengths and the way they are answered.
func few(t *testing.T, n int) (*Model, *dataset.Set, Sampling) {
	t.Helper()
	m, err := Load("tiny")
	if err != nil {
		t.Fatal(err)
	}
	eval, err := dataset.Read("tinyworld/eval")
	if err != nil {
		t.Fatal(err)
	}
	return m, eval.Shuffle(4).Head(n), Sampling{MaxTokens: 24}
}

// step is the folder of the only finished step, and its key.
func step(t *testing.T, root string) (dir, key string) {
	t.Helper()
	marks, err := filepath.Glob(filepath.Join(root, ".steps", "*.done.json"))
	if err != nil || len(marks) != 1 {
		t.Fatalf("finished steps: %v, %v", marks, err)
	}
	key = strings.TrimSuffix(filepath.Base(marks[0]), ".done.json")
	return filepath.Join(root, ".steps", key), key
}

// TestAnswersResume: what a killed run left of its journal is kept, its cut last
// line is not, and the file of answers ends up with the same bytes.
func TestAnswersResume(t *testing.T) {
	m, set, s := few(t, 10)
	clean := t.TempDir()
	experimenttest.StartIn(t, clean)
	if _, err := m.Answer(set, s); err != nil {
		t.Fatal(err)
	}
	dir, key := step(t, clean)
	want, err := os.ReadFile(filepath.Join(dir, answersFile))
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(bytes.TrimSuffix(want, []byte("\n")), []byte("\n"))
	if len(lines) != 10 {
		t.Fatalf("%d lines", len(lines))
	}
	lines[9] = append(lines[9], '\n')
	// A text that the model never says shows that a finished answer is kept.
	var mark answered
	if err := json.Unmarshal(lines[7], &mark); err != nil {
		t.Fatal(err)
	}
	mark.Text = "kept of the journal"
	kept, _ := json.Marshal(mark)
	for name, journal := range map[string][]byte{
		"nothing":        nil,
		"half a line":    lines[3][:len(lines[3])/2],
		"no end of line": lines[2][:len(lines[2])-1],
		"out of order":   bytes.Join([][]byte{lines[8], lines[0], lines[5], lines[1][:4]}, nil),
		"everything":     bytes.Join(lines, nil),
		"marked":         append(bytes.Join([][]byte{lines[4], kept}, nil), "\n{\"row\":"...),
	} {
		root := t.TempDir()
		partial := filepath.Join(root, ".steps", key+".partial")
		if err := os.MkdirAll(partial, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(partial, "journal.tmp"), journal, 0o644); err != nil {
			t.Fatal(err)
		}
		r := experimenttest.StartIn(t, root)
		a, err := m.Answer(set, s)
		if err != nil || len(a.List) != 10 {
			t.Fatalf("%s: %v", name, err)
		}
		again, same := step(t, root)
		got, err := os.ReadFile(filepath.Join(again, answersFile))
		if err != nil || same != key {
			t.Fatalf("%s: key %s, want %s, %v", name, same, key, err)
		}
		if name == "marked" {
			if a.List[7].Text != mark.Text {
				t.Errorf("a finished answer was written again: %q", a.List[7].Text)
			}
			continue
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: other answers:\n%s\nwant\n%s", name, got, want)
		}
		if left, _ := os.ReadDir(again); len(left) != 1 {
			t.Errorf("%s: left behind %v", name, left)
		}
		if steps := experimenttest.Read(t, r).Info.Steps; len(steps) != 1 || !steps[0].Resumed || steps[0].State != run.Done {
			t.Errorf("%s: steps %+v", name, steps)
		}
	}
}

// TestSampledAnswersResume: what was drawn does not depend on a kill either, and
// finished answers are not written again.
func TestSampledAnswersResume(t *testing.T) {
	m, set, s := few(t, 6)
	s.Temperature, s.TopP, s.Seed = 0.9, 0.95, 5
	clean, root := t.TempDir(), t.TempDir()
	experimenttest.StartIn(t, clean)
	if _, err := m.Answer(set, s); err != nil {
		t.Fatal(err)
	}
	dir, key := step(t, clean)
	want, err := os.ReadFile(filepath.Join(dir, answersFile))
	if err != nil {
		t.Fatal(err)
	}
	partial := filepath.Join(root, ".steps", key+".partial")
	if err := os.MkdirAll(partial, 0o755); err != nil {
		t.Fatal(err)
	}
	const mark = "kept of the journal"
	lines := bytes.SplitAfter(want, []byte("\n"))
	var first answered
	if err := json.Unmarshal(lines[0], &first); err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(first.Text)
	marked := bytes.Replace(want, text, []byte(`"`+mark+`"`), 1)
	if err := os.WriteFile(filepath.Join(partial, "journal.tmp"), marked[:len(marked)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	experimenttest.StartIn(t, root)
	if _, err := m.Answer(set, s); err != nil {
		t.Fatal(err)
	}
	again, _ := step(t, root)
	if got, _ := os.ReadFile(filepath.Join(again, answersFile)); !bytes.Equal(got, marked) {
		t.Errorf("other answers:\n%s\nwant\n%s", got, marked)
	}
}

// TestAnswersDoNotDependOnCompany: a prompt has the same answer alone, with
// others, and in another order.
func TestAnswersDoNotDependOnCompany(t *testing.T) {
	m, set, s := few(t, 12)
	experimenttest.Start(t)
	together, err := m.Answer(set, s)
	if err != nil {
		t.Fatal(err)
	}
	back := make([]int, set.Len())
	for i := range back {
		back[i] = set.Len() - 1 - i
	}
	reversed, err := m.Answer(set.Pick(back), s)
	if err != nil {
		t.Fatal(err)
	}
	words := 0
	for i := range set.Rows {
		if got, want := reversed.List[back[i]], together.List[i]; got != want {
			t.Errorf("row %d in another order: %+v, want %+v", i+1, got, want)
		}
		words += together.List[i].Tokens
		if i%3 != 0 {
			continue
		}
		alone, err := m.Answer(set.Pick([]int{i}), s)
		if err != nil {
			t.Fatal(err)
		}
		if alone.List[0] != together.List[i] {
			t.Errorf("row %d alone: %+v, with others %+v", i+1, alone.List[0], together.List[i])
		}
	}
	if words < 3*set.Len() {
		t.Errorf("only %d tokens in %d answers", words, set.Len())
	}
}

// TestAdapterOfAnotherBase is refused with a hint, before anything is computed.
func TestAdapterOfAnotherBase(t *testing.T) {
	m, _, _ := few(t, 1)
	if _, err := m.WithAdapter(&Adapter{Folder: "a", Base: strings.Repeat("0", 64)}); err == nil || experiment.HintOf(err) == "" {
		t.Errorf("error %v", err)
	}
	n, err := m.WithAdapter(&Adapter{Folder: "a", Base: m.Hash})
	if err != nil || n.Adapter == nil || m.Adapter != nil {
		t.Errorf("%+v, %v", n, err)
	}
	func() {
		defer func() {
			if s, ok := recover().(*experiment.Stopped); !ok || experiment.HintOf(s) == "" {
				t.Errorf("MustWithAdapter: %v", s)
			}
		}()
		m.MustWithAdapter(&Adapter{Base: "x"})
	}()
}

// TestLoadErrors name the folder and say what is needed.
func TestLoadErrors(t *testing.T) {
	empty := t.TempDir()
	for _, name := range []string{"tinny", filepath.Join(empty, "none"), empty} {
		if m, err := Load(name); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v, %v", name, m, err)
		}
	}
	if _, err := Load("tinny"); experiment.HintOf(err) == "" {
		t.Error("no hint")
	}
	if _, err := OpenAdapter(empty); err == nil {
		t.Error("an empty folder is an adapter")
	}
	a, err := Load("tiny")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := Load("tiny"); err != nil || a.Hash != b.Hash || len(a.Hash) != 64 {
		t.Errorf("hash %s, then %s, %v", a.Hash, b.Hash, err)
	}
}
