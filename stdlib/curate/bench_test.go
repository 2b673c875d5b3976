package curate

import (
	"path/filepath"
	"testing"

	"cogumi/kernels/golden"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/model"
)

// BenchmarkAttributes: everything that is computed of a row, on one core; real answers
// of 1.55 KB in the mean.
func BenchmarkAttributes(b *testing.B) {
	var rows []dataset.Row
	size := 0
	path := filepath.Join(golden.Dir(b, "data/neardup"), "dev.jsonl.gz")
	err := dataset.Each(path, func(r dataset.Row) error {
		if len(rows) < 2000 {
			r.Instruction = "Explain this in your own words."
			rows = append(rows, r)
			size += len(r.Output)
		}
		return nil
	}, func(dataset.Bad) {})
	tokens, _, tokErr := model.Tokenizer("tiny")
	if err != nil || tokErr != nil || len(rows) == 0 {
		b.Fatal(err, tokErr)
	}
	j := &gauge{tokens: tokens}
	b.SetBytes(int64(size / len(rows)))
	i := 0
	for b.Loop() {
		r := rows[i%len(rows)]
		j.row(&r)
		i++
	}
}
