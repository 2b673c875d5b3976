package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cogumi/reports/run"
)

func (a *app) runsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "runs",
		Short: "List the runs, newest first",
		Example: `  cogumi runs
  cogumi runs --json
  cogumi runs rm 20260102-030405-phase1b_scaleup-ab2c`,
		Args: unknownCommand,
		RunE: func(*cobra.Command, []string) error { return a.listRuns() },
	}
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	c.PersistentFlags().StringVar(&a.runsFlag, "runs", "", "folder of all runs (default ./runs)")
	c.AddCommand(&cobra.Command{
		Use:   "rm RUN…",
		Short: "Remove runs; the results of their steps stay",
		Example: `  cogumi runs rm 20260102-030405-phase1b_scaleup-ab2c
  cogumi runs rm latest`,
		ValidArgsFunction: a.completeRuns,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("their names are in: cogumi runs", "rm needs the name of a run")
			}
			return a.removeRuns(args)
		},
	})
	return c
}

func (a *app) completeRuns(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	list, _, err := a.allRuns()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, s := range list {
		names = append(names, s.ID)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func (a *app) allRuns() ([]run.Summary, string, error) {
	root, _, err := a.runsRoot()
	if err != nil {
		return nil, "", err
	}
	list, err := run.List(root)
	if err != nil {
		return nil, root, failed("", "%v", err)
	}
	return list, root, nil
}

// runRow is one run in `cogumi runs --json`.
type runRow struct {
	ID      string          `json:"id"`
	Script  string          `json:"script"`
	State   run.State       `json:"state"`
	Started time.Time       `json:"started"`
	Seconds float64         `json:"seconds,omitempty"` // missing: not ended
	Dollars *float64        `json:"dollars,omitempty"` // missing: unknown
	Dir     string          `json:"dir"`
	Report  string          `json:"report,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   string          `json:"error,omitempty"`
}

func (a *app) listRuns() error {
	list, root, err := a.allRuns()
	if err != nil {
		return err
	}
	rows := []runRow{}
	for _, s := range list {
		rows = append(rows, readRow(s))
	}
	if a.json {
		return a.printJSON(rows)
	}
	if len(rows) == 0 {
		a.tell("no runs in %s yet: cogumi run NAME makes one", root)
		return nil
	}
	table := [][]string{{"RUN", "SCRIPT", "STATE", "STARTED", "TOOK", "RESULT"}}
	for _, r := range rows {
		took := "-"
		if r.Seconds > 0 {
			took = duration(r.Seconds)
		}
		result := headline(r.Result)
		if r.Error != "" {
			result, _, _ = strings.Cut(r.Error, "\n")
		}
		table = append(table, []string{r.ID, r.Script, string(r.State), r.Started.Local().Format("2006-01-02 15:04"), took, abbreviate(result, 60)})
	}
	printPlain(a, table)
	return nil
}

// printPlain prints one line per row, so that grep and cut work on it.
func printPlain(a *app, table [][]string) {
	widths := make([]int, len(table[0]))
	for _, row := range table {
		for c, text := range row {
			widths[c] = max(widths[c], len([]rune(text)))
		}
	}
	for _, row := range table {
		var b strings.Builder
		for c, text := range row {
			b.WriteString(printable(text))
			b.WriteString(strings.Repeat(" ", widths[c]-len([]rune(text))+2))
		}
		fmt.Fprintln(a.out, strings.TrimRight(b.String(), " "))
	}
}

func readRow(s run.Summary) runRow {
	row := runRow{ID: s.ID, Script: s.Script, State: s.State, Started: s.Started, Seconds: s.Seconds(), Dir: s.Dir, Report: s.Report}
	if s.Cost != nil {
		row.Dollars = &s.Cost.Dollars
	}
	r, err := run.Read(s.Dir)
	if err != nil {
		row.Error = err.Error()
		return row
	}
	row.Result = r.Info.Result
	if r.Info.Error != nil {
		row.Error = r.Info.Error.Message
	}
	return row
}

// headline is a run's result in a few words: base and tuned accuracy where
// there are any, otherwise the first plain values.
func headline(result json.RawMessage) string {
	var fields map[string]json.RawMessage
	if json.Unmarshal(result, &fields) != nil {
		var plain any
		if json.Unmarshal(result, &plain) == nil && plain != nil {
			return fmt.Sprint(plain)
		}
		return ""
	}
	var base, tuned run.Rate
	if json.Unmarshal(fields["base"], &base) == nil && json.Unmarshal(fields["tuned"], &tuned) == nil && base.N > 0 && tuned.N > 0 {
		text := fmt.Sprintf("%.1f → %.1f %% (n %d)", 100*base.Accuracy, 100*tuned.Accuracy, tuned.N)
		var fell []json.RawMessage
		if json.Unmarshal(fields["regressions"], &fell) == nil && len(fell) > 0 {
			text += fmt.Sprintf(", %d worse", len(fell))
		}
		return text
	}
	var names []string
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	var parts []string
	for _, name := range names {
		var v any
		if json.Unmarshal(fields[name], &v) != nil {
			continue
		}
		switch v := v.(type) {
		case string, float64, bool:
			parts = append(parts, fmt.Sprintf("%s %v", name, v))
		}
		if len(parts) == 3 {
			break
		}
	}
	return strings.Join(parts, ", ")
}

// findRun resolves a run: a folder, an id, the unambiguous beginning of one, or
// "latest" (also "").
func (a *app) findRun(name string) (string, error) {
	if name != "" && strings.ContainsAny(name, `/\`) {
		if _, err := os.Stat(filepath.Join(name, "run.json")); err == nil {
			return name, nil
		}
		return "", usage("a run folder has a run.json", "%s is not a run folder", name)
	}
	list, root, err := a.allRuns()
	if err != nil {
		return "", err
	}
	if len(list) == 0 {
		return "", usage("cogumi run NAME makes one", "there are no runs in %s", root)
	}
	if name == "" || name == "latest" {
		return list[0].Dir, nil
	}
	var match, ids []string
	for _, s := range list {
		ids = append(ids, s.ID)
		if s.ID == name {
			return s.Dir, nil
		}
		if strings.HasPrefix(s.ID, name) {
			match = append(match, s.Dir)
		}
	}
	switch {
	case len(match) == 1:
		return match[0], nil
	case len(match) > 1:
		return "", usage("write more of its name: cogumi runs", "%d runs start with %q", len(match), name)
	}
	hint := "their names are in: cogumi runs"
	if near := nearest(name, ids); near != "" {
		hint = "did you mean " + near + "?"
	}
	return "", usage(hint, "there is no run %q in %s", name, root)
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
		// Renamed first: a folder that is half removed is no run any more.
		gone := filepath.Join(filepath.Dir(dir), ".removed-"+filepath.Base(dir))
		if err := os.Rename(dir, gone); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return failed("", "remove %s: %v", dir, err)
		}
		if err := os.RemoveAll(gone); err != nil {
			return failed("", "remove %s: %v", gone, err)
		}
		a.tell("removed %s", filepath.Base(dir))
	}
	return nil
}
