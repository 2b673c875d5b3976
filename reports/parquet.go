package reports

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/parquet-go/parquet-go"

	"cogumi/reports/run"
	"cogumi/reports/run/durable"
)

// SamplesFile holds every sample of the run in full, beside the report: what did
// not fit into it, and what other tools read.
const SamplesFile = "samples.parquet"

// sampleRow is a row of SamplesFile.
type sampleRow struct {
	Set        string         `parquet:"set,dict"`
	ID         string         `parquet:"id"`
	Category   string         `parquet:"category,dict"`
	Family     string         `parquet:"family,dict"`
	Prompt     string         `parquet:"prompt"`
	Reference  string         `parquet:"reference"`
	Winner     string         `parquet:"winner,dict"`
	Tags       []string       `parquet:"tags,list"`
	Answers    []answerRow    `parquet:"answers,list"`
	Judgements []judgementRow `parquet:"judgements,list"`
}

type answerRow struct {
	Model     string `parquet:"model,dict"`
	Text      string `parquet:"text"`
	Verdict   string `parquet:"verdict,dict"`
	Extracted string `parquet:"extracted"`
	Reason    string `parquet:"reason"`
	Tokens    int64  `parquet:"tokens"`
}

type judgementRow struct {
	First  string `parquet:"first,dict"`
	Winner string `parquet:"winner,dict"`
	Reason string `parquet:"reason"`
	Error  string `parquet:"error"`
	Judge  string `parquet:"judge,dict"`
}

// rowsPerGroup bounds what a reader of SamplesFile holds at a time.
const rowsPerGroup = 10_000

// writeParquet writes every sample in the order of the run, without secrets.
func (d *sampleData) writeParquet(dir string) error {
	err := durable.WriteFile(filepath.Join(dir, SamplesFile), func(w io.Writer) error {
		p := parquet.NewGenericWriter[sampleRow](w, parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(rowsPerGroup))
		batch := make([]sampleRow, 0, 256)
		flush := func() error {
			_, err := p.Write(batch)
			batch = batch[:0]
			return err
		}
		for i, set := range d.whole {
			for j := range set {
				if batch = append(batch, newSampleRow(d.sets[i].Name, &set[j])); len(batch) == cap(batch) {
					if err := flush(); err != nil {
						return errors.Join(err, p.Close())
					}
				}
			}
		}
		return errors.Join(flush(), p.Close())
	})
	if err != nil {
		return fmt.Errorf("write samples: %w", err)
	}
	return nil
}

func newSampleRow(set string, s *run.Sample) sampleRow {
	r := sampleRow{Set: set, ID: s.ID, Category: s.Category, Family: s.Family, Prompt: secretsOut(s.Prompt), Reference: secretsOut(s.Reference), Winner: s.Winner, Tags: s.Tags}
	for _, a := range s.Answers {
		r.Answers = append(r.Answers, answerRow{a.Model, secretsOut(a.Text), a.Verdict, secretsOut(a.Extracted), secretsOut(a.Reason), int64(a.Tokens)})
	}
	for _, j := range s.Judgements {
		r.Judgements = append(r.Judgements, judgementRow{j.First, j.Winner, secretsOut(j.Reason), secretsOut(j.Error), j.Judge})
	}
	return r
}
