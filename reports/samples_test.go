package reports

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"cogumi/reports/run"
)

type payload struct {
	Sets    []setInfo `json:"sets"`
	Samples []sample  `json:"samples"`
}

// unpacked is what the page's script finds in a report.
func unpacked(t *testing.T, page string) payload {
	t.Helper()
	m := regexp.MustCompile(`id="samples-gz">([^<]*)<`).FindStringSubmatch(page)
	if m == nil {
		t.Fatal("no samples in the page")
	}
	b, err := base64.StdEncoding.DecodeString(m[1])
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	var p payload
	if err := json.NewDecoder(z).Decode(&p); err != nil {
		t.Fatal(err)
	}
	return p
}

// sampleRun is a run with one set of samples.
func sampleRun(t *testing.T, list []run.Sample) string {
	t.Helper()
	w, err := run.Create(t.TempDir(), run.Info{Script: "x", State: run.Done})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	var b bytes.Buffer
	for _, s := range list {
		if err := json.NewEncoder(&b).Encode(s); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(w.Dir(), "samples", "s.jsonl"), b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := w.Event(run.Event{Kind: "samples", Samples: &run.SampleSet{Name: "s", Title: "S", Path: "samples/s.jsonl", Count: len(list)}}); err != nil {
		t.Fatal(err)
	}
	return w.Dir()
}

// noise is text that does not compress well.
func noise(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(33 + r.IntN(90))
	}
	return string(b)
}

func TestSamplesThatDoNotFit(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var list []run.Sample
	for i := range 6000 {
		s := run.Sample{ID: fmt.Sprint(i), Prompt: noise(r, 300), Answers: []run.SampleAnswer{{Model: "base", Text: noise(r, 300), Verdict: "right"}}, Tags: []string{"right"}}
		switch i % 100 {
		case 3:
			s.Tags = []string{"regressed"}
		case 5:
			s.Tags = []string{"fixed"}
		case 7:
			s.Tags, s.Answers[0].Verdict = nil, "wrong"
		case 9:
			s.Tags = []string{"truncated", "right"}
		}
		list = append(list, s)
	}
	dir := sampleRun(t, list)
	page := reportOf(t, dir, Options{})
	if len(page) > DefaultLimit || len(page) < DefaultLimit*8/10 {
		t.Errorf("the report has %d bytes, it may have %d", len(page), DefaultLimit)
	}
	p := unpacked(t, page)
	if p.Sets[0].Total != 6000 || p.Sets[0].Shown != len(p.Samples) || len(p.Samples) < 500 || len(p.Samples) > 5999 {
		t.Errorf("%+v with %d samples", p.Sets[0], len(p.Samples))
	}
	last := 0
	for i, s := range p.Samples {
		now := rank(&run.Sample{Tags: s.Tags, Answers: []run.SampleAnswer{{Verdict: s.Answers[0].Verdict}}})
		if now < last {
			t.Fatalf("sample %d of rank %d comes after one of rank %d", i, now, last)
		}
		last = now
	}
	if p.Samples[0].Tags[0] != "regressed" || p.Samples[60].Tags[0] != "fixed" || p.Samples[120].Tags[0] != "truncated" || p.Samples[180].Answers[0].Verdict != "wrong" {
		t.Error("what got worse, flipped, failed and was wrong does not come first")
	}
	if n := len(unpacked(t, reportOf(t, dir, Options{AllSamples: true})).Samples); n != 6000 {
		t.Errorf("all samples are %d", n)
	}
	without := reportOf(t, dir, Options{NoSamples: true})
	if strings.Contains(without, `id="samples-gz"`) || !strings.Contains(without, "6,000 samples are left out") {
		t.Error("samples are not left out")
	}
}

