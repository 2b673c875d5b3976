package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"cogumi/reports"
	"cogumi/reports/run"
	"cogumi/runtime/adopt"
)

func (a *app) reportCommand() *cobra.Command {
	var opt reports.Options
	var watch bool
	var from string
	c := &cobra.Command{
		Use:   "report [RUN]",
		Short: "Build a run's report again and print its path",
		Long: `Builds the report of a run, the newest one when none is named, also while the run
goes on. It is one HTML file that opens from disk and can be sent: secrets, home
folders, user and host names are left out of it.

With --from the results of other tools become a run first: trainer_state.json of
Hugging Face's Trainer (also the last checkpoint's), results and samples of
lm-evaluation-harness. cogumi compare and cogumi export take it like any other.`,
		Example: `  cogumi report
  cogumi report 20260102-030405-phase1b_scaleup-ab2c
  cogumi report --watch                 rebuild it while the run goes on
  cogumi report --no-samples            without the texts of prompts and answers
  cogumi report --from outputs/         of what Hugging Face's Trainer or lm-eval left there
  xdg-open "$(cogumi report)"`,
		ValidArgsFunction: a.completeRuns,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage("several runs on one page: cogumi compare", "report takes one run, not %d", len(args))
			}
			if opt.AllSamples && opt.NoSamples {
				return usage("choose one", "--all-samples and --no-samples contradict each other")
			}
			if from != "" {
				return a.reportFrom(from, args, opt)
			}
			name := ""
			if len(args) == 1 {
				name = args[0]
			}
			dir, err := a.findRun(name)
			if err != nil {
				return err
			}
			opt.Pipeline = pipeline()
			if watch {
				return a.watchReport(dir, opt)
			}
			return a.writeReport(dir, opt)
		},
	}
	c.Flags().StringVar(&from, "from", "", "make a run of another tool's folder first: Trainer, lm-eval")
	c.Flags().BoolVar(&watch, "watch", false, "rebuild it while the run goes on; an open page loads itself again")
	c.Flags().BoolVar(&opt.AllSamples, "all-samples", false, "every sample in full, whatever the size of the file")
	c.Flags().BoolVar(&opt.NoSamples, "no-samples", false, "leave the texts of prompts and answers out")
	c.Flags().BoolVar(&opt.ShowPaths, "show-paths", false, "leave home folders, user and host names as they are")
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	c.Flags().StringVar(&a.runsFlag, "runs", "", "folder of all runs (default ./runs)")
	return c
}

// reportFrom makes a run of another tool's results and builds its report.
func (a *app) reportFrom(from string, args []string, opt reports.Options) error {
	if len(args) > 0 {
		return usage("name the folder or a run", "--from %s already says what the report is of", from)
	}
	root, _, err := a.runsRoot()
	if err != nil {
		return err
	}
	dir, err := adopt.Folder(root, from)
	if err != nil {
		return failed("give the folder that training wrote to, or that of lm-eval's --output_path", "%v", err)
	}
	opt.Pipeline = nil
	return a.writeReport(dir, opt)
}

func (a *app) writeReport(dir string, opt reports.Options) error {
	path, err := reports.WriteWith(dir, opt)
	if err != nil {
		return failed("the run folder is "+dir, "build the report: %v", err)
	}
	if path, err = filepath.Abs(path); err != nil {
		return failed("", "%v", err)
	}
	if a.json {
		return a.printJSON(map[string]string{"report": path, "run": filepath.Base(dir)})
	}
	fmt.Fprintln(a.out, path)
	return nil
}

const (
	watchEvery   = time.Second     // how often a watched run is looked at
	refreshEvery = 5 * time.Second // how often its page loads itself
)

// watchReport builds the report again whenever the run has written something,
// until it ends or the person does.
func (a *app) watchReport(dir string, opt reports.Options) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	live := opt
	live.Refresh = refreshEvery
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	var seen time.Time
	told := false
	for {
		r, err := run.Read(dir)
		if err != nil {
			return failed("", "watch: %v", err)
		}
		if r.State() != run.Running {
			return a.writeReport(dir, opt) // for good: the page no longer loads itself
		}
		if now := written(dir); now.After(seen) || !told {
			seen = now
			path, err := reports.WriteWith(dir, live)
			if err != nil {
				return failed("the run folder is "+dir, "build the report: %v", err)
			}
			if !told {
				told = true
				a.tell("watching %s: open %s, it loads itself again; Ctrl-C ends the watching, not the run", filepath.Base(dir), path)
			}
		}
		select {
		case <-ctx.Done():
			return a.writeReport(dir, opt)
		case <-tick.C:
		}
	}
}

// written is when the run last wrote anything that its report shows.
func written(dir string) time.Time {
	var last time.Time
	for _, name := range []string{"run.json", "events.jsonl", "samples"} {
		if fi, err := os.Stat(filepath.Join(dir, name)); err == nil && fi.ModTime().After(last) {
			last = fi.ModTime()
		}
	}
	return last
}

// buildReport builds a run's report with the pipeline around it.
func buildReport(dir string) (string, error) {
	return reports.WriteWith(dir, reports.Options{Pipeline: pipeline()})
}

// pipeline is the stages of all scripts; scripts that cannot be read are no part of it.
func pipeline() []reports.Stage {
	all, err := allScripts()
	if err != nil {
		return nil
	}
	var stages []reports.Stage
	for _, s := range stageSet(all).Scripts {
		h := s.Header
		if h == nil || h.Stage == "" {
			continue
		}
		one := reports.Script{Name: s.Name, Purpose: h.Purpose}
		for _, in := range h.Inputs {
			one.From = append(one.From, in.From...)
		}
		if n := len(stages); n > 0 && stages[n-1].Name == h.Stage {
			stages[n-1].Scripts = append(stages[n-1].Scripts, one)
			continue
		}
		stages = append(stages, reports.Stage{Name: h.Stage, Scripts: []reports.Script{one}})
	}
	return stages
}
