package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"cogumi/reports/run"
	"cogumi/runtime/launch"
	"cogumi/runtime/stage"
	"cogumi/stdlib/experiment/machine"
)

func (a *app) runCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "run NAME|FILE [flags of the script]",
		Short: "Run a script and report on it",
		Long: `Runs a script: one that comes with cogumi or lies in ./experiments, by its name, or
any file. Standard output is the script's; progress and the report's path go to
standard error.

Flags of cogumi itself, before or after the name:
  --json         end standard output with one line, a JSON object: the script's result with
                 run, state, seconds, report, and error where there is one; what the
                 script prints goes to standard error
  -q, --quiet    no progress, no hints: errors only
  --runs DIR     folder of all runs (default ./runs)
  --force        do every step again
  --from STEP    do this step again, and all after it
  --compiled     compile the script with the machine's Go toolchain instead of
                 interpreting it: its own loops run at full speed, and it may do
                 whatever a Go program may do
  --trust        no restrictions, see below; a script that imports what the interpreter
                 does not have (net/http, os/exec, unsafe) is compiled
  --may-read P, --may-write P
                 let the script read, or read and write, at this path too
  --gpu N|off    compute on this GPU, or on the processor (default: the first GPU
                 that serves; COGUMI_GPU, CUDA_VISIBLE_DEVICES)
  --gpu-memory G GiB of the GPU's memory that may be taken (default: what is free;
                 COGUMI_GPU_MEMORY): what has no room is computed again or waits
                 in the host's memory

A script runs in a process that may read below the working folder, what its flags
name, its runs and the caches, and write below its run's folder and where its header's
OUTPUT says. It starts no programs, reaches the network only through cogumi's
packages, and does not see the secrets of the environment. --trust takes all of that
away, --compiled as well; the run says which it was.

Exit codes: 0 ok, 1 script failed, 2 usage or header, 3 an input is missing or of
the wrong kind, 4 a gate failed, 130 Ctrl-C. The first Ctrl-C lets the script
close its run, the second ends it at once; the next run uses the finished steps.`,
		Example: `  cogumi run phase1b_scaleup
  cogumi run phase1b_scaleup --help           the script's header and flags
  cogumi run my.go --pool rows.jsonl --json   one JSON object on standard output
  cogumi run my.go -- -1 x                    arguments that look like flags`,
		// The script's flags are unknown here: runLine reads the line.
		DisableFlagParsing:    true,
		DisableFlagsInUseLine: true,
		ValidArgsFunction:     completeScripts,
		RunE: func(c *cobra.Command, args []string) error {
			return a.runLine(c, args)
		},
	}
}

func completeScripts(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	all, err := allScripts()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	if len(args) > 0 {
		return completeFlags(args[0], all), cobra.ShellCompDirectiveDefault
	}
	var names []string
	for _, f := range all {
		name := f.Name
		if f.Header != nil {
			name += "\t" + f.Header.Purpose
		}
		names = append(names, name)
	}
	return names, cobra.ShellCompDirectiveDefault
}

func completeFlags(name string, all []found) []string {
	for _, f := range all {
		if f.Name != strings.TrimSuffix(name, ".go") {
			continue
		}
		var flags []string
		for _, flag := range f.Flags {
			flags = append(flags, "--"+flag.Name+"\t"+flag.Usage)
		}
		return flags
	}
	return nil
}

func (a *app) runLine(c *cobra.Command, args []string) error {
	line := splitName(args)
	if line.err != nil {
		return line.err
	}
	a.json, a.quiet, a.runsFlag = line.json, line.quiet, line.runs
	if line.name == "" {
		if line.help {
			return c.Help()
		}
		return usage("what there is: cogumi list", "run needs the name of a script or a file")
	}
	script, all, err := findScript(line.name)
	if err != nil {
		// --json may stand after the name: the object is promised all the same.
		if err := line.splitRest(&stage.Script{}); err != nil {
			return err
		}
		a.json = line.json
		return a.runFault(err)
	}
	if err := line.splitRest(script.Script); err != nil {
		return err
	}
	a.json, a.quiet, a.runsFlag = line.json, line.quiet, line.runs
	if line.help {
		return a.scriptHelp(script)
	}
	return a.runScript(script, all, line)
}

