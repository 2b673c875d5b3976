package cli

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"cogumi/reports"
	"cogumi/reports/run"
	"cogumi/runtime/compare"
)

func (a *app) compareCommand() *cobra.Command {
	var out string
	var opt reports.Options
	c := &cobra.Command{
		Use:   "compare RUN RUN…",
		Short: "One page over several runs: what differs, curves, paired statistics",
		Long: `Compares runs and writes one HTML file. The first run is what the others are held
against. Runs that differ in nothing but their seed are averaged, with intervals
over the seeds; items that all have are compared in pairs.

A run is named by its folder, its id, or the beginning of one; a script's name
stands for all its finished runs, newest first.`,
		Example: `  cogumi compare 20260102-030405-phase1b_scaleup-ab2c latest
  cogumi compare phase1b_scaleup
  cogumi compare A B C --out sweep.html`,
		ValidArgsFunction: a.completeRuns,
		RunE: func(_ *cobra.Command, args []string) error {
			dirs, err := a.findAll(args)
			if err != nil {
				return err
			}
			return a.compareRuns(dirs, out, opt)
		},
	}
	c.Flags().StringVar(&out, "out", "", "file of the page (default compare.html in the folder of all runs)")
	c.Flags().BoolVar(&a.json, "json", false, "print the figures as JSON")
	c.Flags().BoolVar(&opt.AllSamples, "all-samples", false, "every common item in full, whatever the size of the page")
	c.Flags().BoolVar(&opt.NoSamples, "no-samples", false, "leave the texts of the items out")
	c.Flags().StringVar(&a.runsFlag, "runs", "", "folder of all runs (default ./runs)")
	return c
}

// findAll resolves names of runs, and names of scripts to their finished runs.
func (a *app) findAll(names []string) ([]string, error) {
	var dirs []string
	seen := map[string]bool{}
	for _, name := range names {
		found, err := a.runsOf(name)
		if err != nil {
			return nil, err
		}
		if found == nil {
			dir, err := a.findRun(name)
			if err != nil {
				return nil, err
			}
			found = []string{dir}
		}
		for _, dir := range found {
			if !seen[dir] {
				seen[dir] = true
				dirs = append(dirs, dir)
			}
		}
	}
	if len(dirs) < 2 {
		return nil, usage("their names are in: cogumi runs", "compare needs two runs, not %d", len(dirs))
	}
	return dirs, nil
}

// runsOf are the finished runs of the script of that name; nil where none has it.
func (a *app) runsOf(script string) ([]string, error) {
	list, _, err := a.allRuns()
	if err != nil {
		return nil, err
	}
	var dirs []string
	for _, s := range list {
		if s.Script == script && s.State == run.Done {
			dirs = append(dirs, s.Dir)
		}
	}
	return dirs, nil
}

func (a *app) compareRuns(dirs []string, out string, opt reports.Options) error {
	var list []*run.Run
	command := "cogumi compare"
	for _, dir := range dirs {
		r, err := run.Read(dir)
		if err != nil {
			return failed("", "compare: %v", err)
		}
		list = append(list, r)
		command += " " + filepath.Base(dir)
	}
	c, err := compare.Runs(list)
	if err != nil {
		return failed("", "%v", err)
	}
	c.Command = command
	if out == "" {
		root, _, err := a.runsRoot()
		if err != nil {
			return err
		}
		out = filepath.Join(root, "compare.html")
	}
	if err := reports.WriteCompared(out, c, opt); err != nil {
		return failed("", "%v", err)
	}
	if out, err = filepath.Abs(out); err != nil {
		return failed("", "%v", err)
	}
	if a.json {
		return a.printJSON(comparedJSON(c, out))
	}
	a.tellPairs(c)
	fmt.Fprintln(a.out, out)
	return nil
}

// compared is `cogumi compare --json`.
type compared struct {
	Report   string                  `json:"report"`
	Groups   []reports.ComparedGroup `json:"groups"`
	Params   []reports.ComparedParam `json:"params"`
	Measures []reports.Measure       `json:"measures"`
	Pairs    []reports.Pair          `json:"pairs"`
}

func comparedJSON(c *reports.Compared, out string) compared {
	return compared{out, c.Groups, c.Params, c.Measures, c.Pairs}
}

// tellPairs says what was found, for whoever does not open the page.
func (a *app) tellPairs(c *reports.Compared) {
	for _, p := range c.Pairs {
		sure := "not proven"
		if p.Confirmed {
			sure = "confirmed"
		}
		a.tell("%s", printable(fmt.Sprintf("%s against %s: %+.1f points (95 %% %+.1f to %+.1f, p = %.2g, %.2g after Holm, %s) on %d items",
			c.Groups[p.B].Label, c.Groups[p.A].Label, 100*p.Diff, 100*p.Low, 100*p.High, p.P, p.PAdjusted, sure, p.N)))
	}
	for _, n := range c.Notes {
		a.tell("%s", printable(strings.TrimSuffix(n.Text, ".")))
	}
}
