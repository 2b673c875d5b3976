package run

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func create(t *testing.T, root, script string) *Writer {
	t.Helper()
	w, err := Create(root, Info{Script: script})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

func TestCreateAndReadBack(t *testing.T) {
	root := t.TempDir()
	w := create(t, root, "phase1b_scaleup")
	must(t, w.Event(Event{Kind: "metric", Metric: &Metric{Series: "train/loss", X: 1, Value: 2.5}}))
	must(t, w.Event(Event{Kind: "log", Log: "a <b> & \"c\" ünï"}))
	must(t, w.Update(func(i *Info) { i.Result = []byte(`{"rows":3}`); i.State = Done }))
	r, err := Read(w.Dir())
	must(t, err)
	if r.Info.Version != Version || r.Info.ID != filepath.Base(w.Dir()) || r.Info.Attempt != 1 || r.Info.Script != "phase1b_scaleup" || r.State() != Done {
		t.Errorf("info %+v", r.Info)
	}
	if len(r.Events) != 2 || r.Events[1].Log != "a <b> & \"c\" ünï" || r.Events[0].Time.IsZero() || r.Events[0].Attempt != 1 || r.Cut != 0 {
		t.Errorf("events %+v, cut %d", r.Events, r.Cut)
	}
	if strings.Join(strings.Fields(string(r.Info.Result)), "") != `{"rows":3}` {
		t.Errorf("result %s", r.Info.Result)
	}
	for _, sub := range []string{SourceDir, ArtefactDir, SampleDir} {
		if fi, err := os.Stat(filepath.Join(w.Dir(), sub)); err != nil || !fi.IsDir() {
			t.Errorf("no folder %s", sub)
		}
	}
}

// TestCopiesAreNoPackages: ./... of the module around a run folder leaves the
// run's Go files alone.
func TestCopiesAreNoPackages(t *testing.T) {
	root := t.TempDir()
	must(t, os.WriteFile(filepath.Join(root, "go.mod"), []byte("module around\n"), 0o644))
	must(t, os.WriteFile(filepath.Join(root, "a.go"), []byte("package around\n"), 0o644))
	w := create(t, filepath.Join(root, "runs"), "x")
	must(t, os.WriteFile(filepath.Join(w.Dir(), SourceDir, "x.go"), []byte("package main\n"), 0o644))
	list := exec.Command("go", "list", "./...")
	list.Dir = root
	out, err := list.CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "around" {
		t.Errorf("go list: %s%v", out, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestIDs(t *testing.T) {
	at := time.Date(2026, 11, 23, 4, 5, 6, 0, time.FixedZone("", 3600))
	for in, want := range map[string]string{
		"phase1b": "20261123-030506-phase1b-", "a/b/x.go": "20261123-030506-x-", "../..": "20261123-030506-run-", "é!": "20261123-030506-run-", "": "20261123-030506-run-",
		"my script": "20261123-030506-my_script-",
	} {
		id := newID(at, in)
		if !strings.HasPrefix(id, want) || len(id) != len(want)+4 || !filepath.IsLocal(id) {
			t.Errorf("id of %q: %q, want %q + 4 letters", in, id, want)
		}
	}
	root := t.TempDir()
	var wg sync.WaitGroup
	ids := make([]string, 30)
	for i := range ids {
		wg.Go(func() {
			w, err := Create(root, Info{Script: "x", Started: at})
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = w.Dir()
			w.Close()
		})
	}
	wg.Wait()
	slices.Sort(ids)
	if len(slices.Compact(ids)) != 30 {
		t.Error("two runs of the same second share a folder")
	}
}

func TestCutLineIsCountedAndClosed(t *testing.T) {
	w := create(t, t.TempDir(), "x")
	must(t, w.Event(Event{Kind: "log", Log: "one"}))
	must(t, w.Close())
	path := filepath.Join(w.Dir(), eventsFile)
	whole, err := os.ReadFile(path)
	must(t, err)
	for cut := 1; cut < len(whole); cut++ {
		must(t, os.WriteFile(path, append(slices.Clone(whole), whole[:len(whole)-cut]...), 0o644))
		r, err := Read(w.Dir())
		must(t, err)
		wantCut, wantEvents := 1, 1
		if cut == 1 { // only the newline is missing: the event is whole
			wantCut, wantEvents = 0, 2
		}
		if r.Cut != wantCut || len(r.Events) != wantEvents {
			t.Fatalf("cut %d bytes: %d events, %d cut", cut, len(r.Events), r.Cut)
		}
	}
	must(t, os.WriteFile(path, append(slices.Clone(whole), whole[:20]...), 0o644))
	again, err := OpenWriter(w.Dir())
	must(t, err)
	must(t, again.Event(Event{Kind: "log", Log: "two"}))
	must(t, again.Close())
	r, err := Read(w.Dir())
	must(t, err)
	if got := r.Logs(); !slices.Equal(got, []string{"one", "two"}) || r.Cut != 1 {
		t.Errorf("after going on: %q, cut %d", got, r.Cut)
	}
}

func TestNonFiniteIsRefusedWhole(t *testing.T) {
	w := create(t, t.TempDir(), "x")
	zero := 0.0
	if err := w.Event(Event{Kind: "metric", Metric: &Metric{Series: "s", Value: zero / zero}}); err == nil {
		t.Error("NaN was written")
	}
	must(t, w.Event(Event{Kind: "log", Log: "next"}))
	r, err := Read(w.Dir())
	must(t, err)
	if len(r.Events) != 1 || r.Cut != 0 {
		t.Errorf("%d events, %d cut", len(r.Events), r.Cut)
	}
	must(t, w.Close())
	if err := w.Event(Event{Kind: "log"}); err == nil {
		t.Error("an event after Close is lost without an error")
	}
}

func TestTwoWritersShareOneFolder(t *testing.T) {
	a := create(t, t.TempDir(), "x")
	b, err := OpenWriter(a.Dir())
	must(t, err)
	defer b.Close()
	var wg sync.WaitGroup
	const n = 25
	for _, w := range []*Writer{a, b} {
		wg.Go(func() {
			for i := range n {
				if err := w.Update(func(info *Info) { info.Args = append(info.Args, "x") }); err != nil {
					t.Error(err)
				}
				if err := w.Event(Event{Kind: "log", Log: strings.Repeat("y", 5000+i)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	r, err := Read(a.Dir())
	must(t, err)
	if len(r.Info.Args) != 2*n || len(r.Events) != 2*n || r.Cut != 0 {
		t.Errorf("%d updates, %d events, %d cut; want %d each", len(r.Info.Args), len(r.Events), r.Cut, 2*n)
	}
}

func TestNewerVersionIsRefused(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, infoFile), []byte(`{"version":2,"params":"now text"}`), 0o644))
	_, err := Read(dir)
	if !errors.Is(err, ErrNewer) {
		t.Errorf("%v", err)
	}
	if _, err := OpenWriter(dir); !errors.Is(err, ErrNewer) {
		t.Errorf("writer: %v", err)
	}
	_, err = Read(t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "not a run folder") {
		t.Errorf("an empty folder: %v", err)
	}
}

func TestPathsOutOfTheFolderAreRefused(t *testing.T) {
	w := create(t, t.TempDir(), "x")
	secret := filepath.Join(filepath.Dir(w.Dir()), "secret.jsonl")
	must(t, os.WriteFile(secret, []byte(`{"id":"s"}`+"\n"), 0o644))
	must(t, os.WriteFile(filepath.Join(w.Dir(), "samples", "ok.jsonl"), []byte(`{"id":"1"}`+"\nnot json\n"+`{"id":"2"}`), 0o644))
	must(t, os.Symlink(secret, filepath.Join(w.Dir(), "samples", "link.jsonl")))
	bad := []string{"../secret.jsonl", "/etc/passwd", "samples/../../secret.jsonl", `..\secret.jsonl`, "", ".", "C:/x", "a\x00b"}
	for _, p := range bad {
		must(t, w.Event(Event{Kind: "samples", Samples: &SampleSet{Name: "bad", Path: p}}))
		must(t, w.Event(Event{Kind: "artefact", Artefact: &Artefact{Name: "bad", Path: p}}))
	}
	must(t, w.Event(Event{Kind: "samples", Samples: &SampleSet{Name: "ok", Path: "samples/ok.jsonl"}}))
	must(t, w.Update(func(i *Info) {
		i.Artefacts = []Artefact{{Name: "bad", Path: "../x"}, {Name: "good", Path: "artefacts/y"}}
	}))
	r, err := Read(w.Dir())
	must(t, err)
	if len(r.SampleSets()) != 1 || len(r.Artefacts()) != 1 || len(r.Problems) != 2*len(bad)+1 {
		t.Errorf("%d sample sets, %d artefacts, problems %q", len(r.SampleSets()), len(r.Artefacts()), r.Problems)
	}
	for _, p := range append(bad, "samples/link.jsonl") {
		if _, _, err := r.Samples(SampleSet{Path: p}); err == nil {
			t.Errorf("%q was opened", p)
		}
	}
	list, count, err := r.Samples(r.SampleSets()[0])
	if err != nil || len(list) != 2 || count != 1 || list[1].ID != "2" {
		t.Errorf("samples %+v, %d bad, %v", list, count, err)
	}
}

func TestAccess(t *testing.T) {
	w := create(t, t.TempDir(), "x")
	point := func(series string, attempt, x int, v float64) {
		must(t, w.Event(Event{Kind: "metric", Attempt: attempt, Metric: &Metric{Series: series, X: x, Value: v}}))
	}
	point("train/loss", 1, 1, 3)
	point("train/loss", 1, 2, 2.5)
	point("train/lr", 1, 1, 0.1)
	point("train/loss", 2, 2, 2.4) // the second attempt repeats step 2
	point("train/loss", 2, 0, 4)
	for _, v := range []float64{1, 2} {
		must(t, w.Event(Event{Kind: "figure", Figure: &Figure{Name: "acc", Value: v}}))
		must(t, w.Event(Event{Kind: "note", Note: &Note{Level: "warn", Text: "same"}}))
		must(t, w.Event(Event{Kind: "comparison", Comparison: &Comparison{BaseName: "base", TunedName: "tuned", Excluded: int(v)}}))
		must(t, w.Event(Event{Kind: "step", StepInfo: &Step{Name: "s", Key: "k", State: []State{Running, Done}[int(v)-1]}}))
		must(t, w.Event(Event{Kind: "progress", Progress: &Progress{Name: "p", Done: int(v)}}))
	}
	must(t, w.Event(Event{Kind: "figure", Figure: &Figure{Name: "other", Value: 9}}))
	must(t, w.Event(Event{Kind: "from-the-future"}))
	r, err := Read(w.Dir())
	must(t, err)
	if got := r.Series("train/loss"); !slices.Equal(got, []Point{{0, 4}, {1, 3}, {2, 2.4}}) {
		t.Errorf("loss %v", got)
	}
	if got := r.SeriesNames(); !slices.Equal(got, []string{"train/loss", "train/lr"}) {
		t.Errorf("names %v", got)
	}
	if got := r.Figures(); len(got) != 2 || got[0].Value != 2 || got[1].Name != "other" {
		t.Errorf("figures %+v", got)
	}
	if len(r.Notes()) != 1 || len(r.Comparisons()) != 1 || r.Comparisons()[0].Excluded != 2 {
		t.Errorf("notes %v, comparisons %v", r.Notes(), r.Comparisons())
	}
	if got := r.Steps(); len(got) != 1 || got[0].State != Done {
		t.Errorf("steps %+v", got)
	}
	if got := r.Progress(); len(got) != 1 || got[0].Done != 2 {
		t.Errorf("progress %+v", got)
	}
}

func TestLiveState(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		name     string
		state    State
		started  time.Duration
		beat     time.Duration
		want     State
		noStrike bool
	}{
		{"done stays done", Done, time.Hour, time.Hour, Done, false},
		{"alive", Running, time.Hour, 2 * time.Second, Running, false},
		{"silent", Running, time.Hour, time.Minute, Dead, false},
		{"just begun", Running, time.Second, 0, Running, true},
		{"never a beat", Running, time.Hour, 0, Dead, true},
	} {
		beat := now.Add(-c.beat)
		if c.noStrike {
			beat = time.Time{}
		}
		if got := LiveState(&Info{State: c.state, Started: now.Add(-c.started)}, beat); got != c.want {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}

func TestHeartbeatBeatsUntilClose(t *testing.T) {
	w := create(t, t.TempDir(), "x")
	w.Heartbeat(nil)
	w.Heartbeat(nil) // a second one replaces the first
	r, err := Read(w.Dir())
	must(t, err)
	if time.Since(r.Heartbeat) > 5*time.Second || r.State() != Running {
		t.Errorf("heartbeat %v, state %s", r.Heartbeat, r.State())
	}
	must(t, w.Close())
	old := time.Now().Add(-time.Hour)
	must(t, os.WriteFile(filepath.Join(w.Dir(), heartbeatFile), []byte(old.Format(time.RFC3339Nano)), 0o644))
	must(t, w.Update(func(i *Info) { i.Started = old }))
	if r, err = Read(w.Dir()); err != nil || r.State() != Dead {
		t.Errorf("an hour later: %v %v", r.State(), err)
	}
	must(t, os.WriteFile(filepath.Join(w.Dir(), heartbeatFile), []byte("rubbish"), 0o644))
	if r, err = Read(w.Dir()); err != nil || r.State() != Running { // its time of change is now
		t.Errorf("a damaged heartbeat: %v %v", r.State(), err)
	}
}

func TestList(t *testing.T) {
	root := t.TempDir()
	if list, err := List(filepath.Join(root, "none")); err != nil || list != nil {
		t.Errorf("a missing root: %v %v", list, err)
	}
	at := time.Now().Add(-time.Minute)
	for i := range 3 {
		w, err := Create(root, Info{Script: fmt.Sprint("s", i), Started: at.Add(time.Duration(i) * time.Second)})
		must(t, err)
		must(t, w.Update(func(in *Info) { in.State, in.Ended = Done, in.Started.Add(5*time.Second) }))
		must(t, w.Close())
		if i == 1 {
			must(t, os.WriteFile(filepath.Join(w.Dir(), "report.html"), nil, 0o644))
		}
	}
	must(t, os.MkdirAll(filepath.Join(root, ".steps", "x"), 0o755))
	must(t, os.MkdirAll(filepath.Join(root, "not-a-run"), 0o755))
	must(t, os.MkdirAll(filepath.Join(root, "broken"), 0o755))
	must(t, os.WriteFile(filepath.Join(root, "broken", infoFile), []byte("{"), 0o644))
	list, err := List(root)
	must(t, err)
	if len(list) != 4 || list[0].Script != "s2" || list[2].Script != "s0" || list[0].Seconds() != 5 || list[1].Report == "" || list[0].Report != "" {
		t.Errorf("%+v", list)
	}
	if list[3].Err == nil || list[3].ID != "broken" {
		t.Errorf("the broken one: %+v", list[3])
	}
}