// runScript checks what can be checked before a run, then runs.
func (a *app) runScript(script found, all []found, line *runLine) error {
	values, err := a.ready(script, all, line)
	if err != nil {
		return a.runFault(err)
	}
	if err := chooseDevice(line.gpu, line.gpuMemory); err != nil {
		return a.runFault(err)
	}
	root, _, err := a.runsRoot()
	if err != nil {
		return a.runFault(err)
	}
	if err := a.before(script.Script, root); err != nil {
		return a.runFault(err)
	}
	program, programArgs, err := a.program(script, line)
	if err != nil {
		return a.runFault(err)
	}
	files := a.filesOf(script, line, values)
	a.tellIsolation(script, files)
	stdout := a.out
	if a.json {
		stdout = a.err
	}
	out, err := launch.Run(launch.Config{
		Script: script.Script, File: script.file, Args: line.script, Root: root,
		Command: line.command(), Quiet: a.quiet, Force: line.force, From: line.from,
		Program: program, ProgramArgs: programArgs, Compiled: line.compiled, Files: files,
		Stdin: a.in, Stdout: stdout, Stderr: a.err,
		Report: buildReport,
	})
	if err != nil {
		return a.runFault(failed("", "%v", err))
	}
	a.after(script.Script, values, out)
	if a.json {
		if err := a.printOutcome(out); err != nil {
			return failed("", "print the result: %v", err)
		}
	}
	if out.Code != launch.OK {
		return ended(out.Code)
	}
	return nil
}

// ready refuses what cannot go well: a wrong header, a wrong flag, a program
// that does not type-check, a missing input.
func (a *app) ready(script found, all []found, line *runLine) (stage.Values, error) {
	if script.Header == nil && len(script.problems) == 0 {
		a.tell("%s has no header: it runs as a plain Go program", script.Path)
	}
	if len(script.problems) > 0 {
		return stage.Values{}, &problemsFault{script.problems}
	}
	if !line.compiled { // else the compiler says it
		switch problems := typeCheck(script); {
		case line.trust && importsMore(problems):
			a.tell("%s imports what the interpreter does not have: it is compiled", script.Path)
			line.compiled = true
		case len(problems) > 0:
			return stage.Values{}, &problemsFault{problems}
		}
	}
	if script.Header == nil {
		return stage.Values{}, nil
	}
	values, err := script.ReadArgs(line.script)
	if err != nil {
		return values, argFault(err)
	}
	if missing := stage.Preflight(script.Script, stageSet(all), values); missing != nil {
		return values, &fault{launch.Preflight, missing, missing.Hint}
	}
	return values, nil
}

// importsMore says whether a script wants packages that scripts do not have.
func importsMore(problems []stage.Problem) bool {
	return slices.ContainsFunc(problems, func(p stage.Problem) bool { return strings.HasPrefix(p.Message, "import ") })
}

func argFault(err error) error {
	var arg *stage.ArgError
	if errors.As(err, &arg) {
		return usage(arg.Hint, "%s", arg.Message)
	}
	return usage("", "%v", err)
}

// problemsFault is a script that is wrong before it runs.
type problemsFault struct{ list []stage.Problem }

func (p *problemsFault) Error() string { return p.list[0].Error() }

// runFault says why there was no run; with --json the object says it as well.
func (a *app) runFault(err error) error {
	failure := run.Failure{Message: err.Error()}
	code := launch.Failed
	var f *fault
	var wrong *problemsFault
	switch {
	case errors.As(err, &wrong):
		for _, p := range wrong.list {
			printProblem(a.err, p)
		}
		first := wrong.list[0]
		failure = run.Failure{Message: first.Message, Hint: first.Hint, File: first.File, Line: first.Line, Column: first.Column, Source: first.Source}
		code = launch.Usage
	case errors.As(err, &f):
		a.printError(f.Error(), f.hint)
		failure.Hint, code = f.hint, f.code
	default:
		a.printError(err.Error(), "")
	}
	if a.json {
		if err := a.printLine(map[string]any{"state": run.Failed, "error": failure}); err != nil {
			return failed("", "print the result: %v", err)
		}
	}
	return ended(code)
}

// printOutcome ends standard output with one object: the script's own result
// with what cogumi knows about the run.
func (a *app) printOutcome(out *launch.Outcome) error {
	info := out.Run.Info
	object := map[string]any{}
	if len(info.Result) > 0 {
		var fields map[string]json.RawMessage
		if json.Unmarshal(info.Result, &fields) == nil && fields != nil {
			for name, value := range fields {
				object[name] = value
			}
		} else {
			object["result"] = info.Result
		}
	}
	object["run"], object["state"] = info.ID, info.State
	object["seconds"] = info.Ended.Sub(info.Started).Seconds()
	if out.Report != "" {
		object["report"] = out.Report
	}
	switch {
	case info.Error != nil:
		object["error"] = info.Error
	case info.State == run.Interrupted:
		object["error"] = run.Failure{Message: "interrupted by Ctrl-C", Hint: "run it again: finished steps are used as they are"}
	case out.Code != launch.OK:
		object["error"] = run.Failure{Message: fmt.Sprintf("ended with exit code %d", out.Code)}
	}
	return a.printLine(object)
}

