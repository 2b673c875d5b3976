package reports

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"cogumi/reports/run"
)

func TestSamplesBesideTheReport(t *testing.T) {
	long := strings.Repeat("long ", maxSampleText)
	key := "sk-" + strings.Repeat("a1", 20)
	dir := sampleRun(t, []run.Sample{
		{ID: "1", Category: "math", Prompt: long, Tags: []string{"right"}, Answers: []run.SampleAnswer{{Model: "base", Text: "my key is " + key, Verdict: "right", Tokens: 9}}},
		{ID: "2", Prompt: "p", Winner: "b", Tags: []string{"loss", "long"}, Answers: []run.SampleAnswer{{Model: "a", Text: "x"}, {Model: "b", Text: "y"}},
			Judgements: []run.SampleJudgement{{First: "a", Winner: "b", Reason: "because"}, {First: "b", Error: "no answer"}}},
	})
	if _, err := Write(dir); err != nil {
		t.Fatal(err)
	}
	rows, err := parquet.ReadFile[sampleRow](filepath.Join(dir, SamplesFile))
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 2 || rows[0].Prompt != long || rows[0].Set != "s" || rows[0].Answers[0].Tokens != 9 {
		t.Fatalf("%d rows", len(rows))
	}
	if text := rows[0].Answers[0].Text; strings.Contains(text, key) || !strings.Contains(text, hidden) {
		t.Errorf("a secret is in the table: %s", text)
	}
	if r := rows[1]; r.Winner != "b" || len(r.Tags) != 2 || len(r.Judgements) != 2 || r.Judgements[0].Reason != "because" || r.Judgements[1].Error != "no answer" || r.Answers[1].Text != "y" {
		t.Errorf("row 2: %+v", r)
	}
	if err := os.Remove(filepath.Join(dir, SamplesFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := WriteWith(dir, Options{NoSamples: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, SamplesFile)); err == nil {
		t.Error("the texts were to be left out")
	}
}
