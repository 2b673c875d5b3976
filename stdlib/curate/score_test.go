package curate

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment/experimenttest"
	"cogumi/stdlib/judge"
)

func TestParseMarks(t *testing.T) {
	for _, c := range []struct {
		text  string
		score int
		err   string
	}{
		{`{"reason":"r","accuracy":3,"completeness":2,"coherence":2,"helpfulness":3}`, 10, ""},
		{`{"reason":"r","accuracy":0,"completeness":0,"coherence":0,"helpfulness":0}`, 1, ""},
		{`{"reason":"r","accuracy":2,"completeness":1,"coherence":2,"helpfulness":2}`, 7, ""},
		{`{"reason":"r","accuracy":4,"completeness":1,"coherence":2,"helpfulness":2}`, 0, "accuracy is 4"},
		{`{"reason":"r","accuracy":-1,"completeness":1,"coherence":2,"helpfulness":2}`, 0, "accuracy is -1"},
		{`{"reason":"r","accuracy":3,"completeness":1,"coherence":2}`, 0, "helpfulness is missing"},
		{`{"accuracy":3,"completeness":1,"coherence":2,"helpfulness":1}`, 0, "reason is missing"},
		{`{"reason":"r","accuracy":2.5,"completeness":1,"coherence":2,"helpfulness":2}`, 0, "not the JSON object"},
		{`Score: 7`, 0, "not the JSON object"},
		{`{"reason":"r","accuracy":3,"completeness":2,"coherence":2,"helpfulness":3} 10/10`, 0, "text follows"},
	} {
		m, err := parseMarks(c.text)
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) || err == nil && m.Score() != c.score {
			t.Errorf("%s: %+v, %v", c.text, m, err)
		}
	}
}

// grader is an endpoint that marks rows by the number in their answers.
type grader struct {
	*httptest.Server
	mu    sync.Mutex
	calls int
	seen  []string
}

func serve(t *testing.T) *grader {
	g := &grader{}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var in struct {
			Messages []struct{ Content string }
			Format   struct {
				Schema struct{ Name string } `json:"json_schema"`
			} `json:"response_format"`
		}
		json.Unmarshal(body, &in)
		g.mu.Lock()
		g.calls++
		g.seen = append(g.seen, in.Format.Schema.Name+" "+in.Messages[1].Content)
		g.mu.Unlock()
		text := `{"reason":"fine","accuracy":3,"completeness":2,"coherence":2,"helpfulness":3}`
		switch {
		case strings.Contains(in.Messages[1].Content, "poor"):
			text = `{"reason":"wrong","accuracy":0,"completeness":1,"coherence":2,"helpfulness":1}`
		case strings.Contains(in.Messages[1].Content, "strange"):
			text = "I cannot say."
		}
		b, _ := json.Marshal(m{"model": "gpt-4o", "choices": []m{{"finish_reason": "stop", "message": m{"role": "assistant", "content": text}}}, "usage": m{"prompt_tokens": 400, "completion_tokens": 50}})
		w.Write(b)
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *grader) judge(t *testing.T) *judge.Judge {
	t.Helper()
	prices := write(t, filepath.Join(t.TempDir(), "prices.json"), m{"gpt-4o": m{"input": 2.5, "output": 10, "date": "2026-01-01"}})
	j, err := judge.Endpoint(judge.EndpointConfig{Model: "gpt-4o", URL: g.URL + "/v1", KeyEnv: "TEST_NO_KEY", PriceFile: prices, Parallel: 4})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func markable(t *testing.T, n int) *Rows {
	t.Helper()
	var list []any
	for i := range n {
		list = append(list, m{"instruction": prose(i, 12), "output": prose(1000+i, 30) + []string{" good", " poor", " good", " good", " strange"}[i%5]})
	}
	sources, err := Sources([]string{write(t, filepath.Join(t.TempDir(), "rows.jsonl"), list...)})
	if err != nil {
		t.Fatal(err)
	}
	tagged, err := Tag(sources, Tagger{})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := tagged.Mix(Rules{})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestScore: rows below the limit and rows without a mark go; what was paid is not
// paid by another run.
func TestScore(t *testing.T) {
	g := serve(t)
	runs := filepath.Join(t.TempDir(), "runs")
	experimenttest.StartIn(t, runs)
	rows := markable(t, 20)
	out, err := rows.Score(g.judge(t), Scoring{MaxDollars: 1, MaxErrors: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	if out.Len() != 12 || g.calls != 20+4 { // strange ones are asked twice
		t.Errorf("%d rows, %d calls", out.Len(), g.calls)
	}
	if !strings.HasPrefix(g.seen[0], "marks <task id=") {
		t.Errorf("%s", g.seen[0])
	}
	path := filepath.Join(t.TempDir(), "out.jsonl")
	if err := out.Write(path); err != nil {
		t.Fatal(err)
	}
	set, err := dataset.Read(path)
	if err != nil || set.Len() != 12 || set.Rows[0].Extra["quality"] != 10.0 {
		t.Errorf("%v, %+v", err, set)
	}
	stage := out.Stages()[len(out.Stages())-1]
	if stage.Note != "4 go with a score below 7, 4 that gpt-4o could not mark" {
		t.Errorf("%+v", stage)
	}
	// Another limit is no other question; other rows are asked only where they differ.
	calls := g.calls
	if low, err := rows.Score(g.judge(t), Scoring{Min: 3, MaxDollars: 1, MaxErrors: 0.5}); err != nil || low.Len() != 16 || g.calls != calls {
		t.Errorf("%v, %d calls more", err, g.calls-calls)
	}
	experimenttest.StartIn(t, runs)
	more := markable(t, 25)
	if _, err := more.Score(g.judge(t), Scoring{MaxDollars: 1, MaxErrors: 0.5}); err != nil {
		t.Fatal(err)
	}
	if again := g.calls - calls; again != 4+2+2*4 { // new ones, and those without a mark
		t.Errorf("%d calls for 5 new rows", again)
	}
}

// TestScoreLimit: no call is made that the limit does not hold.
func TestScoreLimit(t *testing.T) {
	g := serve(t)
	experimenttest.Start(t)
	_, err := markable(t, 20).Score(g.judge(t), Scoring{MaxDollars: 0.0001})
	if err == nil || !strings.Contains(err.Error(), judge.ErrBudget.Error()) || g.calls > 0 {
		t.Errorf("%v, %d calls", err, g.calls)
	}
	_, err = markable(t, 20).Score(g.judge(t), Scoring{MaxErrors: 0.1})
	if err == nil || !strings.Contains(err.Error(), "judgements failed") {
		t.Errorf("%v", err)
	}
	if _, err := markable(t, 5).Score(judge.Truth(), Scoring{}); err == nil || !strings.Contains(err.Error(), "judge pairs and nothing else") {
		t.Errorf("%v", err)
	}
}