// runLine is the command line of one run.
type runLine struct {
	json, quiet, help bool
	runs              string
	force             bool     // do every step again
	from              string   // do this step and all after it again
	gpu               string   // number, "off", or "" for automatic
	gpuMemory         string   // GiB, or "" for what is free
	compiled          bool     // by the Go toolchain, not interpreted
	trust             bool     // the script's process is not restricted
	mayRead, mayWrite []string // paths
	name              string   // script
	rest              []string // after the name, not yet split
	script            []string // the script's own arguments
	err               error
}

// splitName reads cogumi's own flags up to the script's name.
func splitName(args []string) *runLine {
	l := &runLine{}
	for i := 0; i < len(args); i++ {
		if n := l.own(args[i:]); n > 0 {
			i += n - 1
			continue
		}
		if l.err != nil {
			return l
		}
		if strings.HasPrefix(args[i], "-") && args[i] != "-" {
			l.err = usage("the script's flags come after its name: cogumi run NAME "+args[i], "run does not know the flag %s", args[i])
			return l
		}
		l.name, l.rest = args[i], args[i+1:]
		return l
	}
	return l
}

// splitRest parts cogumi's own flags from the script's. A value of one of the
// script's flags is never taken for a flag.
func (l *runLine) splitRest(s *stage.Script) error {
	for i := 0; i < len(l.rest); i++ {
		arg := l.rest[i]
		if arg == "--" {
			l.script = append(l.script, l.rest[i:]...)
			return nil
		}
		if n := l.own(l.rest[i:]); n > 0 {
			i += n - 1
			continue
		}
		if l.err != nil {
			return l.err
		}
		l.script = append(l.script, arg)
		name, isFlag := strings.CutPrefix(arg, "--")
		if f := s.Flag(name); isFlag && f != nil && f.Kind != "bool" && i+1 < len(l.rest) {
			i++
			l.script = append(l.script, l.rest[i])
		}
	}
	return nil
}

// own reads one of cogumi's own flags at the front of args and returns how many
// arguments it took; 0 where there is none.
func (l *runLine) own(args []string) int {
	name, value, given := strings.Cut(args[0], "=")
	switches := map[string]*bool{"--json": &l.json, "-q": &l.quiet, "--quiet": &l.quiet, "-h": &l.help, "--help": &l.help, "--force": &l.force, "--compiled": &l.compiled, "--trust": &l.trust}
	values := map[string]*string{"--runs": &l.runs, "--from": &l.from, "--gpu": &l.gpu, "--gpu-memory": &l.gpuMemory}
	lists := map[string]*[]string{"--may-read": &l.mayRead, "--may-write": &l.mayWrite}
	if s := switches[name]; s != nil {
		if given {
			l.err = usage("write "+name+" alone", "%s takes no value", name)
			return 0
		}
		*s = true
		return 1
	}
	v, list := values[name], lists[name]
	took := 2
	switch {
	case v == nil && list == nil:
		return 0
	case given:
		took = 1
	case len(args) < 2:
		l.err = usage("see: cogumi run --help", "%s needs a value", name)
		return 0
	default:
		value = args[1]
	}
	if v != nil {
		*v = value
	} else {
		*list = append(*list, value)
	}
	return took
}

// command repeats the run.
func (l *runLine) command() string {
	words := []string{"cogumi", "run"}
	if l.compiled {
		words = append(words, "--compiled")
	}
	if l.trust {
		words = append(words, "--trust")
	}
	for _, path := range l.mayRead {
		words = append(words, "--may-read", path)
	}
	for _, path := range l.mayWrite {
		words = append(words, "--may-write", path)
	}
	words = append(append(words, l.name), machine.Redact(l.script)...)
	for i, w := range words {
		words[i] = shellQuote(w)
	}
	return strings.Join(words, " ")
}

func shellQuote(word string) string {
	plain := word != "" && strings.IndexFunc(word, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./=:,@%+", r))
	}) < 0
	if plain {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// scriptHelp shows a script's header and its own flags.
func (a *app) scriptHelp(script found) error {
	w := a.out
	for _, p := range script.problems {
		printProblem(a.err, p)
	}
	if h := script.Header; h == nil {
		fmt.Fprintf(w, "%s has no header.\n", script.Path)
	} else {
		a.printHeader(w, script.Script)
	}
	if len(script.problems) > 0 {
		return ended(launch.Usage)
	}
	return nil
}