func TestOneEndlessAnswerIsCut(t *testing.T) {
	dir := sampleRun(t, []run.Sample{{ID: "1", Answers: []run.SampleAnswer{{Text: strings.Repeat("ab ", 100_000)}}}, {Prompt: "no id"}})
	p := unpacked(t, reportOf(t, dir, Options{}))
	if text := p.Samples[0].Answers[0].Text; len(text) > maxSampleText+100 || !strings.Contains(text, "276,000 more characters") {
		t.Errorf("an answer of %d bytes ends with %q", len(text), text[len(text)-40:])
	}
	if p.Samples[1].ID != "#2" {
		t.Errorf("a sample without id is called %q", p.Samples[1].ID)
	}
	if all := unpacked(t, reportOf(t, dir, Options{AllSamples: true})); len(all.Samples[0].Answers[0].Text) != 300_000 {
		t.Error("with all samples the text is cut too")
	}
}

func TestRedaction(t *testing.T) {
	home, err := os.UserHomeDir()
	if err != nil {
		t.Skip(err)
	}
	w, err := run.Create(t.TempDir(), run.Info{
		Script: "x", State: run.Failed, Command: "cogumi run x --pool " + home + "/pool.jsonl --key sk-abcdefghijklmnop1234",
		Params: []run.Param{{Name: "pool", Value: "/home/alice/private/pool.jsonl"}, {Name: "other", Value: "/Users/bob/x"}},
		Error:  &run.Failure{Message: "open " + home + "/secret: Authorization: Bearer abcdef123456", Hint: "API_KEY=hunter2hunter2"},
		Result: json.RawMessage(`{"path":"/home/alice/out","n":3}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, e := range []run.Event{
		{Kind: "log", Log: "token hf_abcdefghijklmnopqrst from /home/carol/x"},
		{Kind: "note", Note: &run.Note{Text: "ghp_abcdefghijklmnopqrstuvwxyz", Topic: "data"}},
		{Kind: "table", Table: &run.Table{Name: "t", Columns: []string{"c"}, Rows: [][]any{{"AKIAABCDEFGHIJKLMNOP"}, {3.5}}}},
	} {
		if err := w.Event(e); err != nil {
			t.Fatal(err)
		}
	}
	page := reportOf(t, w.Dir(), Options{})
	for _, bad := range []string{"alice", "bob/", "carol", "sk-abcdef", "hf_abcdef", "ghp_abc", "AKIAABC", "hunter2", "abcdef123456"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page shows %q", bad)
		}
	}
	if len(home) > 3 && strings.Contains(page, home+"/") {
		t.Error("the page shows the home folder")
	}
	for _, good := range []string{"~/private/pool.jsonl", "~/out", "3.5", "[redacted]"} {
		if !strings.Contains(page, good) {
			t.Errorf("the page does not show %q", good)
		}
	}
	if open := reportOf(t, w.Dir(), Options{ShowPaths: true}); !strings.Contains(open, "/home/alice/private") {
		t.Error("paths are hidden although they were asked for")
	}
}

func TestThinKeepsSpikesAndEnds(t *testing.T) {
	var pts []run.Point
	for i := range 50_000 {
		pts = append(pts, run.Point{X: i, Value: math.Sin(float64(i) / 900)})
	}
	pts[31_234].Value = 40
	pts[31_777].Value = -40
	got := thin(pts, 500)
	if len(got) > 500 || got[0].X != 0 || got[len(got)-1].X != 49_999 {
		t.Errorf("%d points from %d to %d", len(got), got[0].X, got[len(got)-1].X)
	}
	high, low := false, false
	for i, p := range got {
		high, low = high || p.Value == 40, low || p.Value == -40
		if i > 0 && p.X <= got[i-1].X {
			t.Fatalf("point %d goes back to %d", i, p.X)
		}
	}
	if !high || !low {
		t.Error("a spike was lost")
	}
	if same := thin(pts[:100], 500); len(same) != 100 {
		t.Error("a short series was thinned")
	}
}

func TestSmooth(t *testing.T) {
	var pts []run.Point
	for i := range 120 {
		pts = append(pts, run.Point{X: i, Value: 3})
	}
	soft, span := smooth(pts)
	for _, p := range soft {
		if math.Abs(p.Value-3) > 1e-12 {
			t.Fatalf("the mean of threes is %v at %d", p.Value, p.X)
		}
	}
	if span != 10 {
		t.Errorf("span %d", span)
	}
	if noisy(pts) {
		t.Error("a constant counts as noisy")
	}
}
