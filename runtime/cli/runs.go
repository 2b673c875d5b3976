package cli

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cogumi/reports/run"
)

// runFilter says which runs are listed.
type runFilter struct {
	scripts, states, params []string
	since                   string
	most                    int
}

func (a *app) runsCommand() *cobra.Command {
	var f runFilter
	c := &cobra.Command{
		Use:   "runs",
		Short: "List the runs, newest first; remove them",
		Example: `  cogumi runs
  cogumi runs --state failed,dead --since 7d
  cogumi runs --script phase1b_scaleup --param lr=0.001 --json
  cogumi runs rm 20260102-030405-phase1b_scaleup-ab2c
  cogumi runs gc --dry-run`,
		Args: unknownCommand,
		RunE: func(*cobra.Command, []string) error { return a.listRuns(f) },
	}
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	c.Flags().StringSliceVar(&f.scripts, "script", nil, "only of these scripts")
	c.Flags().StringSliceVar(&f.states, "state", nil, "only in these states: running, done, failed, interrupted, dead")
	c.Flags().StringSliceVar(&f.params, "param", nil, "only with these parameters: name=value")
	c.Flags().StringVar(&f.since, "since", "", "only started within: 90m, 12h, 7d")
	c.Flags().IntVarP(&f.most, "limit", "n", 0, "at most that many (0: all)")
	c.PersistentFlags().StringVar(&a.runsFlag, "runs", "", "folder of all runs (default ./runs)")
	c.AddCommand(a.removeCommand(), a.garbageCommand())
	return c
}

// keep says whether a run is one of those asked for.
func (f *runFilter) keep(s *run.Summary, after time.Time) bool {
	if len(f.scripts) > 0 && !slices.Contains(f.scripts, s.Script) || len(f.states) > 0 && !slices.Contains(f.states, string(s.State)) {
		return false
	}
	for _, p := range f.params {
		name, value, _ := strings.Cut(p, "=")
		if !slices.ContainsFunc(s.Params, func(q run.Param) bool { return q.Name == name && q.Value == value }) {
			return false
		}
	}
	return !s.Started.Before(after)
}

var states = []string{string(run.Running), string(run.Done), string(run.Failed), string(run.Interrupted), string(run.Dead)}

// check finds what is wrong with the filters before anything is read.
func (f *runFilter) check() (after time.Time, err error) {
	for _, s := range f.states {
		if !slices.Contains(states, s) {
			return after, usage("the states are "+strings.Join(states, ", "), "there is no state %q", s)
		}
	}
	for _, p := range f.params {
		if !strings.Contains(p, "=") {
			return after, usage("--param lr=0.001", "--param %s has no =", p)
		}
	}
	if f.most < 0 {
		return after, usage("", "--limit %d is below zero", f.most)
	}
	if f.since == "" {
		return after, nil
	}
	d, err := age(f.since)
	if err != nil {
		return after, usage("90m, 12h, 7d", "--since: %v", err)
	}
	return time.Now().Add(-d), nil
}

// age reads a duration that may be in days.
func age(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseFloat(days, 64)
		if err != nil || !(n >= 0 && n < 1e5) {
			return 0, fmt.Errorf("%q is no number of days", s)
		}
		return time.Duration(n * 24 * float64(time.Hour)), nil
	}
	d, err := time.ParseDuration(s)
	if err == nil && d < 0 {
		err = fmt.Errorf("%q is below zero", s)
	}
	return d, err
}

func (a *app) listRuns(f runFilter) error {
	after, err := f.check()
	if err != nil {
		return err
	}
	list, root, err := a.allRuns()
	if err != nil {
		return err
	}
	rows := []runRow{}
	for i := range list {
		if f.keep(&list[i], after) && (f.most == 0 || len(rows) < f.most) {
			rows = append(rows, readRow(list[i]))
		}
	}
	switch {
	case a.json:
		return a.printJSON(rows)
	case len(list) == 0:
		a.tell("no runs in %s yet: cogumi run NAME makes one", root)
	case len(rows) == 0:
		a.tell("none of the %d runs in %s is like that", len(list), root)
	default:
		a.printRuns(rows)
	}
	return nil
}

func (a *app) printRuns(rows []runRow) {
	table := [][]string{{"RUN", "SCRIPT", "STATE", "STARTED", "TOOK", "COST", "LOSS", "RESULT"}}
	for i := range rows {
		r := &rows[i]
		loss := "-"
		if r.Curve != nil {
			loss = fmt.Sprintf("%s %.3g", spark(r.Curve.Drawn), r.Curve.Last)
		}
		table = append(table, []string{r.ID, r.Script, string(r.State), r.Started.Local().Format("2006-01-02 15:04"), r.took(), r.cost(), loss, abbreviate(r.outcome(), 60)})
	}
	for c := len(table[0]) - 2; c >= 5; c-- { // what no run has takes no room
		if !slices.ContainsFunc(table[1:], func(row []string) bool { return row[c] != "-" && row[c] != "unknown" }) {
			for i := range table {
				table[i] = slices.Delete(table[i], c, c+1)
			}
		}
	}
	printPlain(a, table)
}

// stateColors are of the table's third column, on a terminal.
var stateColors = map[string]string{string(run.Done): "32", string(run.Running): "36", string(run.Failed): red, string(run.Dead): red, string(run.Interrupted): "33"}

// printPlain prints one line per row, so that grep and cut work on it.
func printPlain(a *app, table [][]string) {
	widths := make([]int, len(table[0]))
	for _, row := range table {
		for c, text := range row {
			widths[c] = max(widths[c], len([]rune(text)))
		}
	}
	paint := colored(a.out)
	for i, row := range table {
		var b strings.Builder
		for c, text := range row {
			shown := printable(text)
			switch color := stateColors[text]; {
			case paint && i == 0:
				shown = "\x1b[" + dim + "m" + shown + "\x1b[0m"
			case paint && c == 2 && color != "":
				shown = "\x1b[" + color + "m" + shown + "\x1b[0m"
			}
			b.WriteString(shown)
			b.WriteString(strings.Repeat(" ", widths[c]-len([]rune(text))+2))
		}
		fmt.Fprintln(a.out, strings.TrimRight(b.String(), " "))
	}
}

func (a *app) removeCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rm RUN…",
		Short: "Remove runs; the results of their steps stay until gc",
		Example: `  cogumi runs rm 20260102-030405-phase1b_scaleup-ab2c
  cogumi runs rm latest`,
		ValidArgsFunction: a.completeRuns,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("their names are in: cogumi runs", "rm needs the name of a run")
			}
			return a.removeRuns(args)
		},
	}
}

func (a *app) removeRuns(names []string) error {
	var dirs []string
	for _, name := range names {
		dir, err := a.findRun(name)
		if err != nil {
			return err
		}
		r, err := run.Read(dir)
		if err == nil && r.State() == run.Running {
			return usage("stop it with Ctrl-C first", "%s is still running", filepath.Base(dir))
		}
		dirs = append(dirs, dir)
	}
	for _, dir := range dirs {
		if err := run.Remove(dir); err != nil {
			return failed("", "%v", err)
		}
		a.tell("removed %s", filepath.Base(dir))
	}
	return nil
}
