package cli

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"
)

func (a *app) reportCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "report [RUN]",
		Short: "Build a run's report again and print its path",
		Long: `Builds the report of a run, the newest one when none is named, also while the run
goes on. It is one HTML file that opens from disk.`,
		Example: `  cogumi report
  cogumi report 20260102-030405-phase1b_scaleup-ab2c
  xdg-open "$(cogumi report)"`,
		ValidArgsFunction: a.completeRuns,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage("", "report takes one run, not %d", len(args))
			}
			name := ""
			if len(args) == 1 {
				name = args[0]
			}
			dir, err := a.findRun(name)
			if err != nil {
				return err
			}
			path, err := buildReport(dir)
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
		},
	}
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	c.Flags().StringVar(&a.runsFlag, "runs", "", "folder of all runs (default ./runs)")
	return c
}
