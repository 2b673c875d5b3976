package cli

import (
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"cogumi/reports/run"
)

func (a *app) whyCommand() *cobra.Command {
	runName := ""
	c := &cobra.Command{
		Use:   "why STEP",
		Short: "Explain why a step was done again, or not",
		Long: `Compares what decided a step's result in a run with the run of the same script
before it: the step's source, its parameters, its inputs, versions. A step is done
again when one of them differs.`,
		Example: `  cogumi why train
  cogumi why train --run 20260102-030405-phase1b_scaleup-ab2c`,
		ValidArgsFunction: a.completeSteps,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("cogumi why train", "why needs the name of one step")
			}
			return a.why(args[0], runName)
		},
	}
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	c.Flags().StringVar(&runName, "run", "", "the run to explain (default the newest one that has the step)")
	c.Flags().StringVar(&a.runsFlag, "runs", "", "folder of all runs (default ./runs)")
	return c
}

func (a *app) completeSteps(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	dir, err := a.findRun("")
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	r, err := run.Read(dir)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return stepNames(r), cobra.ShellCompDirectiveNoFileComp
}

func stepNames(r *run.Run) []string {
	var names []string
	for _, s := range r.Steps() {
		if !slices.Contains(names, s.Name) {
			names = append(names, s.Name)
		}
	}
	return names
}

func stepOf(r *run.Run, name string) *run.Step {
	steps := r.Steps()
	for i := len(steps) - 1; i >= 0; i-- {
		if steps[i].Name == name {
			return &steps[i]
		}
	}
	return nil
}

// explanation is why a step was done, or not.
type explanation struct {
	Step    string   `json:"step"`
	Run     string   `json:"run"`
	Before  string   `json:"before,omitempty"` // the run it is compared with
	Reused  bool     `json:"reused"`
	Resumed bool     `json:"resumed"`
	Changes []change `json:"changes"`
}

// change is one thing that went into the step's key and differs.
type change struct {
	Part   string `json:"part"`
	Before string `json:"before,omitempty"` // missing: was not there
	Now    string `json:"now,omitempty"`    // missing: is not there any more
}

func (a *app) why(step, runName string) error {
	r, err := a.runWithStep(step, runName)
	if err != nil {
		return err
	}
	now := stepOf(r, step)
	e := explanation{Step: step, Run: r.Info.ID, Reused: now.Reused, Resumed: now.Resumed, Changes: []change{}}
	if past := a.runBefore(r, step); past != nil {
		e.Before = past.Info.ID
		e.Changes = changes(stepOf(past, step).Parts, now.Parts)
	}
	if a.json {
		return a.printJSON(e)
	}
	e.print(a.out, now)
	return nil
}

// runWithStep is the named run, or the newest one that has the step.
func (a *app) runWithStep(step, runName string) (*run.Run, error) {
	if runName != "" {
		dir, err := a.findRun(runName)
		if err != nil {
			return nil, err
		}
		r, err := run.Read(dir)
		if err != nil {
			return nil, failed("", "%v", err)
		}
		if stepOf(r, step) == nil {
			return nil, usage(stepHint(step, stepNames(r)), "the run %s has no step %q", r.Info.ID, step)
		}
		return r, nil
	}
	list, root, err := a.allRuns()
	if err != nil {
		return nil, err
	}
	var known []string
	for _, s := range list {
		r, err := run.Read(s.Dir)
		if err != nil {
			continue
		}
		if stepOf(r, step) != nil {
			return r, nil
		}
		known = append(known, stepNames(r)...)
	}
	return nil, usage(stepHint(step, known), "no run in %s has a step %q", root, step)
}

func stepHint(step string, known []string) string {
	if near := nearest(step, known); near != "" {
		return "did you mean " + near + "?"
	}
	if len(known) == 0 {
		return "the steps of a run are in its report"
	}
	slices.Sort(known)
	hint := "the steps are"
	for _, name := range slices.Compact(known) {
		hint += " " + name
	}
	return hint
}

// runBefore is the run of the same script before r that has the step.
func (a *app) runBefore(r *run.Run, step string) *run.Run {
	list, err := run.List(filepath.Dir(r.Dir))
	if err != nil {
		return nil
	}
	for _, s := range list {
		if s.ID == r.Info.ID || s.Script != r.Info.Script || !s.Started.Before(r.Info.Started) {
			continue
		}
		if past, err := run.Read(s.Dir); err == nil && stepOf(past, step) != nil {
			return past
		}
	}
	return nil
}

func changes(before, now map[string]string) []change {
	names := slices.Sorted(maps.Keys(now))
	for name := range before {
		if _, ok := now[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	list := []change{}
	for _, name := range names {
		if before[name] != now[name] {
			list = append(list, change{name, before[name], now[name]})
		}
	}
	return list
}

func (e explanation) print(w io.Writer, now *run.Step) {
	switch {
	case e.Reused:
		fmt.Fprintf(w, "%s was not done again in %s: everything that decides its result is the same as when it was finished\n", e.Step, e.Run)
	case e.Resumed:
		fmt.Fprintf(w, "%s went on in %s where an earlier run had been stopped (%s)\n", e.Step, e.Run, duration(now.Seconds))
	default:
		fmt.Fprintf(w, "%s was done in %s (%s, %s)\n", e.Step, e.Run, now.State, duration(now.Seconds))
	}
	switch {
	case e.Before == "":
		fmt.Fprintf(w, "no earlier run of the script has this step\n")
	case len(e.Changes) == 0:
		fmt.Fprintf(w, "nothing differs from %s\n", e.Before)
		if !e.Reused && !e.Resumed {
			fmt.Fprintf(w, "its result was not there any more, or it had not been finished\n")
		}
	default:
		fmt.Fprintf(w, "different from %s:\n", e.Before)
		for _, c := range e.Changes {
			fmt.Fprintf(w, "  %s\n", c)
		}
	}
}

func (c change) String() string {
	const most = 60
	switch {
	case c.Before == "":
		return fmt.Sprintf("%s: new (%s)", c.Part, abbreviate(printable(c.Now), most))
	case c.Now == "":
		return fmt.Sprintf("%s: gone (was %s)", c.Part, abbreviate(printable(c.Before), most))
	case isHash(c.Before) && isHash(c.Now):
		return fmt.Sprintf("%s: changed (%s → %s)", c.Part, c.Before[:8], c.Now[:8])
	}
	return fmt.Sprintf("%s: %s → %s", c.Part, abbreviate(printable(c.Before), most), abbreviate(printable(c.Now), most))
}

// isHash: hexadecimal and long; eight digits of it are enough for a person.
func isHash(s string) bool {
	if len(s) < 32 {
		return false
	}
	for _, r := range s {
		if !(r >= '0' && r <= '9' || r >= 'a' && r <= 'f') {
			return false
		}
	}
	return true
}
