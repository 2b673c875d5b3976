package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"cogumi/reports/run"
	"cogumi/reports/run/durable"
)

func (a *app) garbageCommand() *cobra.Command {
	var older string
	var failedOnes, dry bool
	c := &cobra.Command{
		Use:   "gc",
		Short: "Remove what no run needs: steps of removed runs, leftovers",
		Long: `Removes results of steps that no run names any more, and folders of runs that were
half removed. With --older-than, runs that ended before that go first, with
--failed only those of them that failed or died. A run that goes on, what it
needs, and judgements that were paid for always stay.`,
		Example: `  cogumi runs gc --dry-run
  cogumi runs gc --older-than 30d
  cogumi runs gc --older-than 1d --failed`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			if failedOnes && older == "" {
				return usage("--older-than 0d takes all of them", "--failed needs --older-than")
			}
			return a.collect(older, failedOnes, dry)
		},
	}
	c.Flags().StringVar(&older, "older-than", "", "remove runs that ended longer ago than: 12h, 30d")
	c.Flags().BoolVar(&failedOnes, "failed", false, "of those runs only the failed and the dead ones")
	c.Flags().BoolVarP(&dry, "dry-run", "n", false, "say what would be removed")
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	return c
}

// collected is `cogumi runs gc --json`.
type collected struct {
	Runs  []string `json:"runs"`
	Steps int      `json:"steps"`
	Bytes int64    `json:"bytes"`
	Kept  int      `json:"in_use"` // steps that a run is working on
	Dry   bool     `json:"dry_run,omitempty"`
}

func (a *app) collect(older string, failedOnes, dry bool) error {
	root, _, err := a.runsRoot()
	if err != nil {
		return err
	}
	done := collected{Runs: []string{}, Dry: dry}
	var gone []string
	if older != "" {
		old, err := a.oldRuns(older, failedOnes)
		if err != nil {
			return err
		}
		for _, s := range old {
			done.Runs, gone = append(done.Runs, s.ID), append(gone, s.Dir)
			if !dry {
				if err := run.Remove(s.Dir); err != nil {
					return failed("", "%v", err)
				}
			}
		}
	}
	list, err := run.FindGarbage(root, gone...)
	if err != nil {
		a.tell("%v", err)
	}
	for i := range list {
		g := &list[i]
		if !dry {
			if err := g.Remove(); errors.Is(err, durable.ErrLocked) {
				done.Kept++
				continue
			} else if err != nil {
				return failed("", "%v", err)
			}
		}
		done.Steps++
		done.Bytes += g.Bytes
	}
	return a.tellCollected(done)
}

// oldRuns ended, or showed their last sign of life, longer ago than that.
func (a *app) oldRuns(older string, failedOnes bool) ([]run.Summary, error) {
	d, err := age(older)
	if err != nil {
		return nil, usage("12h, 30d", "--older-than: %v", err)
	}
	list, _, err := a.allRuns()
	if err != nil {
		return nil, err
	}
	before := time.Now().Add(-d)
	return slices.DeleteFunc(list, func(s run.Summary) bool {
		end := s.Ended
		if end.IsZero() {
			end = s.Started
		}
		bad := s.State == run.Failed || s.State == run.Dead
		return s.Err != nil || s.State == run.Running || end.After(before) || failedOnes && !bad
	}), nil
}

func (a *app) tellCollected(c collected) error {
	if a.json {
		return a.printJSON(c)
	}
	verb := "removed"
	if c.Dry {
		verb = "would remove"
	}
	for _, id := range c.Runs {
		fmt.Fprintf(a.out, "%s %s\n", verb, filepath.Base(id))
	}
	fmt.Fprintf(a.out, "%s %s of steps and runs, %s\n", verb, leftovers(c.Steps), megabytes(c.Bytes))
	if c.Kept > 0 {
		a.tell("%d are in use and stay", c.Kept)
	}
	return nil
}

func megabytes(n int64) string {
	switch {
	case n < 1e6:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	case n < 1e9:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.2f GB", float64(n)/1e9)
}

func leftovers(n int) string {
	if n == 1 {
		return "1 leftover"
	}
	return fmt.Sprintf("%d leftovers", n)
}
