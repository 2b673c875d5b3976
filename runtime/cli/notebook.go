package cli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"cogumi/runtime/notebook"
)

func (a *app) notebookCommand() *cobra.Command {
	gpu, memory, port, closed := "", "", 0, false
	c := &cobra.Command{
		Use:   "notebook FILE.go",
		Short: "Edit and run a script cell by cell, in the browser",
		Long: `Opens a script as a page on this machine: its cells are what stands between two
lines "// %%". Values survive from cell to cell, curves grow while a training runs,
and a cell is called stale when something above it has changed. The file is saved
while you type and stays a script: cogumi run does the same as all cells in order.
What cells give never goes into it. Every notebook is a run with a report.

The page answers this machine only, and only who has the address that is printed.
From elsewhere: ssh -L 8899:127.0.0.1:8899 HOST cogumi notebook my.go --port 8899`,
		Example: `  cogumi new my --from phase1b_scaleup && cogumi notebook my.go
  cogumi notebook my.go --port 8899 --no-browser`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("cogumi notebook my.go", "notebook takes one file, not %d", len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if port < 0 || port > 65535 {
				return usage("a port is between 1 and 65535", "--port %d", port)
			}
			if err := chooseDevice(gpu, memory); err != nil {
				return err
			}
			return a.notebook(args[0], port, !closed)
		},
	}
	c.Flags().IntVar(&port, "port", 0, "listen on this port of 127.0.0.1 (default any that is free)")
	c.Flags().BoolVar(&closed, "no-browser", false, "print the address and open nothing")
	c.Flags().BoolVarP(&a.quiet, "quiet", "q", false, "the address and errors only")
	c.Flags().StringVar(&a.runsFlag, "runs", "", "folder of all runs (default ./runs)")
	c.Flags().BoolVar(&a.trust, "trust", false, "do not restrict the cells: they may do what you may")
	c.Flags().StringArrayVar(&a.mayRead, "may-read", nil, "path that the cells may read, too")
	c.Flags().StringArrayVar(&a.mayWrite, "may-write", nil, "path that the cells may write, too")
	c.Flags().StringVar(&gpu, "gpu", "", "compute on this GPU, or off for the processor (default the first GPU that serves)")
	c.Flags().StringVar(&memory, "gpu-memory", "", "GiB of the GPU's memory that may be taken (default what is free)")
	return c
}

func (a *app) notebook(file string, port int, browser bool) error {
	if fi, err := os.Stat(file); err != nil || fi.IsDir() || !strings.HasSuffix(file, ".go") {
		return usage("a new one: cogumi new NAME", "%s is no script that can be opened", file)
	}
	path, err := filepath.Abs(file)
	if err != nil {
		return failed("", "%v", err)
	}
	cfg, err := a.sessionConfig(strings.TrimSuffix(filepath.Base(file), ".go"), "cogumi notebook "+shellQuote(file))
	if err != nil {
		return err
	}
	if err := os.Setenv("COGUMI_SHOWN", "1"); err != nil {
		return failed("", "%v", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	out, err := notebook.Serve(ctx, notebook.Config{
		File: path, Session: cfg, Listen: "127.0.0.1:" + strconv.Itoa(port), Source: a.source,
		Ready: func(address string) {
			fmt.Fprintln(a.out, address)
			a.tell("Ctrl-C ends the notebook; the address holds its key, give it to nobody")
			if browser {
				openBrowser(address)
			}
		},
	})
	if out != nil && out.Report != "" {
		a.tell("report  %s", out.Report)
	}
	if err != nil {
		return failed("", "%v", err)
	}
	return nil
}

// openBrowser opens a page where there is a screen for it. What does not work is
// left to the person, who has the address. A process's arguments are for everybody
// on the machine to see: the browser gets a file that only its owner may read.
func openBrowser(address string) {
	name := "xdg-open"
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "linux":
		if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
			return
		}
	}
	f, err := os.CreateTemp("", "cogumi-notebook-*.html") // mode 0600
	if err != nil {
		return
	}
	fmt.Fprintf(f, "<!doctype html><meta http-equiv=\"refresh\" content=\"0;url=%s\">", address)
	f.Close()
	if c := exec.Command(name, f.Name()); c.Start() == nil {
		go func() { _ = c.Wait() }()
	}
	time.AfterFunc(time.Minute, func() { os.Remove(f.Name()) })
}
