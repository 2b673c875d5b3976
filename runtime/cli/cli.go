// Package cli is the command line. Standard output belongs to the script, or to
// the table or JSON that a command is asked for; everything else goes to
// standard error.
package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"cogumi/runtime/launch"
)

// app is what the commands share.
type app struct {
	in       *os.File
	out, err *os.File
	json     bool   // --json
	quiet    bool   // -q
	runsFlag string // --runs
	color    bool   // on standard error
	source   fs.FS  // cogumi's own, for scripts that are compiled

	trust             bool     // --trust of a session
	mayRead, mayWrite []string // --may-read, --may-write
}

// fault is an error with the exit code that it asks for.
type fault struct {
	code int
	err  error
	hint string
}

func (f *fault) Error() string { return f.err.Error() }
func (f *fault) Unwrap() error { return f.err }

func usage(hint, format string, args ...any) error {
	return &fault{launch.Usage, fmt.Errorf(format, args...), hint}
}

func failed(hint, format string, args ...any) error {
	return &fault{launch.Failed, fmt.Errorf(format, args...), hint}
}

// ended carries the exit code of a command that has said all there is to say.
type ended int

func (e ended) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// Main runs the command line with the process's own streams and returns the
// exit code. source is cogumi's own source, from the module's root.
func Main(args []string, source fs.FS) int {
	if len(args) > 0 && args[0] == childCommand {
		return runChild(args[1:])
	}
	if len(args) == 1 && args[0] == sessionCommand {
		return runSession(source)
	}
	a := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr, source: source}
	a.color = colored(os.Stderr)
	root := a.root()
	root.SetArgs(args)
	return a.exit(root.Execute())
}

// exit prints what went wrong and maps it to the exit code.
func (a *app) exit(err error) int {
	var code ended
	var f *fault
	switch {
	case err == nil:
		return launch.OK
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &f):
		a.printError(f.err.Error(), f.hint)
		return f.code
	}
	// What cobra itself refuses: unknown commands, flags, counts of arguments.
	a.printError(err.Error(), "see: cogumi --help")
	return launch.Usage
}

func (a *app) printError(message, hint string) {
	fmt.Fprintf(a.err, "%s %s\n", a.paint(red, "error:"), message)
	if hint != "" {
		fmt.Fprintf(a.err, "%s %s\n", a.paint(bold, "hint:"), hint)
	}
}

const (
	childCommand   = "__child"   // of a script
	sessionCommand = "__session" // of pieces
)

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "cogumi",
		Short: "Write an experiment as a Go script, run it, look at its report",
		Long: `cogumi runs experiments that are plain Go scripts: train a language model on what
it gets wrong, compare before and after, read the report. It works offline, on
any machine, with the model that it brings along.`,
		Example: `  cogumi list                                 what there is for which purpose
  cogumi run phase1b_scaleup                  run a script that comes with cogumi
  cogumi run my.go --seed 2                   run a script of your own
  cogumi new my --from phase1b_scaleup        start one from another
  cogumi report                               build the newest run's report again`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		Args:              unknownCommand,
		RunE:              func(c *cobra.Command, _ []string) error { return c.Help() },
		DisableAutoGenTag: true,
	}
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetUsageTemplate(usageTemplate)
	root.SetHelpTemplate(helpTemplate)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usage("see: "+c.CommandPath()+" --help", "%v", err)
	})
	root.AddCommand(
		a.runCommand(), a.notebookCommand(), a.replCommand(), a.listCommand(), a.newCommand(), a.checkCommand(), a.docsCommand(),
		a.runsCommand(), a.reportCommand(), a.compareCommand(), a.exportCommand(), a.whyCommand(), a.downloadCommand(),
		a.generateCommand(), a.chatCommand(), a.perplexityCommand(), a.mergeCommand(), a.benchCommand(), a.envCommand(), a.versionCommand(),
	)
	return root
}

// unknownCommand says what a mistyped command may have been.
func unknownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	hint := "the commands are in: cogumi --help"
	if near := nearest(args[0], names); near != "" {
		hint = "did you mean cogumi " + near + "?"
	} else if _, err := os.Stat(args[0]); err == nil {
		hint = "to run a script: cogumi run " + args[0]
	}
	return usage(hint, "there is no command %q", args[0])
}

// Examples stand first: they are what most people look for.
const helpTemplate = `{{with (or .Long .Short)}}{{. | trimTrailingWhitespaces}}

{{end}}{{.UsageString}}`

const usageTemplate = `{{if .HasExample}}Examples:
{{.Example}}

{{end}}Usage:
  {{if .HasParent}}{{.UseLine}}{{else}}{{.CommandPath}} COMMAND{{end}}{{if .HasAvailableSubCommands}}

Commands:{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}
`

// printJSON writes one value as one indented JSON document.
func (a *app) printJSON(v any) error { return writeJSON(a.out, v) }

// printLine writes one value as one line of JSON: what comes last is easily found.
func (a *app) printLine(v any) error {
	enc := newEncoder(a.out)
	enc.SetIndent("", "")
	return enc.Encode(v)
}

func writeJSON(w io.Writer, v any) error {
	enc := newEncoder(w)
	return enc.Encode(v)
}
