package experiment_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cogumi/reports/run"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/experiment/experimenttest"
	"cogumi/stdlib/experiment/machine"
)

// writes is a step's function that writes one file and counts its calls.
func writes(calls *atomic.Int32, text string) func(*experiment.Work) error {
	return func(w *experiment.Work) error {
		calls.Add(1)
		return os.WriteFile(filepath.Join(w.Dir, "out.txt"), []byte(text), 0o644)
	}
}

func do(t *testing.T, r *experiment.Run, s experiment.Spec, fn func(*experiment.Work) error) string {
	t.Helper()
	dir, err := r.Do(s, fn)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func content(t *testing.T, path ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAFinishedStepIsReused(t *testing.T) {
	root := t.TempDir()
	var calls atomic.Int32
	spec := experiment.Spec{Name: "train", Version: 1, Inputs: map[string]string{"rows": "aa"}, Params: map[string]any{"lr": 0.1, "seed": int64(1)<<62 + 1}}
	var dirs []string
	for range 2 {
		r := experimenttest.StartIn(t, root)
		dirs = append(dirs, do(t, r, spec, writes(&calls, "x")), do(t, r, spec, writes(&calls, "x")))
		got := experimenttest.Read(t, r)
		steps := got.Steps()
		if len(steps) != 1 || steps[0].State != run.Done || steps[0].Reused != (len(dirs) > 2) || len(steps[0].Parts) != 6 {
			t.Errorf("steps %+v", steps)
		}
		if len(got.Info.Steps) != 1 || got.Info.State != run.Done {
			t.Errorf("run.json: %+v, %s", got.Info.Steps, got.Info.State)
		}
	}
	for _, d := range dirs {
		if d != dirs[0] || !filepath.IsAbs(d) {
			t.Errorf("folders %q", dirs)
		}
	}
	if calls.Load() != 1 {
		t.Errorf("done %d times", calls.Load())
	}
	fi, err := os.Stat(filepath.Join(dirs[0], "out.txt"))
	if err != nil || fi.Mode().Perm()&0o222 != 0 {
		t.Errorf("a result can be written: %v %v", fi.Mode(), err)
	}
}

func TestWhatDecidesAStep(t *testing.T) {
	r := experimenttest.Start(t)
	type params struct {
		B int    `json:"b"`
		A string `json:"a"`
	}
	base := experiment.Spec{Name: "s", Version: 1, Inputs: map[string]string{"x": "1", "y": "2"}, Params: params{3, "q"}}
	var calls atomic.Int32
	dir := func(change func(*experiment.Spec)) string {
		s := base
		change(&s)
		return do(t, r, s, writes(&calls, "x"))
	}
	first := dir(func(*experiment.Spec) {})
	for name, change := range map[string]func(*experiment.Spec){
		"field order": func(s *experiment.Spec) { s.Params = map[string]any{"a": "q", "b": 3} },
		"input order": func(s *experiment.Spec) { s.Inputs = map[string]string{"y": "2", "x": "1"} },
		"fresh":       func(s *experiment.Spec) { s.Fresh = true },
	} {
		if dir(change) != first {
			t.Errorf("%s makes another step", name)
		}
	}
	seen := map[string]string{first: "base"}
	for name, change := range map[string]func(*experiment.Spec){
		"name":         func(s *experiment.Spec) { s.Name = "s2" },
		"version":      func(s *experiment.Spec) { s.Version = 2 },
		"input":        func(s *experiment.Spec) { s.Inputs = map[string]string{"x": "1", "y": "3"} },
		"input's name": func(s *experiment.Spec) { s.Inputs = map[string]string{"x": "1", "z": "2"} },
		"no inputs":    func(s *experiment.Spec) { s.Inputs = nil },
		"param":        func(s *experiment.Spec) { s.Params = params{4, "q"} },
		"param's type": func(s *experiment.Spec) { s.Params = map[string]any{"a": "q", "b": "3"} },
		"no params":    func(s *experiment.Spec) { s.Params = nil },
		"list":         func(s *experiment.Spec) { s.Params = []any{"q", 3} },
		"long":         func(s *experiment.Spec) { s.Params = strings.Repeat("a", 500) },
		"long 2":       func(s *experiment.Spec) { s.Params = strings.Repeat("a", 499) + "b" },
		"machine":      func(s *experiment.Spec) { s.Machine = true },
	} {
		d := dir(change)
		if other, ok := seen[d]; ok {
			t.Errorf("%s has the step of %s", name, other)
		}
		seen[d] = name
	}
	machine.SetISA(func() string { return "other" })
	t.Cleanup(func() { machine.SetISA(nil) })
	if d := dir(func(s *experiment.Spec) { s.Machine = true }); seen[d] != "" {
		t.Error("another instruction set has the same result")
	}
	if d := dir(func(*experiment.Spec) {}); d != first {
		t.Error("a step that does not depend on the machine does")
	}
	if _, err := r.Do(experiment.Spec{Name: "bad", Params: func() {}}, writes(&calls, "x")); err == nil || !strings.Contains(err.Error(), "step bad: params") {
		t.Errorf("params that are no JSON: %v", err)
	}
	if _, err := r.Do(experiment.Spec{}, writes(&calls, "x")); err == nil {
		t.Error("a step without a name")
	}
}

func TestAFailedStepGoesOnWhereItStopped(t *testing.T) {
	root := t.TempDir()
	spec := experiment.Spec{Name: "s"}
	broken := errors.New("disk full")
	r := experimenttest.StartIn(t, root)
	_, err := r.Do(spec, func(w *experiment.Work) error {
		if w.Resumed {
			t.Error("resumed at first")
		}
		r.Metric("train/loss", 1, 3)
		os.WriteFile(filepath.Join(w.Dir, "checkpoint"), []byte("1"), 0o644)
		os.WriteFile(filepath.Join(w.Dir, "scratch.tmp"), []byte("1"), 0o644)
		return broken
	})
	if !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "step s: ") {
		t.Errorf("error %v", err)
	}
	if got := experimenttest.Read(t, r).Steps(); len(got) != 1 || got[0].State != run.Failed {
		t.Errorf("steps %+v", got)
	}
	r = experimenttest.StartIn(t, root)
	dir := do(t, r, spec, func(w *experiment.Work) error {
		if !w.Resumed || content(t, w.Dir, "checkpoint") != "1" {
			t.Error("the checkpoint is gone")
		}
		r.Metric("train/loss", 2, 2)
		return os.WriteFile(filepath.Join(w.Dir, "checkpoint"), []byte("2"), 0o644)
	})
	if entries, _ := os.ReadDir(dir); len(entries) != 1 || content(t, dir, "checkpoint") != "2" {
		t.Errorf("result %v", entries)
	}
	got := experimenttest.Read(t, r)
	if p := got.Series("train/loss"); len(p) != 2 {
		t.Errorf("the curve lacks what the first attempt logged: %v", p)
	}
	if s := got.Steps(); !s[0].Resumed || s[0].State != run.Done {
		t.Errorf("%+v", s)
	}
}

func TestAFreshStepStartsEmpty(t *testing.T) {
	r := experimenttest.Start(t)
	spec := experiment.Spec{Name: "s", Fresh: true}
	r.Do(spec, func(w *experiment.Work) error {
		os.WriteFile(filepath.Join(w.Dir, "half"), nil, 0o644)
		r.Metric("m", 1, 1)
		return errors.New("x")
	})
	dir := do(t, r, spec, func(w *experiment.Work) error {
		if w.Resumed {
			t.Error("resumed")
		}
		return os.WriteFile(filepath.Join(w.Dir, "whole"), nil, 0o644)
	})
	if entries, _ := os.ReadDir(dir); len(entries) != 1 || entries[0].Name() != "whole" {
		t.Errorf("%v", entries)
	}
}

func TestADamagedResultIsDoneAgain(t *testing.T) {
	for name, damage := range map[string]func(dir string) error{
		"changed": func(dir string) error { return rewrite(filepath.Join(dir, "out.txt"), "y") },
		"cut":     func(dir string) error { return rewrite(filepath.Join(dir, "out.txt"), "") },
		"removed": func(dir string) error { return os.Remove(filepath.Join(dir, "out.txt")) },
		"added":   func(dir string) error { return os.WriteFile(filepath.Join(dir, "more"), nil, 0o644) },
		"gone":    func(dir string) error { return os.RemoveAll(dir) },
		"marker":  func(dir string) error { return os.WriteFile(dir+".done.json", []byte("{"), 0o644) },
	} {
		root := t.TempDir()
		var calls atomic.Int32
		spec := experiment.Spec{Name: "s"}
		dir := do(t, experimenttest.StartIn(t, root), spec, writes(&calls, "x"))
		if err := damage(dir); err != nil {
			t.Fatal(err)
		}
		for round := range 2 { // the second time it is whole
			r := experimenttest.StartIn(t, root)
			do(t, r, spec, writes(&calls, "x"))
			if calls.Load() != 2 || content(t, dir, "out.txt") != "x" {
				t.Errorf("%s: done %d times", name, calls.Load())
			}
			notes := experimenttest.Read(t, r).Notes()
			if want := 1 - round; len(notes) != want || want == 1 && (notes[0].Level != "warn" || !strings.Contains(notes[0].Text, "damaged")) {
				t.Errorf("%s, round %d: notes %+v", name, round, notes)
			}
		}
	}
}

func rewrite(path, text string) error {
	if err := os.Chmod(path, 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return err
	}
	// The clock's grain must not hide the change from a cache of hashes.
	later := time.Now().Add(-time.Hour)
	return os.Chtimes(path, later, later)
}

func TestForceAndFrom(t *testing.T) {
	root := t.TempDir()
	var a, b, c atomic.Int32
	all := func(r *experiment.Run) {
		for _, s := range []struct {
			name  string
			calls *atomic.Int32
		}{{"a", &a}, {"b", &b}, {"c", &c}, {"b", &b}} {
			do(t, r, experiment.Spec{Name: s.name}, writes(s.calls, s.name))
		}
	}
	for _, round := range []struct{ force, from, want string }{
		{"", "", "1 1 1"}, {"", "", "1 1 1"}, {"1", "", "2 2 2"}, {"", "b", "2 3 3"}, {"0", "", "2 3 3"}, {"", "nothing", "2 3 3"},
	} {
		r := experimenttest.StartIn(t, root)
		t.Setenv("COGUMI_FORCE", round.force)
		t.Setenv("COGUMI_FROM", round.from)
		all(r)
		if got := fmt.Sprint(a.Load(), b.Load(), c.Load()); got != round.want {
			t.Errorf("%+v: done %s times", round, got)
		}
		notes := experimenttest.Read(t, r).Notes()
		if (round.from == "nothing") != (len(notes) == 1) {
			t.Errorf("%+v: notes %v", round, notes)
		}
	}
}

// TestReusedStepsReportTheSame: the report of a run that did nothing again shows
// what the report of the first one showed.
func TestReusedStepsReportTheSame(t *testing.T) {
	root := t.TempDir()
	other := filepath.Join(t.TempDir(), "table.csv")
	if err := os.WriteFile(other, []byte("a,b"), 0o644); err != nil {
		t.Fatal(err)
	}
	var seen []string
	for range 2 {
		r := experimenttest.StartIn(t, root)
		do(t, r, experiment.Spec{Name: "outer"}, func(w *experiment.Work) error {
			do(t, r, experiment.Spec{Name: "inner"}, func(w *experiment.Work) error {
				r.Metric("train/loss", 1, 0.5)
				r.Note(run.Note{Level: "warn", Topic: "data", Text: "3 rows set aside"})
				path := filepath.Join(w.Dir, "adapter.bin")
				err := os.WriteFile(path, []byte("weights"), 0o644)
				r.Artefact("adapter", "adapter", path)
				return err
			})
			r.Figure(run.Figure{Name: "acc", Value: 80, N: 5})
			r.Table(run.Table{Name: "t", Columns: []string{"a"}, Rows: [][]any{{1, "x", nil, 0.5}}})
			r.Funnel(run.Funnel{Name: "f", Stages: []run.FunnelStage{{Name: "in", Count: 3}}})
			r.Comparison(run.Comparison{BaseName: "base", TunedName: "tuned"})
			r.Samples("answers", "Answers", []run.Sample{{ID: "1", Prompt: "p<q"}})
			r.Artefact("table", "table", other)
			return nil
		})
		os.Remove(other) // a reused step does not need it
		got := experimenttest.Read(t, r)
		samples, bad, err := got.Samples(got.SampleSets()[0])
		if err != nil || bad != 0 || len(samples) != 1 || samples[0].Prompt != "p<q" {
			t.Errorf("samples %v %d %v", samples, bad, err)
		}
		text := fmt.Sprint(got.Series("train/loss"), got.Notes(), got.Figures(), got.Tables(), got.Funnels(), got.Comparisons(), got.SampleSets())
		for _, a := range got.Artefacts() {
			text += fmt.Sprintf("%s %s %s %q", a.Name, a.Path, a.SHA256, content(t, r.Dir(), a.Path))
		}
		if len(got.Info.Artefacts) != 2 || len(got.Events) < 9 {
			t.Errorf("artefacts %+v", got.Info.Artefacts)
		}
		seen = append(seen, text)
	}
	if seen[0] != seen[1] || !strings.Contains(seen[0], "weights") {
		t.Errorf("first  %s\nsecond %s", seen[0], seen[1])
	}
}

func TestConcurrentStepsOfOneRun(t *testing.T) {
	r := experimenttest.Start(t)
	var calls, at, most atomic.Int32
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			dir, err := r.Do(experiment.Spec{Name: fmt.Sprint("s", i%3)}, func(w *experiment.Work) error {
				most.Store(max(most.Load(), at.Add(1)))
				defer at.Add(-1)
				calls.Add(1)
				p := r.Progress("p", "rows", 50)
				defer p.Done()
				for range 50 {
					p.Add(1)
					time.Sleep(time.Millisecond)
				}
				r.Metric(fmt.Sprint("m", i%3), 1, 1)
				return os.WriteFile(filepath.Join(w.Dir, "x"), []byte{byte(i % 3)}, 0o644)
			})
			if err != nil || content(t, dir, "x") != string(rune(i%3)) {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if calls.Load() != 3 || most.Load() < 2 {
		t.Errorf("%d calls, %d at once", calls.Load(), most.Load())
	}
	if got := experimenttest.Read(t, r); len(got.Steps()) != 3 || len(got.SeriesNames()) != 3 {
		t.Errorf("%+v", got.Steps())
	}
}

func TestAStepsResultIsFiles(t *testing.T) {
	r := experimenttest.Start(t)
	_, err := r.Do(experiment.Spec{Name: "s"}, func(w *experiment.Work) error {
		return os.Symlink("/etc/passwd", filepath.Join(w.Dir, "link"))
	})
	if err == nil || !strings.Contains(err.Error(), "neither file nor folder") {
		t.Errorf("%v", err)
	}
}

func TestAPanicInAStepClosesItsBooks(t *testing.T) {
	root := t.TempDir()
	r := experimenttest.StartIn(t, root)
	func() {
		defer func() {
			if v := recover(); v != "boom" {
				t.Errorf("recovered %v", v)
			}
		}()
		r.Do(experiment.Spec{Name: "s"}, func(w *experiment.Work) error { panic("boom") })
	}()
	var calls atomic.Int32
	do(t, r, experiment.Spec{Name: "s"}, writes(&calls, "x")) // the lock is free, the step not done
	if calls.Load() != 1 {
		t.Error("not done")
	}
}

func TestHashPath(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a", "x")
	os.MkdirAll(filepath.Dir(file), 0o755)
	hash := func(path string) string {
		t.Helper()
		h, err := experiment.HashPath(path)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	os.WriteFile(file, []byte("abc"), 0o644)
	if got := hash(file); got != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Errorf("SHA-256 of abc: %s", got)
	}
	before := hash(dir)
	os.WriteFile(file, []byte("abd"), 0o644)
	if hash(dir) == before {
		t.Error("a changed file does not change its folder")
	}
	os.WriteFile(file, []byte("abc"), 0o644)
	if hash(dir) != before {
		t.Error("the same content has another hash")
	}
	os.Rename(file, filepath.Join(dir, "a", "y"))
	if hash(dir) == before {
		t.Error("a renamed file does not change its folder")
	}
	if got := hash("0123456789abcdef"); got != "0123456789abcdef" {
		t.Errorf("a hash of a hash: %s", got)
	}
	if _, err := experiment.HashPath(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	experiment.Builtin("test/built-in", "feed")
	if got := hash("test/built-in"); got != "feed" {
		t.Errorf("built in: %s", got)
	}
}
