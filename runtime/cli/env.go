package cli

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"cogumi/stdlib/experiment/machine"
	"cogumi/stdlib/llm/devices"
)

func (a *app) envCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "env",
		Short: "Show what cogumi sees of this machine",
		Long:  `Shows what a report of a bug needs: versions, processor, GPU, sandbox, folders.`,
		Example: `  cogumi env
  cogumi env --json`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return a.env() },
	}
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	c.Flags().StringVar(&a.runsFlag, "runs", "", "folder of all runs (default ./runs)")
	return c
}

// fact is one line of `cogumi env`.
type fact struct{ name, value string }

func (a *app) env() error {
	runs, why, err := a.runsRoot()
	if err != nil {
		return err
	}
	if abs, err := filepath.Abs(runs); err == nil {
		runs = abs
	}
	v := version()
	facts := []fact{
		{"cogumi", v.Version},
		{"go", v.Go},
		{"os", v.OS + "/" + v.Arch},
	}
	facts = append(facts, machineFacts()...)
	facts = append(facts, gpuFacts()...)
	facts = append(facts,
		fact{"python3", pythonPath()},
		fact{"sandbox", sandboxState()},
		fact{"runs", runs + " (" + why + ")"},
		fact{"cache", cacheFolder()},
	)
	for _, name := range []string{envPrice, envBudget, devices.Env, devices.EnvMemory, "CUDA_VISIBLE_DEVICES", "COGUMI_CUDA_PATH", "NO_COLOR"} {
		if v := os.Getenv(name); v != "" {
			facts = append(facts, fact{name, v})
		}
	}
	if a.json {
		object := map[string]string{}
		for _, f := range facts {
			object[f.name] = f.value
		}
		return a.printJSON(object)
	}
	tw := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, f := range facts {
		fmt.Fprintf(tw, "%s\t%s\n", f.name, printable(f.value))
	}
	return tw.Flush()
}

func pythonPath() string {
	path, err := exec.LookPath("python3")
	if err != nil {
		return "not found: rows that are graded by running code are reported as not supported"
	}
	return path
}

// cacheFolder is where models and other files that can be made again lie.
func cacheFolder() string {
	dir, err := machine.CacheDir()
	switch {
	case err != nil:
		return "unknown: " + err.Error()
	case os.Getenv("COGUMI_CACHE") != "":
		return dir + " (COGUMI_CACHE)"
	}
	return dir
}

func gpuText(gpus []string) string {
	if len(gpus) == 0 {
		return "none found"
	}
	return strings.Join(gpus, ", ")
}
