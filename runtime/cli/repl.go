package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"cogumi/runtime/cells"
	"cogumi/runtime/launch"
	"cogumi/runtime/repl"
)

func (a *app) replCommand() *cobra.Command {
	gpu, memory := "", ""
	c := &cobra.Command{
		Use:   "repl [FILE]",
		Short: "Try Go and cogumi's packages piece by piece",
		Long: `Reads Go, runs it as a script would, and shows what expressions give: tables as
tables, numbers as a curve. Packages are imported when they are used, what is
declared stays, and a function or type may be declared anew. With FILE it begins
with what that script declares.

?train.QLoRA explains a name, Tab completes, :help lists the commands. Ctrl-C stops
what runs and keeps the session. :save FILE.go writes the session as a script.

Every session is a run with a report of its own. Through a pipe there is no prompt:
values go to standard output, and the exit code is 1 when a piece failed.`,
		Example: `  cogumi repl
  cogumi repl my.go
  echo 'dataset.MustRead("tinyworld/pool").Len()' | cogumi repl -q`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage("cogumi repl my.go", "repl takes one file, not %d", len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if err := chooseDevice(gpu, memory); err != nil {
				return err
			}
			file := ""
			if len(args) == 1 {
				file = args[0]
				if _, err := os.Stat(file); err != nil {
					return usage("", "%v", err)
				}
			}
			return a.repl(file)
		},
	}
	c.Flags().BoolVarP(&a.quiet, "quiet", "q", false, "values and errors only")
	c.Flags().StringVar(&a.runsFlag, "runs", "", "folder of all runs (default ./runs)")
	c.Flags().BoolVar(&a.trust, "trust", false, "do not restrict the session: it may do what you may")
	c.Flags().StringArrayVar(&a.mayRead, "may-read", nil, "path that the session may read, too")
	c.Flags().StringArrayVar(&a.mayWrite, "may-write", nil, "path that the session may write, too")
	c.Flags().StringVar(&gpu, "gpu", "", "compute on this GPU, or off for the processor (default the first GPU that serves)")
	c.Flags().StringVar(&memory, "gpu-memory", "", "GiB of the GPU's memory that may be taken (default what is free)")
	return c
}

func (a *app) repl(file string) error {
	command := "cogumi repl"
	if file != "" {
		command += " " + shellQuote(file)
	}
	cfg, err := a.sessionConfig("repl", command)
	if err != nil {
		return err
	}
	host, err := cells.Begin(cfg, repl.Late(a.err))
	if err != nil {
		return failed("", "%v", err)
	}
	anyFailed, err := repl.Run(repl.Config{
		Host: host, In: a.in, Out: a.out, Err: a.err, File: file, History: historyFile(), Quiet: a.quiet,
		Command: func(args ...string) error {
			inner := &app{in: a.in, out: a.out, err: a.err, color: a.color, source: a.source}
			root := inner.root()
			root.SetArgs(append(args, "--runs", filepath.Dir(host.Dir())))
			err := root.Execute()
			inner.exit(err)
			return err
		},
	})
	out, closeErr := host.Close()
	if closeErr == nil && out.Report != "" {
		a.tell("report  %s", out.Report)
	}
	switch {
	case errors.Is(err, context.Canceled):
		return ended(launch.Interrupted)
	case err != nil:
		return failed("", "%v", err)
	case closeErr != nil:
		return failed("", "%v", closeErr)
	case anyFailed:
		return ended(launch.Failed)
	}
	return nil
}

// historyFile keeps what was typed, for all sessions.
func historyFile() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "cogumi", "repl_history")
}
