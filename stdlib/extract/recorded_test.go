package extract

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cogumi/kernels/golden"
	"cogumi/stdlib/experiment/experimenttest"
)

// TestRecordedMatch: what earlier benchmarks have on record is 50 problems each,
// with known solutions as references and the teacher's answers beside ours.
func TestRecordedMatch(t *testing.T) {
	dir := golden.Dir(t, "data/cogumi-phase1b")
	experimenttest.Start(t)
	m, err := Recorded(dir)
	if err != nil {
		t.Fatal(err)
	}
	if m.Rows.Len() != 100 || len(m.Local.List) != 100 || len(m.Theirs.List) != 100 || m.Local.Reused != 100 {
		t.Fatalf("%d rows, %d and %d answers", m.Rows.Len(), len(m.Local.List), len(m.Theirs.List))
	}
	for i, r := range m.Rows.Rows {
		if r.Category == "math" && !strings.Contains(r.Output, "#### ") {
			t.Errorf("row %d: the known result is missing: %q", i, r.Output)
		}
		if r.Output == m.Theirs.List[i].Text {
			t.Errorf("row %d: the reference is the teacher's answer, not the known solution", i)
		}
	}
	if err := m.Gradable(); err == nil || !strings.Contains(err.Error(), "no answer on record") {
		t.Errorf("graded without answers: %v", err)
	}
	h := m.Head(7, 3)
	want := m.Rows.Shuffle(3).Head(7)
	if h.Rows.Hash() != want.Hash() || len(h.Local.List) != 7 || m.Head(0, 3) != m {
		t.Fatal("Head takes others than Shuffle does")
	}
	for i, r := range h.Rows.Rows {
		for k, q := range m.Rows.Rows {
			if q.Instruction == r.Instruction && (m.Local.List[k] != h.Local.List[i] || m.Theirs.List[k] != h.Theirs.List[i]) {
				t.Errorf("row %d has another row's answers", i)
			}
		}
	}
}

func TestRecordedMatchErrors(t *testing.T) {
	for _, c := range []struct{ file, want string }{
		{`{"category": "math", "results": [{"prompt": "1+1?", "local_response": "2"}]}`, "result 1 has no prompt or no gpt4_response"},
		{`{"category": "math", "results": []}`, "it has no results"},
		{`{"category": "math", "results": [`, "unexpected end"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "math"+suffix), []byte(c.file), 0o644); err != nil {
			t.Fatal(err)
		}
		experimenttest.Start(t)
		if _, err := Recorded(dir); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "math"+suffix) {
			t.Errorf("%s: %v, want %q", c.file, err, c.want)
		}
	}
}
