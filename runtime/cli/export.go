package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"cogumi/runtime/export"
)

// exportKinds are what --to takes.
var exportKinds = []string{"tfevents", "mlflow", "csv", "jsonl"}

func (a *app) exportCommand() *cobra.Command {
	var to, out string
	var showPaths bool
	var server export.Server
	c := &cobra.Command{
		Use:   "export [RUN]",
		Short: "Hand a run to TensorBoard, MLflow, spreadsheets",
		Long: `Writes what a run recorded in a form that other tools read, the newest run when none
is named:

  tfevents  OUT/RUN/events.out.tfevents…: series, figures, parameters, for TensorBoard
  mlflow    a tracking server (--server, MLFLOW_TRACKING_URI): the same, and the report
  csv       OUT/RUN/*.csv: metrics, figures, benchmarks, tables, samples
  jsonl     OUT/RUN/*.jsonl: the same, and run.json

Secrets, home folders, user and host names are taken out. MLflow's own variables
name the server, the experiment and who asks: MLFLOW_TRACKING_URI,
MLFLOW_EXPERIMENT_NAME, MLFLOW_TRACKING_TOKEN, MLFLOW_TRACKING_USERNAME,
MLFLOW_TRACKING_PASSWORD.`,
		Example: `  cogumi export --to tfevents --out tb && tensorboard --logdir tb
  cogumi export latest --to mlflow --server http://127.0.0.1:5000
  cogumi export 20260102-030405-phase1b_scaleup-ab2c --to csv --out tables`,
		ValidArgsFunction: a.completeRuns,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage("one run at a time", "export takes one run, not %d", len(args))
			}
			if !slices.Contains(exportKinds, to) {
				return usage("say --to "+strings.Join(exportKinds, ", --to "), "export to %q is unknown", to)
			}
			name := ""
			if len(args) == 1 {
				name = args[0]
			}
			dir, err := a.findRun(name)
			if err != nil {
				return err
			}
			r, err := export.Read(dir, showPaths)
			if err != nil {
				return failed("", "export: %v", err)
			}
			if to == "mlflow" {
				return a.exportMLflow(r, server)
			}
			return a.exportFiles(r, to, out)
		},
	}
	c.Flags().StringVar(&to, "to", "", "tfevents, mlflow, csv or jsonl")
	c.Flags().StringVar(&out, "out", "export", "folder that gets a folder for the run")
	c.Flags().StringVar(&server.URL, "server", "", "MLflow's address (default MLFLOW_TRACKING_URI)")
	c.Flags().StringVar(&server.Experiment, "experiment", "", "MLflow's experiment (default MLFLOW_EXPERIMENT_NAME, or cogumi)")
	c.Flags().BoolVar(&showPaths, "show-paths", false, "leave home folders, user and host names as they are")
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	c.Flags().StringVar(&a.runsFlag, "runs", "", "folder of all runs (default ./runs)")
	return c
}

func (a *app) exportFiles(r *export.Run, to, out string) error {
	var written []string
	var err error
	switch to {
	case "tfevents":
		var path string
		path, err = r.TensorBoard(out)
		written = []string{path}
	case "csv":
		written, err = r.CSV(out)
	case "jsonl":
		written, err = r.JSONLines(out)
	}
	if err != nil {
		return failed("", "%v", err)
	}
	if len(written) == 0 {
		return failed("it may have ended before it did anything", "export: the run recorded nothing that %s could hold", to)
	}
	if a.json {
		return a.printJSON(map[string]any{"run": r.Info.ID, "files": written})
	}
	for _, path := range written {
		fmt.Fprintln(a.out, path)
	}
	return nil
}

func (a *app) exportMLflow(r *export.Run, server export.Server) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	server = export.ServerFromEnvironment(server)
	if server.URL == "" {
		return usage("--server http://127.0.0.1:5000, or MLFLOW_TRACKING_URI", "export: no MLflow server is named")
	}
	page, notes, err := r.MLflow(ctx, server)
	if errors.Is(err, export.ErrThere) {
		return failed("remove it there first, or name another --experiment", "export: %v", err)
	}
	if err != nil {
		return failed("", "export: %v", err)
	}
	for _, note := range notes {
		a.tell("%s", printable(note))
	}
	if a.json {
		return a.printJSON(map[string]any{"run": r.Info.ID, "page": page, "notes": notes})
	}
	fmt.Fprintln(a.out, page)
	return nil
}
