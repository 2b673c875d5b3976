package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"cogumi/reports/run/durable"
	"cogumi/runtime/launch"
	"cogumi/runtime/stage"
)

// pipelinePage is the generated reference, seen from where cogumi is started.
var pipelinePage = filepath.Join("docs", "PIPELINE.md")

func (a *app) docsCommand() *cobra.Command {
	check := false
	c := &cobra.Command{
		Use:   "docs",
		Short: "Write docs/PIPELINE.md from the scripts' headers",
		Long: `Writes the reference of stages: which script for what, use this and not that,
commands, inputs, outputs, flags. With --check it writes nothing and ends with
exit code 4 when the page is not what the headers say now.`,
		Example: `  cogumi docs
  cogumi docs --check      for CI`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return a.docs(check) },
	}
	c.Flags().BoolVar(&check, "check", false, "only say whether the page is up to date")
	return c
}

func (a *app) docs(check bool) error {
	all, err := allScripts()
	if err != nil {
		return failed("", "%v", err)
	}
	for _, f := range all {
		if len(f.problems) > 0 {
			return a.runFault(&problemsFault{f.problems})
		}
	}
	page := stage.Page(stageSet(all))
	old, err := os.ReadFile(pipelinePage)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failed("", "%v", err)
	}
	same := err == nil && bytes.Equal(old, page)
	switch {
	case same:
		a.tell("%s is up to date", pipelinePage)
	case check && err != nil:
		return &fault{launch.GateFailed, fmt.Errorf("%s does not exist", pipelinePage), "write it: cogumi docs"}
	case check:
		return &fault{launch.GateFailed, fmt.Errorf("%s is not what the headers say, first in line %d", pipelinePage, firstDifference(old, page)), "write it again: cogumi docs"}
	default:
		if err := os.MkdirAll(filepath.Dir(pipelinePage), 0o755); err != nil {
			return failed("", "%v", err)
		}
		if err := durable.WriteBytes(pipelinePage, page); err != nil {
			return failed("", "%v", err)
		}
		fmt.Fprintln(a.out, pipelinePage)
	}
	return nil
}

// firstDifference is the first line, from 1, in which two texts differ.
func firstDifference(a, b []byte) int {
	line := 1
	for i := 0; i < len(a) && i < len(b) && a[i] == b[i]; i++ {
		if a[i] == '\n' {
			line++
		}
	}
	return line
}
