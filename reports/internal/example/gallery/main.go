// Gallery writes the example reports into a folder, each in a run folder of its
// own: what a finished, a failed, a stopped, a dead and a running run look like.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"cogumi/reports"
	"cogumi/reports/internal/example"
	"cogumi/reports/run"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gallery FOLDER")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "gallery:", err)
		os.Exit(1)
	}
}

func write(folder string) error {
	now := time.Now().UTC()
	for name, opt := range map[string]example.Options{
		"done":        {},
		"failed":      {State: run.Failed},
		"interrupted": {State: run.Interrupted},
		"dead":        {State: run.Running, Dead: true},
		"running":     {State: run.Running, Started: now.Add(-time.Minute)},
		"large":       {Samples: 10000, Steps: 20000},
		"judge":       {Kind: "judge"},
		"benchmarks":  {Kind: "benchmarks"},
		"curate":      {Kind: "curate"},
	} {
		dir, err := example.Write(filepath.Join(folder, name), opt)
		if err != nil {
			return err
		}
		path, err := reports.WriteWith(dir, reports.Options{Pipeline: stages()})
		if err != nil {
			return err
		}
		if err := os.Rename(path, filepath.Join(folder, name+".html")); err != nil {
			return err
		}
		fmt.Println(filepath.Join(folder, name+".html"))
	}
	return nil
}
