package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"cogumi/reports/run"
)

func (a *app) whyCommand() *cobra.Command {
	script := ""
	c := &cobra.Command{
		Use:   "why [STEP]",
		Short: "Explain why a step was done again, or not",
		Long: `Compares what decided a step's result in the newest run with the run of the same
script before it: the step's source, its parameters, its inputs, versions. A step
is done again when one of them differs. Without a name it explains every step.`,
		Example: `  cogumi why train
  cogumi why --script phase1b_scaleup`,
		ValidArgsFunction: a.completeSteps,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage("cogumi why train", "why takes one step, not %d", len(args))
			}
			return a.why(script, strings.Join(args, ""))
		},
	}
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	c.Flags().StringVar(&script, "script", "", "the newest run of this script (default the newest run that has the step)")
	c.Flags().StringVar(&a.runsFlag, "runs", "", "folder of all runs (default ./runs)")
	_ = c.RegisterFlagCompletionFunc("script", completeScripts)
	return c
}

// explained is one step in `cogumi why --json`.
type explained struct {
	Step     string       `json:"step"`
	Run      string       `json:"run"`
	Previous string       `json:"previous,omitempty"` // the run it is compared with
	State    run.State    `json:"state"`
	Reused   bool         `json:"reused"`
	Resumed  bool         `json:"resumed"`
	Changes  []partChange `json:"changes"`
}

type partChange struct {
	Part   string `json:"part"`
	Before string `json:"before,omitempty"` // missing: was not there
	After  string `json:"after,omitempty"`  // missing: is not there any more
}

func (a *app) why(script, step string) error {
	root, _, err := a.runsRoot()
	if err != nil {
		return err
	}
	list, err := run.Why(root, script, step)
	if err != nil {
		return usage(stepHint(step, stepNames(root)), "%v", err)
	}
	if a.json {
		steps := []explained{}
		for _, e := range list {
			x := explained{e.Step.Name, e.Run, e.Previous, e.Step.State, e.Step.Reused, e.Step.Resumed, []partChange{}}
			for _, c := range e.Changes {
				x.Changes = append(x.Changes, partChange(c))
			}
			steps = append(steps, x)
		}
		return a.printJSON(steps)
	}
	if len(list) == 0 {
		a.tell("the newest run has no steps; name a step or a script: cogumi why --script NAME")
		return nil
	}
	a.tell("%s", list[0].Run)
	for _, e := range list {
		fmt.Fprint(a.out, printable(e.String()))
	}
	return nil
}

func (a *app) completeSteps(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	root, _, err := a.runsRoot()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return stepNames(root), cobra.ShellCompDirectiveNoFileComp
}

// stepNames are the names of the steps of all runs.
func stepNames(root string) []string {
	list, err := run.List(root)
	if err != nil {
		return nil
	}
	var names []string
	for _, s := range list {
		r, err := run.Read(s.Dir)
		if err != nil {
			continue
		}
		for _, step := range r.Steps() {
			names = append(names, step.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func stepHint(step string, known []string) string {
	if near := nearest(step, known); near != "" {
		return "did you mean " + near + "?"
	}
	if len(known) == 0 {
		return "cogumi run NAME makes a run"
	}
	return "the steps are: " + strings.Join(known, ", ")
}
