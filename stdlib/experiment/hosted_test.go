package experiment_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cogumi/reports/run"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/experiment/experimenttest"
)

// host prepares a run folder as the parent process does and attaches to it.
func host(t *testing.T) (*experiment.Run, string) {
	t.Helper()
	root := t.TempDir()
	w, err := run.Create(root, run.Info{Script: "phase1b", Command: "cogumi run phase1b", Environment: run.Environment{Place: "vast.ai"}})
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	script := filepath.Join(w.Dir(), run.SourceDir, "phase1b.go")
	text := "package main\nimport \"cogumi/stdlib/experiment\"\nfunc main() { x := experiment.Start(); x.Int(\"rows\", 3, \"rows\"); x.Step(\"s\", nil, nil, func(string) {}) }"
	if err := os.WriteFile(script, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]string{"COGUMI_RUN_DIR": w.Dir(), "COGUMI_SCRIPT": script, "COGUMI_QUIET": "1", "COGUMI_FORCE": "", "COGUMI_FROM": ""} {
		t.Setenv(name, v)
	}
	experiment.SetArgs([]string{"--rows", "7"})
	r, err := experiment.StartScript("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { experiment.Close(nil) })
	return r, w.Dir()
}

func TestHostedRun(t *testing.T) {
	r, dir := host(t)
	if r.Dir() != dir || r != experiment.Current() || r.Int("rows", 3, "rows") != 7 {
		t.Errorf("attached to %s", r.Dir())
	}
	step := r.Step("s", nil, nil, func(string) {})
	if filepath.Dir(step) != filepath.Join(filepath.Dir(dir), ".steps") {
		t.Errorf("step in %s", step)
	}
	r.Result(map[string]any{"rows": 7})
	r.Finish()
	got, err := run.Read(dir)
	if err != nil || got.Info.State != run.Running || len(got.Info.Params) != 1 {
		t.Errorf("Finish closes nothing, the host does: %+v %v", got.Info, err)
	}
	if code := experiment.Close(nil); code != 0 {
		t.Errorf("code %d", code)
	}
	if got, err = run.Read(dir); err != nil || got.Info.State != run.Done || got.Info.Command != "cogumi run phase1b" || got.Info.Environment.Place != "vast.ai" || got.Info.PID != os.Getpid() {
		t.Errorf("%+v %v", got.Info, err)
	}
	if got.Info.Steps[0].Parts["source func"] == "" {
		t.Errorf("the step does not know the script's text: %+v", got.Info.Steps)
	}
}

func TestHostedEndings(t *testing.T) {
	position := run.Failure{Message: "no answer", File: "phase1b.go", Line: 3, Column: 5, Source: "grade.Check(a)", Hint: "add one"}
	stop := func(err error) {
		defer func() { recover() }()
		experiment.Stop(err)
	}
	for _, c := range []struct {
		name  string
		end   func(r *experiment.Run) int
		code  int
		state run.State
		want  *run.Failure
	}{
		{"plain error", func(*experiment.Run) int { return experiment.Close(errors.New("oops")) }, 1, run.Failed, &run.Failure{Message: "oops"}},
		{"stop", func(*experiment.Run) int {
			stop(experiment.Hint(errors.New("no answer"), "add one"))
			return experiment.Close(errors.New("panic in the script"))
		}, 1, run.Failed, nil},
		{"the host knows the line", func(r *experiment.Run) int {
			err := experiment.WithCode(experiment.Hint(errors.New("no answer"), "add one"), 4)
			stop(err)
			p := position
			p.Hint = ""
			r.Fail(p)
			return experiment.Close(err)
		}, 4, run.Failed, &position},
		{"Ctrl-C", func(*experiment.Run) int {
			return experiment.Close(fmt.Errorf("step x: %w", experiment.ErrInterrupted))
		}, 130, run.Interrupted, nil},
		{"missing input", func(*experiment.Run) int { return experiment.Close(experiment.WithCode(os.ErrNotExist, 3)) }, 3, run.Failed, nil},
	} {
		r, dir := host(t)
		if code := c.end(r); code != c.code {
			t.Errorf("%s: code %d, want %d", c.name, code, c.code)
		}
		got, err := run.Read(dir)
		if err != nil || got.Info.State != c.state || (c.state == run.Failed) != (got.Info.Error != nil) {
			t.Errorf("%s: %s, %+v, %v", c.name, got.Info.State, got.Info.Error, err)
		}
		if c.want != nil && *got.Info.Error != *c.want {
			t.Errorf("%s: %+v, want %+v", c.name, *got.Info.Error, *c.want)
		}
	}
}

// TestHostedWithoutStart: a script that never calls Start has a run all the same.
func TestHostedWithoutStart(t *testing.T) {
	_, dir := host(t)
	experiment.Close(nil)
	if code := experiment.Close(errors.New("type error")); code != 1 {
		t.Errorf("code %d", code)
	}
	got, err := run.Read(dir)
	if err != nil || got.Info.State != run.Failed || got.Info.Error.Message != "type error" {
		t.Errorf("%+v %v", got.Info.Error, err)
	}
}

func TestWhatARunReports(t *testing.T) {
	r := experimenttest.Start(t)
	dir := t.TempDir()
	for name, text := range map[string]string{"adapter_config.json": "{}", "weights/a.safetensors": "w"} {
		os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755)
		os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644)
	}
	r.Artefact("adapter", "adapter", dir)
	r.Artefact("../../escape me", "table", filepath.Join(dir, "adapter_config.json"))
	r.Artefact("missing", "table", filepath.Join(dir, "none"))
	r.Artefact("rows", "table", filepath.Join(dir, "weights", "a.safetensors"))
	r.Artefact("rows", "table", filepath.Join(dir, "adapter_config.json")) // again, other content
	r.Metric("train/loss", 1, math.NaN())
	r.Metric("train/loss", 2, 0.5)
	r.Figure(run.Figure{Name: "acc", Value: math.Inf(1)})
	r.Table(run.Table{Name: "t", Columns: []string{"a"}, Rows: [][]any{{math.NaN(), struct{ A int }{1}, []int{1}, int64(1) << 60}}})
	r.Samples("a/b", "t", []run.Sample{{ID: "1"}})
	r.Samples("a/b", "t", []run.Sample{{ID: "2"}, {ID: "3"}})
	r.Logf("%d rows", 3)
	r.Note(run.Note{Topic: "data", Text: "fine"})
	got := experimenttest.Read(t, r)
	names := map[string]string{}
	for _, a := range got.Artefacts() {
		names[a.Name] = a.Path
		if content(t, r.Dir(), a.Path) == "" || a.Bytes == 0 || len(a.SHA256) != 64 {
			t.Errorf("%+v", a)
		}
	}
	if len(names) != 4 || names["adapter/weights/a.safetensors"] != "artefacts/adapter/weights/a.safetensors" || names["../../escape me"] != "artefacts/file/file/escape-me.json" || names["rows"] != "artefacts/rows.json" {
		t.Errorf("artefacts %v", names)
	}
	if len(got.Problems) > 0 || got.Cut > 0 || len(got.Series("train/loss")) != 1 || len(got.Figures()) != 0 {
		t.Errorf("problems %q, cut %d", got.Problems, got.Cut)
	}
	if row := got.Tables()[0].Rows[0]; row[0] != "NaN" || row[1] != "{1}" || row[2] != "[1]" || row[3] != float64(1<<60) {
		t.Errorf("row %v", row)
	}
	samples, _, err := got.Samples(got.SampleSets()[0])
	if err != nil || len(got.SampleSets()) != 1 || len(samples) != 2 || got.SampleSets()[0].Count != 2 {
		t.Errorf("samples %v %v", samples, err)
	}
	notes := got.Notes()
	if len(notes) != 3 || notes[2].Level != "info" || !strings.Contains(notes[0].Text, "train/loss was NaN at step 1") || len(got.Logs()) != 1 {
		t.Errorf("notes %+v", notes)
	}
}

