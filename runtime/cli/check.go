package cli

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"cogumi/runtime/launch"
	"cogumi/runtime/stage"
)

func (a *app) checkCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "check [NAME|FILE|FOLDER…]",
		Short: "Check scripts without running them",
		Long: `Checks header, flags, types, and how the scripts fit together: inputs that nobody
makes, two writers of one output, cycles. Without arguments it checks all scripts,
of a folder all programs that lie in it.

Exit code 2 when something is wrong.`,
		Example: `  cogumi check
  cogumi check my.go
  cogumi check .
  cogumi check --json | jq .problems`,
		ValidArgsFunction: completeScripts,
		RunE: func(_ *cobra.Command, args []string) error {
			return a.check(args)
		},
	}
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	return c
}

func (a *app) check(args []string) error {
	all, err := allScripts()
	if err != nil {
		return failed("", "%v", err)
	}
	chosen := all
	if len(args) > 0 {
		chosen = nil
		for _, arg := range args {
			if fi, err := os.Stat(arg); err == nil && fi.IsDir() {
				list, err := scriptsIn(os.DirFS(arg), ".", arg)
				if err != nil {
					return failed("", "%v", err)
				}
				if len(list) == 0 {
					return usage("scripts are files *.go of package main", "there is no script in %s", arg)
				}
				chosen = append(chosen, list...)
				continue
			}
			f, _, err := findScript(arg)
			if err != nil {
				return err
			}
			chosen = append(chosen, f)
		}
	}
	problems := checkScripts(chosen, all)
	if a.json {
		if err := a.printJSON(map[string]any{"scripts": len(chosen), "problems": problems}); err != nil {
			return err
		}
	} else {
		a.printChecked(chosen, problems)
	}
	if len(problems) > 0 {
		return ended(launch.Usage)
	}
	return nil
}

// checkScripts checks each chosen script by itself and all together; of what
// is wrong between scripts it keeps what stands in a chosen one.
func checkScripts(chosen, all []found) []stage.Problem {
	problems := []stage.Problem{}
	together := slices.Clone(all)
	for _, f := range chosen {
		problems = append(problems, f.problems...)
		problems = append(problems, typeCheck(f)...)
		together = slices.DeleteFunc(together, func(o found) bool { return o.Name == f.Name })
	}
	together = append(together, chosen...)
	for _, p := range stageSet(together).Check() {
		if slices.ContainsFunc(chosen, func(f found) bool { return f.Path == p.File }) {
			problems = append(problems, p)
		}
	}
	return problems
}

func (a *app) printChecked(chosen []found, problems []stage.Problem) {
	for _, f := range chosen {
		wrong := slices.ContainsFunc(problems, func(p stage.Problem) bool { return p.File == f.Path })
		switch {
		case wrong:
			fmt.Fprintf(a.out, "wrong  %s\n", f.Path)
		case f.Header == nil:
			fmt.Fprintf(a.out, "ok     %s (no header)\n", f.Path)
		default:
			fmt.Fprintf(a.out, "ok     %s\n", f.Path)
		}
	}
	for _, p := range problems {
		printProblem(a.err, p)
	}
	if n := len(problems); n > 0 {
		fmt.Fprintf(a.err, "%d problem%s\n", n, strings.Repeat("s", min(n-1, 1)))
	}
}
