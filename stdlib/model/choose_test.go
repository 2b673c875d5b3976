package model

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment/experimenttest"
	"cogumi/stdlib/llm"
)

func talks() *dataset.Set {
	set := &dataset.Set{Name: "talks"}
	for _, word := range []string{"Paris", "Rome", "Oslo", "Bern"} {
		set.Rows = append(set.Rows, dataset.Row{Messages: []dataset.Message{{Role: "user", Content: "Say " + word + "."}, {Role: "assistant", Content: "It is"}}})
	}
	return set
}

// TestChoose: the figures are those of the whole text's own logits, token by
// token, and rows without an answer begun are asked for its beginning.
func TestChoose(t *testing.T) {
	experimenttest.Start(t)
	m, err := Load("tiny")
	if err != nil {
		t.Fatal(err)
	}
	set := talks()
	set.Rows = append(set.Rows, dataset.Row{Instruction: "Say it.", Output: "never shown"})
	choices := []string{" Paris", " nothing at all"}
	got, err := m.Choose(set, choices)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := m.Engine()
	if err != nil {
		t.Fatal(err)
	}
	for i := range set.Rows {
		c, _, err := openChoice(engine, &set.Rows[i], choices)
		if err != nil {
			t.Fatal(err)
		}
		if text := engine.Tokenizer.Decode(c.Context, true); strings.HasSuffix(text, "It is") != (i < 4) || strings.Contains(text, "never") {
			t.Errorf("row %d: %q", i, text)
		}
		for k, ids := range c.Continuations {
			if want := likelihood(t, engine, c.Context, ids); math.Abs(want-got[i].LogProbs[k]) > 1e-3 {
				t.Errorf("row %d, %q: %v, want %v", i, choices[k], got[i].LogProbs[k], want)
			}
		}
	}
}

func likelihood(t *testing.T, engine *llm.Model, ids, more []int32) (sum float64) {
	t.Helper()
	all := append(slices.Clone(ids), more...)
	logits, err := engine.Logits(t.Context(), nil, all)
	if err != nil {
		t.Fatal(err)
	}
	size := engine.Config.VocabSize
	for k, id := range more {
		row := logits[(len(ids)+k-1)*size:][:size]
		norm := 0.0
		for _, v := range row {
			norm += math.Exp(float64(v))
		}
		sum += float64(row[id]) - math.Log(norm)
	}
	return sum
}

// TestChooseResumes: what a killed run left of its journal is kept, its cut last
// line is not, and the figures are the same.
func TestChooseResumes(t *testing.T) {
	m, err := Load("tiny")
	if err != nil {
		t.Fatal(err)
	}
	clean := t.TempDir()
	experimenttest.StartIn(t, clean)
	want, err := m.Choose(talks(), []string{" A", " B"})
	if err != nil {
		t.Fatal(err)
	}
	dir, key := step(t, clean)
	b, err := os.ReadFile(filepath.Join(dir, chosenFile))
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(b, []byte("\n"))
	other := t.TempDir()
	partial := filepath.Join(other, ".steps", key+".partial")
	if err := os.MkdirAll(partial, 0o755); err != nil {
		t.Fatal(err)
	}
	mark := bytes.Replace(lines[1], []byte("-"), []byte("-99"), 1) // shows that it was kept
	if err := os.WriteFile(filepath.Join(partial, "journal.tmp"), append(bytes.Clone(mark), lines[0][:10]...), 0o644); err != nil {
		t.Fatal(err)
	}
	experimenttest.StartIn(t, other)
	got, err := m.Choose(talks(), []string{" A", " B"})
	if err != nil {
		t.Fatal(err)
	}
	if got[1].LogProbs[0] > -99 {
		t.Errorf("the journal's row was asked again: %v", got[1])
	}
	got[1] = want[1]
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v\nwant %v", got, want)
	}
}

// TestChooseTooLong: a row that does not fit is said, the others are answered.
func TestChooseTooLong(t *testing.T) {
	experimenttest.Start(t)
	m, err := Load("tiny")
	if err != nil {
		t.Fatal(err)
	}
	set := talks()
	set.Rows[2].Messages[0].Content = strings.Repeat("Oslo is far away. ", 400)
	got, err := m.Choose(set, []string{" A"})
	if err != nil || got[2].TooLong < 100 || got[2].LogProbs != nil || len(got[3].LogProbs) != 1 {
		t.Errorf("%v, %v", got, err)
	}
	room, err := m.Room(&set.Rows[2])
	if err != nil || room > -100 {
		t.Errorf("room %d, %v", room, err)
	}
	engine, _ := m.Engine()
	short, err := m.Room(&dataset.Row{Instruction: "Hi"})
	if text, _ := Prompt(engine, &dataset.Row{Instruction: "Hi"}); err != nil || short != engine.Config.MaxPositions-len(text) {
		t.Errorf("room %d, %v", short, err)
	}
	if _, err := m.Choose(set, nil); err == nil {
		t.Error("no choices passed")
	}
	if _, err := m.Choose(set, []string{""}); err == nil || !strings.Contains(err.Error(), "adds nothing") {
		t.Errorf("an empty choice: %v", err)
	}
}