func TestAResultThatIsNoJSON(t *testing.T) {
	r := experimenttest.Start(t)
	defer func() {
		s, ok := recover().(*experiment.Stopped)
		if !ok || !strings.Contains(s.Error(), "result: ") || experiment.HintOf(s) == "" {
			t.Errorf("%v", s)
		}
	}()
	r.Result(math.NaN())
}

func TestOutsideARun(t *testing.T) {
	experiment.Close(nil)
	t.Setenv("TMPDIR", t.TempDir())
	r := experiment.Current()
	if r == nil || r.Dir() != "" || r.Context().Err() != nil || r != experiment.Current() {
		t.Fatal("no unattached run")
	}
	r.Metric("a", 1, 1)
	r.Samples("a", "a", nil)
	r.Artefact("a", "a", "a")
	r.Result(3)
	if r.Int("rows", 5, "") != 5 || len(r.Args()) != 0 {
		t.Error("flags")
	}
	n := 0
	for range 2 {
		dir, err := r.Do(experiment.Spec{Name: "s"}, func(w *experiment.Work) error { n++; return os.WriteFile(filepath.Join(w.Dir, "x"), nil, 0o644) })
		if err != nil || !strings.HasPrefix(dir, os.TempDir()) {
			t.Errorf("%s %v", dir, err)
		}
	}
	if n != 1 {
		t.Errorf("done %d times", n)
	}
}

func TestUnknownCostIsNotZero(t *testing.T) {
	r := experimenttest.Start(t)
	for price, known := range map[string]bool{"": false, "abc": false, "-1": false, "NaN": false, "0": true, "$1.5": true, "0.35": true} {
		t.Setenv("COGUMI_PRICE_PER_HOUR", price)
		if dollars, ok := r.CostSoFar(); ok != known || !known && dollars != 0 {
			t.Errorf("%q: %v %v", price, dollars, ok)
		}
	}
}

func BenchmarkStepNew(b *testing.B) {
	r := experimenttest.Start(b)
	for i := range b.N {
		if _, err := r.Do(experiment.Spec{Name: "s", Version: i}, func(w *experiment.Work) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkProgressAdd(b *testing.B) {
	p := experimenttest.Start(b).Progress("p", "rows", b.N)
	for range b.N {
		p.Add(1)
	}
	p.Done()
}
