package train

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"cogumi/reports/run"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/experiment/experimenttest"
	"cogumi/stdlib/llm"
	"cogumi/stdlib/model"
)

// fullBudget computes as many tokens at once as its budget allows.
var fullBudget = Config{Rank: 8, Epochs: 1, Batch: 120, Budget: 2048, Dropout: 0.05, Seed: 7}

// readRun reads the only run under root.
func readRun(t *testing.T, root string) *run.Run {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(root, "*", "run.json"))
	if err != nil || len(dirs) != 1 {
		t.Fatalf("runs: %v, %v", dirs, err)
	}
	r, err := run.Read(filepath.Dir(dirs[0]))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestMemoryPlanIsTrue: the process takes what was planned, to 5 %.
func TestMemoryPlanIsTrue(t *testing.T) {
	root := t.TempDir()
	finish(t, root, childEnv+"=full")
	for _, e := range readRun(t, root).Events {
		if e.Figure == nil || e.Figure.Name != "peak memory of the training" {
			continue
		}
		var planned float64
		if _, err := fmt.Sscanf(e.Figure.Note, "planned: %f MiB", &planned); err != nil {
			t.Fatal(err)
		}
		t.Logf("planned %.0f MiB, took %.0f MiB", planned, e.Figure.Value)
		if off := planned/e.Figure.Value - 1; off < -0.05 || off > 0.05 {
			t.Errorf("planned %.0f MiB, took %.0f MiB: %.1f %% off", planned, e.Figure.Value, 100*off)
		}
		return
	}
	t.Skip("this machine does not tell how much memory a process took")
}

func tinyPool(t *testing.T, n int) (*model.Model, *dataset.Set) {
	t.Helper()
	m, err := model.Load("tiny")
	if err != nil {
		t.Fatal(err)
	}
	pool, err := dataset.Read("tinyworld/pool")
	if err != nil {
		t.Fatal(err)
	}
	return m, pool.Shuffle(3).Head(n)
}

// TestTooLargeNamesWhatFits: a plan beyond the memory ends before anything is
// allocated.
func TestTooLargeNamesWhatFits(t *testing.T) {
	experimenttest.Start(t)
	m, pool := tinyPool(t, 20)
	_, err := QLoRA(m, pool, Config{Budget: 1 << 22})
	if err == nil || !strings.Contains(err.Error(), "Budget 4194304 and Rank 16 need") {
		t.Fatalf("error %v", err)
	}
	if hint := experiment.HintOf(err); !strings.Contains(hint, "Budget ") || !strings.Contains(hint, " fit: they need ") {
		t.Errorf("hint %q", hint)
	}
}

// TestPreflightShows: what the rows are is said before the first step.
func TestPreflightShows(t *testing.T) {
	r := experimenttest.Start(t)
	m, pool := tinyPool(t, 20)
	pool.Rows = append(pool.Rows, pool.Rows[4]) // twice
	pool.Rows[7].FailureType = "tie"
	bench := pool.Pick([]int{2, 5}).Named("bench")
	clean, err := dataset.Read("tinyworld/eval")
	if err != nil {
		t.Fatal(err)
	}
	_, err = QLoRA(m, pool, Config{Rank: 2, Epochs: 1, AllowTies: true, Benchmarks: []*dataset.Set{bench, clean.Head(3).Named("far")}})
	if err != nil {
		t.Fatal(err)
	}
	var notes, tables strings.Builder
	for _, e := range experimenttest.Read(t, r).Events {
		switch {
		case e.Note != nil:
			fmt.Fprintf(&notes, "%s: %s\n", e.Note.Level, e.Note.Text)
		case e.Table != nil:
			fmt.Fprintf(&tables, "%s %v %s\n", e.Table.Name, e.Table.Rows, e.Table.Note)
		}
	}
	for _, want := range []string{"1 of 21 rows are ties", "1 of 21 rows repeat the prompt of another (1 word for word",
		"warn: 2 of 21 training rows have a prompt of bench, the first is row 3 (its row 1)", "info: no training row has a prompt of far"} {
		if !strings.Contains(notes.String(), want) {
			t.Errorf("no note says %q:\n%s", want, &notes)
		}
	}
	for _, want := range []string{"train row [[reads <|begin_of_text|>", "[learns ⟦", "<|eot_id|>⟧", "train targets [[1 to 4 ", "train memory [[weights (nf4) ", "[in all "} {
		if !strings.Contains(tables.String(), want) {
			t.Errorf("no table shows %q:\n%s", want, &tables)
		}
	}
}

// TestSpans: the mask's borders are those of the labels.
func TestSpans(t *testing.T) {
	e := llm.Example{IDs: []int32{1, 2, 3, 4, 5}, Labels: []int32{-100, -100, 3, -100, 5}}
	got := fmt.Sprint(spans(e))
	if want := "[{false [1 2]} {true [3]} {false [4]} {true [5]}]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestEnds: two begin tokens are refused, rows without an end are named.
func TestEnds(t *testing.T) {
	r := experimenttest.Start(t)
	m, _ := tinyPool(t, 1)
	base, err := m.Engine()
	if err != nil {
		t.Fatal(err)
	}
	bos, eos := int32(base.Config.BOS), int32(base.Config.EOS[0])
	row := func(n int, ids ...int32) llm.Example { return llm.Example{IDs: ids, Labels: ids, Row: n} }
	s := &session{r: r, data: &rows{train: []llm.Example{row(1, bos, 5, eos), row(2, bos, 6, 7)}}}
	if err := s.checkEnds(base); err != nil {
		t.Error(err)
	}
	s.data.held = []llm.Example{row(9, bos, bos, 5, eos)}
	if err := s.checkEnds(base); err == nil || !strings.Contains(err.Error(), "row 9 begins with two begin tokens") {
		t.Errorf("error %v", err)
	}
	for _, e := range experimenttest.Read(t, r).Events {
		if e.Note != nil && strings.Contains(e.Note.Text, "1 of 2 rows do not end with an end token") {
			return
		}
	}
	t.Error("the row without an end is not named")
}
