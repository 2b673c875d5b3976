package adopt

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cogumi/reports/run"
)

func adopt(t *testing.T, dir string) *run.Run {
	t.Helper()
	path, err := Folder(t.TempDir(), dir)
	if err != nil {
		t.Fatal(err)
	}
	r, err := run.Read(path)
	if err != nil || len(r.Problems) > 0 || r.Cut > 0 || r.State() != run.Done {
		t.Fatalf("%v, %v, %s", err, r.Problems, r.State())
	}
	return r
}

func param(r *run.Run, name string) string {
	for _, p := range r.Info.Params {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}

// TestTrainer: the last checkpoint's log becomes series, also with NaN in it.
func TestTrainer(t *testing.T) {
	r := adopt(t, "testdata/trained")
	loss, lr, eval := r.Series("train/loss"), r.Series("train/lr"), r.Series("eval/loss")
	if len(loss) != 19 || loss[0] != (run.Point{X: 1, Value: 3}) || len(lr) != 20 || len(eval) != 2 || len(r.SeriesNames()) != 4 {
		t.Errorf("%d, %d, %d points of %v", len(loss), len(lr), len(eval), r.SeriesNames())
	}
	for name, want := range map[string]string{"steps": "20", "epochs": "3", "rank": "16", "base model": "someone/small", "target modules": "q_proj v_proj", "DoRA": "true", "rsLoRA": ""} {
		if got := param(r, name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	notes := ""
	for _, n := range r.Notes() {
		notes += n.Text
	}
	if !strings.Contains(notes, "loss at step 13") || !strings.Contains(notes, "step 20 of 30") {
		t.Error(notes)
	}
	if d := r.Info.Ended.Sub(r.Info.Started).Seconds(); d != 120.5 || r.Info.Script != "trained" {
		t.Errorf("%g s, %s", d, r.Info.Script)
	}
}

// TestHarness: the newest results, with their items.
func TestHarness(t *testing.T) {
	r := adopt(t, "testdata/scored")
	got := map[string]run.Benchmark{}
	for _, b := range r.Benchmarks() {
		got[b.Task+" "+b.Metric+" "+b.Variant] = b
	}
	if len(got) != 5 {
		t.Errorf("%v", got)
	}
	b := got["gsm8k exact_match 8-shot, strict-match"]
	if b.Score != 0.25 || b.StdErr != 0.1 || b.N != 2 || b.Of != 1319 || !b.Percent || b.Model != "someone/small" || b.Samples == "" || b.Low < 0 || b.High != 0.446 {
		t.Errorf("%+v", b)
	}
	if b := got["mmlu_anatomy acc 5-shot"]; b.Group != "mmlu" || b.Title != "anatomy" {
		t.Errorf("%+v", b)
	}
	if b := got["wikitext word_perplexity 0-shot"]; b.Percent || b.Higher || b.High != 0 {
		t.Errorf("%+v", b)
	}
	for _, set := range r.SampleSets() {
		list, bad, err := r.Samples(set)
		if err != nil || bad > 0 || len(list) != 2 {
			t.Fatalf("%s: %d items, %d bad, %v", set.Name, len(list), bad, err)
		}
		a := list[0].Answers[0]
		switch set.Title {
		case "gsm8k":
			if a.Text != "It is 4. The answer is 4." || a.Extracted != "4" || a.Verdict != "right" || list[1].Answers[0].Verdict != "wrong" || list[0].Prompt != "Q: 0?\nA:" {
				t.Errorf("%+v", list)
			}
		case "mmlu_anatomy":
			if a.Text != "A" || list[1].Answers[0].Text != "C" || list[1].Answers[0].Verdict != "wrong" {
				t.Errorf("%+v", list)
			}
		default:
			t.Error(set.Title)
		}
	}
}

func TestWrong(t *testing.T) {
	dir := t.TempDir()
	if _, err := Folder(t.TempDir(), dir); !errors.Is(err, ErrNothing) {
		t.Errorf("an empty folder: %v", err)
	}
	path := filepath.Join(dir, trainerFile)
	for text, want := range map[string]string{
		"{\n\"log_history\": [\n{]}":            "trainer_state.json: line 3",
		"{\n\n\"global_step\": \"x\"}":          "trainer_state.json: line 3",
		`{"log_history": []}`:                   "nothing was logged",
		"{\"log_history\": [{\"step\": 1}]} {}": "trainer_state.json: line 1",
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Folder(t.TempDir(), path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func FuzzNaN(f *testing.F) {
	f.Add([]byte(`{"a": NaN, "b": "NaN \" Infinity", "c": [-Infinity, -1]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		out, n := withoutNaN(b)
		if n == 0 && string(out) != string(b) {
			t.Fatalf("%q became %q", b, out)
		}
	})
}

func FuzzItem(f *testing.F) {
	f.Add([]byte(`{"doc_id": 1, "target": "x", "arguments": {"gen_args_0": {"arg_0": "p", "arg_1": " A"}}, "resps": [[["-1", "False"]]], "filtered_resps": ["A"], "acc": 1.0}`))
	f.Add([]byte(`{"doc_id": 1, "arguments": [["p", " A"], ["p", " B"]], "resps": [[-1, false], [-2, true]], "acc": true}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, _, err := readItem(b, "m"); err == nil && len(s.Answers) != 1 {
			t.Fatalf("%+v", s)
		}
	})
}
