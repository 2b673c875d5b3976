package cli

import (
	"fmt"
	"os"

	"github.com/traefik/yaegi/interp"
	"github.com/traefik/yaegi/stdlib"

	"cogumi/runtime/launch"
	"cogumi/runtime/stage"
)

func runChild(args []string) int {
	if err := launch.RecordCrashes(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	src, err := os.ReadFile(args[0])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	os.Args = args
	i := interp.New(interp.Options{Args: args, Unrestricted: true})
	i.Use(stdlib.Symbols)
	if _, err := i.Eval(string(src)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func typeCheck(found) []stage.Problem { return nil }

func buildReport(dir string) (string, error) { return "", nil }

func machineFacts() []fact { return nil }

func sandboxState() string { return "unknown" }
