//go:build ignore

// PURPOSE: Drop rows that others say nearly word for word, each with the reason in an audit.
// WHEN TO USE: Before training on collected or generated rows, and before adding new rows to old ones.
// WHEN NOT TO USE: Your script holds the rows already: dedup.Near and dedup.Against are one line each.
// INPUT: --in F | rows (more files may follow) | own
// OUTPUT: --out F (default the run's folder) | rows
//   --audit F (default the run's folder) | rows
//   --bad F (default the run's folder) | rows
//   --pairs F | rows (every pair that was found, copies of a text included)
//   --against DIR | folder (an index of earlier rows, which --add adds to)
//   --work DIR | folder (where a killed run finds what it had read)
// FLAGS: --field what is compared, a text or a list of messages
//   --threshold, --ngram, --permutations, --recall of finding pairs
//   --rule greedy or components
//   --keep best (file, quality, length, content) or first
//   --quality field with a number, higher stays
//   --add the rows that stay to the index of --against
//   --memory beyond which files help
// PIPELINE STAGE: 0.1 dedup
// TIME: < 5 s for 10,000 rows
// COST: $0 on your own machine

package main

import (
	"fmt"
	"path/filepath"

	"cogumi/stdlib/dedup"
	"cogumi/stdlib/experiment"
)

func main() {
	x := experiment.Start()
	defer x.Finish()

	in := x.String("in", "", "file of rows; more may follow: --in a.jsonl b.parquet")
	rule := x.String("rule", "greedy", "greedy: a row goes if it is near to one that stays; components: one row of each connected group stays")
	keep := x.String("keep", "best", "which of several stays: best (earlier file, quality, length, content) or first")
	c := dedup.FileConfig{
		Field:        x.String("field", "text", "what is compared: a text or a list of messages"),
		QualityField: x.String("quality", "", "field with a number; rows with a higher one stay"),
		Out:          x.String("out", "", "kept rows; the run's own folder if empty"),
		Audit:        x.String("audit", "", "one row for every removal; the run's own folder if empty"),
		BadRows:      x.String("bad", "", "rows that cannot be read, with file, line and reason; the run's own folder if empty"),
		Pairs:        x.String("pairs", "", "file for every pair that was found: row, row, Jaccard"),
		Against:      x.String("against", "", "folder of an index: rows that it holds go as well"),
		Add:          x.Bool("add", false, "add the kept rows to the index"),
		Memory:       dedup.MustBytes(x.String("memory", "", "beyond this much, 4G or 500M, signatures and bands lie in files")),
		Work:         x.String("work", "", "folder in which a killed run finds what it had read"),
		First:        keep == "first",
	}
	c.Threshold = x.Float("threshold", 0.8, "Jaccard similarity from which rows count as the same")
	c.Ngram = x.Int("ngram", 3, "runes of an n-gram")
	c.Permutations = x.Int("permutations", 128, "length of a signature")
	c.Recall = x.Float("recall", 0.98, "of pairs at the threshold; 0.995 costs little")
	c.Components = rule == "components"
	if rule != "greedy" && rule != "components" || keep != "best" && keep != "first" {
		experiment.Stop(experiment.WithCode(fmt.Errorf("--rule %s --keep %s: known are greedy and components, best and first", rule, keep), 2))
	}
	if in != "" {
		c.In = append(c.In, in)
	}
	c.In = append(c.In, x.Args()...)
	if c.Out == "" {
		c.Out = filepath.Join(x.Dir(), "artefacts", "kept.jsonl")
	}
	if c.Audit == "" {
		c.Audit = filepath.Join(x.Dir(), "artefacts", "removed.jsonl")
	}

	if c.BadRows == "" {
		c.BadRows = filepath.Join(x.Dir(), "artefacts", "bad.jsonl")
	}

	r := dedup.MustFiles(c)
	curve, err := dedup.RecallCurve(c.Config)
	if err != nil {
		experiment.Stop(err)
	}
	fmt.Print(curve)
	fmt.Printf("%d rows, %d stay: %d equal texts and %d near ones go, %d cannot be read\n", r.Rows, r.Kept, r.ExactDuplicates, r.NearDuplicates, r.Bad)
	fmt.Printf("%.0f rows a second, %s at most\n", r.DocsPerSecond, experiment.Bytes(r.PeakMemory))
	x.Result(r)
}
