package extract

import (
	"fmt"
	"testing"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/grade"
)

// sheet has 30 rows: right, wrong, unsupported in turn.
func sheet() *grade.Sheet {
	s := &grade.Sheet{Name: "pool", Model: "base"}
	verdicts := []string{grade.Right, grade.Wrong, grade.Unsupported}
	for i := range 30 {
		s.Items = append(s.Items, grade.Item{
			Row:     dataset.Row{Instruction: fmt.Sprint("q", i), Output: fmt.Sprint("o", i), Answer: fmt.Sprint("a", i), Category: "math", Metadata: map[string]any{"from": "here"}},
			Answer:  dataset.Answer{Text: fmt.Sprint("said ", i)},
			Verdict: verdicts[i%3], Extracted: fmt.Sprint("x", i), Reason: "r"})
	}
	return s
}

// TestFailures takes wrong answers alone, with the reference to learn.
func TestFailures(t *testing.T) {
	s := sheet()
	s.Items[1].Row.Output = ""                            // the answer is to be learnt
	s.Items[4].Row.Output, s.Items[4].Row.Answer = "", "" // nothing to learn
	got := Failures(s)
	if got.Len() != 9 {
		t.Fatalf("%d failures, want 9", got.Len())
	}
	for i, r := range got.Rows {
		at := 3*i + 1
		if i >= 1 {
			at += 3 // without the one that has nothing to learn
		}
		output := fmt.Sprint("o", at)
		if i == 0 {
			output = "a1"
		}
		if r.Instruction != fmt.Sprint("q", at) || r.Output != output || r.FailureType != "wrong" || r.CorrectAnswer != fmt.Sprint("a", at) ||
			r.ModelResponse != fmt.Sprint("said ", at) || r.Metadata["row"] != at+1 || r.Metadata["from"] != "here" || r.Category != "math" {
			t.Errorf("failure %d: %+v", i+1, r)
		}
	}
	if s.Items[1].Row.FailureType != "" || len(s.Items[1].Row.Metadata) != 1 {
		t.Error("the sheet was changed")
	}
	if again := Failures(s); again.Hash() != got.Hash() {
		t.Error("the same sheet gave other rows")
	}
}

// TestReplay draws right rows alone; its seed decides which.
func TestReplay(t *testing.T) {
	s := sheet()
	a, b, c := Replay(s, 5, 1), Replay(s, 5, 1), Replay(s, 5, 2)
	if a.Len() != 5 || a.Hash() != b.Hash() || a.Hash() == c.Hash() {
		t.Errorf("5 rows by seed: %d rows, same %v, other seed same %v", a.Len(), a.Hash() == b.Hash(), a.Hash() == c.Hash())
	}
	all := Replay(s, 1000, 3)
	seen := map[string]bool{}
	for _, r := range all.Rows {
		var i int
		fmt.Sscanf(r.Instruction, "q%d", &i)
		if i%3 != 0 || seen[r.Instruction] || r.FailureType != "" || r.Metadata["from"] != "here" {
			t.Errorf("replayed %+v", r)
		}
		seen[r.Instruction] = true
	}
	if all.Len() != 10 || Replay(s, 0, 1).Len() != 0 || Replay(s, -3, 1).Len() != 0 {
		t.Errorf("%d rows of 10", all.Len())
	}
	for i := range a.Rows { // more rows begin with the same ones
		if more := Replay(s, 8, 1); more.Rows[i].Instruction != a.Rows[i].Instruction {
			t.Error("another number gives another order")
		}
	}
}
