//go:build ignore

// PURPOSE: Turn recorded judgements into training rows: what the local model really lost, nothing else.
// WHEN TO USE: A benchmark against a teacher has been judged and its records are on disk.
// WHEN NOT TO USE: You have problems with known answers: phase1b_scaleup mines the failures itself.
// INPUT: --records DIR | judged records | from=phase1b_benchmark.go
// OUTPUT: --out DIR (default the run's folder) | training rows
// FLAGS: --ties take ties as well (they are right answers: a mistake that has been made)
// PIPELINE STAGE: 1B.2 extract
// TIME: < 5 s
// COST: $0 on your own machine

package main

import (
	"fmt"
	"path/filepath"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/extract"
)

func main() {
	x := experiment.Start()
	defer x.Finish()

	records := x.String("records", "", "folder with CATEGORY_intermediate.json of a judged benchmark")
	out := x.String("out", "", "folder for the training rows; the run's own if empty")
	ties := x.Bool("ties", false, "take ties as well, marked as such")
	if out == "" {
		out = filepath.Join(x.Dir(), "artefacts")
	}

	result := map[string]any{}
	total, tied, files := 0, 0, []string{}
	all := &dataset.Set{Name: "failures"}
	for _, j := range extract.MustJudged(records, extract.JudgedOptions{Ties: ties}) {
		file := filepath.Join(out, j.Category+"_failures")
		j.Failures.MustWrite(file + ".jsonl")
		j.Failures.MustWrite(file + ".parquet")
		fmt.Printf("%-12s %3d rows of %d judged (%d won, %d lost, %d ties, %d flips)\n", j.Category, j.Failures.Len(), j.Judged, j.Wins, j.Losses, j.Ties, j.Flips)
		if j.Refuted > 0 {
			fmt.Printf("%12s %d lost ones are known to be right and are left out\n", "", j.Refuted)
		}
		result[j.Category] = j.Failures.Len()
		all = all.Concat(j.Failures)
		total += j.Failures.Len()
		tied += extract.HasTies(j.Failures)
		files = append(files, file+".jsonl", file+".parquet")
	}
	if total > 0 {
		file := filepath.Join(out, "failures.parquet") // of all categories: what phase1b_train takes
		all.MustWrite(file)
		files = append(files, file)
		fmt.Println("rows:", file)
	} else {
		fmt.Println("no rows: nothing was lost in both orders, so there is nothing to train on")
	}
	result["total"], result["ties"], result["files"] = total, tied, files
	x.Result(result)
}
