package compare

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cogumi/reports"
	"cogumi/reports/run"
)

// made is a run of the given learning rate and seed whose items are right where
// the pattern says so.
func made(t *testing.T, lr, seed, pattern string, loss float64) *run.Run {
	t.Helper()
	info := run.Info{Script: "train", State: run.Done, Started: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Ended: time.Date(2026, 1, 1, 0, 1, 0, 0, time.UTC),
		Params: []run.Param{{Name: "lr", Value: lr}, {Name: "seed", Value: seed}, {Name: "rank", Value: "16"}}}
	w, err := run.Create(t.TempDir(), info)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for x := range 10 {
		event(t, w, run.Event{Kind: "metric", Metric: &run.Metric{Series: "eval/loss", X: x, Value: loss + 1/float64(x+1)}})
	}
	event(t, w, run.Event{Kind: "figure", Figure: &run.Figure{Name: "tokens per second", Value: 100, Unit: "tok/s"}})
	var b bytes.Buffer
	for i, c := range pattern {
		s := run.Sample{ID: fmt.Sprintf("v-%d", i+1), Prompt: fmt.Sprintf("question %d", i%7), Reference: "42", Category: "math", Family: "add",
			Answers: []run.SampleAnswer{{Model: "base", Verdict: "wrong"}, {Model: "tuned", Verdict: map[rune]string{'+': "right", '-': "wrong", '?': "unsupported"}[c]}}}
		if err := json.NewEncoder(&b).Encode(s); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(w.Dir(), "samples", "v.jsonl"), b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	event(t, w, run.Event{Kind: "samples", Samples: &run.SampleSet{Name: "v", Path: "samples/v.jsonl", Count: len(pattern)}})
	r, err := run.Read(w.Dir())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func event(t *testing.T, w *run.Writer, e run.Event) {
	t.Helper()
	if err := w.Event(e); err != nil {
		t.Fatal(err)
	}
}

func compared(t *testing.T, list ...*run.Run) *reports.Compared {
	t.Helper()
	c, err := Runs(list)
	if err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	if err := reports.BuildCompared(&page, c, reports.Options{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(page.String(), "95% interval") && len(c.Pairs) > 0 {
		t.Error("the page shows no interval")
	}
	return c
}

func TestTwoRunsInPairs(t *testing.T) {
	// Of 12 items 10 can be compared: 5 right in both, 4 gained, 1 lost.
	c := compared(t, made(t, "0.001", "1", "+++++----+?+", .5), made(t, "0.002", "1", "+++++++++-+?", .4))
	if len(c.Groups) != 2 || c.Groups[1].Label != "lr 0.002" {
		t.Fatalf("groups %+v", c.Groups)
	}
	if len(c.Params) != 1 || c.Params[0].Name != "lr" || len(c.Equal) != 2 {
		t.Errorf("differ %+v, equal %+v", c.Params, c.Equal)
	}
	p := c.Pairs[0]
	if p.N != 10 || p.Gained != 4 || p.Lost != 1 || p.LeftOut != 2 || math.Abs(p.Diff-.3) > 1e-12 {
		t.Errorf("pair %+v", p)
	}
	if math.Abs(p.P-.375) > 1e-12 || p.Confirmed { // 2·(C(5,0)+C(5,1))/2⁵
		t.Errorf("p = %v, confirmed %v", p.P, p.Confirmed)
	}
	if len(c.Comparisons) != 1 || c.Comparisons[0].TunedName != "lr 0.002" {
		t.Errorf("comparisons %+v", c.Comparisons)
	}
	if len(c.Samples) != 12 || len(c.Samples[0].Answers) != 2 || c.Samples[0].Answers[0].Model != "lr 0.001" {
		t.Errorf("%d samples, the first %+v", len(c.Samples), c.Samples[0])
	}
	m := c.Measures[slices.IndexFunc(c.Measures, func(m reports.Measure) bool { return m.Name == "lowest eval/loss" })]
	if !m.Values[1].Best || !m.Values[0].Worst || math.Abs(m.Values[1].Value-.5) > 1e-12 {
		t.Errorf("loss %+v", m)
	}
}

func TestSeedsAreAveraged(t *testing.T) {
	c := compared(t, made(t, "0.001", "1", "++++----", .5), made(t, "0.002", "1", "++++++--", .4), made(t, "0.001", "2", "+++-----", .7), made(t, "0.002", "2", "+++++++-", .2))
	if len(c.Groups) != 2 || c.Groups[0].Runs != 2 || c.Runs[2].Group != 0 {
		t.Fatalf("groups %+v", c.Groups)
	}
	p := c.Pairs[0]
	// Right in both seeds, or in one of them: 3.5 and 6.5 of 8.
	if p.N != 8 || p.ScoreA != 3.5/8 || p.ScoreB != 6.5/8 || p.Gained != 4 || p.Lost != 0 {
		t.Errorf("pair %+v", p)
	}
	if p.P != .125 { // 2/2⁴: all four differences point the same way
		t.Errorf("p = %v", p.P)
	}
	if c.Comparisons != nil {
		t.Error("means of seeds have no single comparison")
	}
	curve := c.Curves[0]
	if curve.Series != "eval/loss" || len(curve.Lines) != 2 || curve.Lines[0].Runs != 2 {
		t.Fatalf("curve %+v", curve)
	}
	// Student's t of one degree of freedom: ±12.706·(.2/√2)/√2.
	if q := curve.Lines[0].Points[0]; math.Abs(q.Mean-1.6) > 1e-12 || math.Abs(q.High-q.Mean-12.7062*.1) > 1e-3 || math.Abs(q.Mean-q.Low-12.7062*.1) > 1e-3 {
		t.Errorf("first point %+v", q)
	}
}

func TestNothingInCommon(t *testing.T) {
	a, b := made(t, "0.001", "1", "++", .5), made(t, "0.001", "1", "", .5)
	b.Info.Script = "other"
	c := compared(t, a, b)
	if c.Pairs != nil || c.Samples != nil || len(c.Notes) != 1 || !strings.Contains(c.Notes[0].Text, "no graded items in common") {
		t.Errorf("%+v %+v", c.Pairs, c.Notes)
	}
	if _, err := Runs([]*run.Run{a}); err == nil {
		t.Error("one run was compared")
	}
}

// TestManyPairsAreCorrected: what is seen once in three comparisons is no proof.
func TestManyPairsAreCorrected(t *testing.T) {
	base := strings.Repeat("-", 12)
	c := compared(t, made(t, "1", "1", base, .5), made(t, "2", "1", "++++++------", .5), made(t, "3", "1", base, .5), made(t, "4", "1", base, .5))
	p := c.Pairs[0]
	if math.Abs(p.P-.03125) > 1e-12 || math.Abs(p.PAdjusted-.09375) > 1e-12 || p.Confirmed {
		t.Errorf("p %v, after Holm %v, confirmed %v", p.P, p.PAdjusted, p.Confirmed)
	}
}
