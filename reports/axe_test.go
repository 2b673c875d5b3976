package reports

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"

	"cogumi/reports/internal/example"
	"cogumi/reports/run"
)

// violation is what axe-core found: a rule and the elements that break it.
type violation struct {
	ID     string
	Impact string
	Help   string
	Nodes  []struct {
		HTML           string `json:"html"`
		FailureSummary string `json:"failureSummary"`
	}
}

func axeSource(t *testing.T) string {
	t.Helper()
	f, err := os.Open("testdata/axe/axe.min.js.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Rules of axe-core that a page is held to. What a theme or a width cannot change
// is looked at once.
const (
	everyRule  = `{}`
	colours    = `{runOnly: ["color-contrast", "link-in-text-block"]}`
	allButThem = `{rules: {"color-contrast": {enabled: false}, "link-in-text-block": {enabled: false}}}`
)

// checkAxe runs rules of axe-core and fails on what is serious or critical.
func (b *tab) checkAxe(what, rules string) {
	b.t.Helper()
	js[any](b, axeSource(b.t)+"\n;null")
	text := js[string](b, `axe.run(document,{resultTypes:["violations"],...`+rules+`}).then(r=>JSON.stringify(r.violations))`)
	var list []violation
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		b.t.Fatal(err)
	}
	for _, v := range list {
		for i, n := range v.Nodes {
			if i == 3 {
				break
			}
			report := b.t.Logf
			if v.Impact == "serious" || v.Impact == "critical" {
				report = b.t.Errorf
			}
			report("%s: %s (%s): %s\n%.300s\n%.400s", what, v.ID, v.Impact, v.Help, n.HTML, n.FailureSummary)
		}
	}
}

// TestAccessible looks at every kind of page in light, in dark, and at the width
// of a phone.
func TestAccessible(t *testing.T) {
	pages := map[string]string{}
	for name, opt := range map[string]example.Options{"done": {}, "failed": {State: run.Failed}, "judge": {Kind: "judge"}, "benchmarks": {Kind: "benchmarks"}, "curate": {Kind: "curate"}} {
		pages[name] = built(t, opt, Options{Pipeline: []Stage{{Name: "0.2 curate", Scripts: []Script{{Name: "curate"}}}, {Name: "1B.5 scale up", Scripts: []Script{{Name: "phase1b_scaleup", From: []string{"curate"}}}}}})
	}
	pages["compared"] = comparedPage(t)
	for name, page := range pages {
		t.Run(name, func(t *testing.T) {
			b := open(t, page, "")
			if strings.Contains(page, `id="samples-gz"`) {
				b.ready()
			}
			b.showAll()
			js[any](b, `window.scrollTo(0,0)`)
			b.checkAxe("light", everyRule)
			b.do(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}))
			b.checkAxe("dark", colours)
			b.do(emulation.SetDeviceMetricsOverride(390, 844, 1, true))
			b.checkAxe("phone", allButThem)
			if wide := js[int](b, `document.documentElement.scrollWidth-innerWidth`); wide > 0 {
				t.Errorf("on a phone the page is %d pixels too wide", wide)
			}
		})
	}
}

// comparedPage is a small comparison with a band, a pair and items.
func comparedPage(t *testing.T) string {
	t.Helper()
	c := &Compared{
		Runs:     []ComparedRun{{ID: "a", Script: "x", State: run.Done, Seconds: 61}, {ID: "b", Script: "x", Group: 1, State: run.Failed}, {ID: "c", Script: "x", Group: 1, State: run.Done}},
		Groups:   []ComparedGroup{{"lr 0.001", 1}, {"lr 0.002", 2}},
		Params:   []ComparedParam{{"lr", []string{"0.001", "0.002", "0.002"}}, {"seed", []string{"1", "1", "2"}}},
		Equal:    []run.Param{{Name: "rank", Value: "16"}},
		Measures: []Measure{{Name: "accuracy", Unit: "%", Better: 1, Values: []MeasureValue{{Known: true, Value: 71, Low: 66, High: 75, N: 300}, {Known: true, Value: 78, Low: 70, High: 86, N: 2, Best: true}}}},
		Curves: []Curve{{Series: "eval/loss", Lines: []CurveLine{{Points: []BandPoint{{1, 2, 2, 2}, {2, 1, 1, 1}, {3, .5, .5, .5}}, Runs: 1},
			{Group: 1, Runs: 2, Points: []BandPoint{{1, 2.1, 1.9, 2.3}, {2, 1.2, .8, 1.6}, {3, .6, .5, .7}}}}}},
		Pairs:   []Pair{{A: 0, B: 1, N: 300, ScoreA: .71, ScoreB: .78, Diff: .07, Low: .02, High: .12, Gained: 40, Lost: 19, P: .008, PAdjusted: .008, Confirmed: true, Method: "sign flips"}},
		Samples: []run.Sample{{ID: "1", Prompt: "p", Answers: []run.SampleAnswer{{Model: "lr 0.001", Text: "a", Verdict: "wrong"}, {Model: "lr 0.002", Text: "b", Verdict: "right"}}, Tags: []string{"fixed"}}},
		Notes:   []run.Note{{Level: "warn", Topic: "runs", Text: "b is failed"}},
		Command: "cogumi compare a b c",
	}
	var page bytes.Buffer
	if err := BuildCompared(&page, c, Options{}); err != nil {
		t.Fatal(err)
	}
	return page.String()
}

// TestAxeSees makes sure that the rules run: this page breaks several.
func TestAxeSees(t *testing.T) {
	b := open(t, `<!doctype html><html><title>x</title><body><main><img src="data:,"><input><p style="color:#ddd;background:#fff">faint</p></main></body></html>`, "")
	js[any](b, axeSource(t)+"\n;null")
	for rules, broken := range map[string][]string{everyRule: {"color-contrast", "html-has-lang", "image-alt", "label"}, colours: {"color-contrast"}, allButThem: {"html-has-lang", "image-alt", "label"}} {
		ids := js[string](b, `axe.run(document, `+rules+`).then(r=>r.violations.map(v=>v.id).sort().join(" "))`)
		for _, want := range broken {
			if !strings.Contains(ids, want) {
				t.Errorf("axe-core with %s does not see %s in a page that breaks it: %s", rules, want, ids)
			}
		}
	}
}
