package cli

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"cogumi/reports/run"
)

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
