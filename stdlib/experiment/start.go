package experiment

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"cogumi/reports/run"
	"cogumi/stdlib/experiment/machine"
	"cogumi/stdlib/experiment/source"
)

// exit ends the process; tests put something else here.
var exit = os.Exit

// Start begins the run of a script. Call it once, first in main, and defer
// Finish. Hosted it attaches to the prepared run folder, alone it makes one.
// When that fails the process ends with a message: a run that leaves no trace
// would be work lost.
func Start() *Run {
	if r := current.Load(); r != nil {
		return r
	}
	_, file, _, _ := runtime.Caller(1)
	r, err := StartScript(file)
	if errors.Is(err, errHelp) {
		fmt.Print(Usage(r.script))
		exit(0)
	}
	if err != nil {
		con := newConsole(os.Stderr)
		f := failureOf(err)
		con.failure(&f)
		exit(exitCode(err))
	}
	return r
}

// StartScript is Start for hosts and tests: it gives the error back. path is the
// script's source; COGUMI_SCRIPT goes before it.
func StartScript(path string) (*Run, error) {
	r := newRun()
	r.con = newConsole(os.Stderr)
	dir := os.Getenv(envRunDir)
	r.prepared = dir != ""
	r.hosted = r.prepared && os.Getenv(envCompiled) == ""
	r.file = path // as the program's frames name it
	if p := os.Getenv(envScript); p != "" {
		path = p
	}
	r.script, _ = source.Read(path) // without source, steps are keyed by the program
	r.name = strings.TrimSuffix(filepath.Base(path), ".go")
	r.flags = newFlagSet(scriptArgs(), r.script)
	if err := r.usage(); err != nil {
		return r, err
	}
	if err := r.attach(dir, path); err != nil {
		return nil, err
	}
	current.Store(r)
	r.watchSignals()
	r.w.Heartbeat(r.flush)
	return r, nil
}

// attach opens the run folder, and makes it first for a script that runs alone.
func (r *Run) attach(dir, path string) (err error) {
	if r.prepared {
		if dir, err = filepath.Abs(dir); err != nil { // scripts may change the working folder
			return err
		}
		r.root = filepath.Dir(dir)
		if r.w, err = run.OpenWriter(dir); err != nil {
			return err
		}
		info, err := r.w.Info()
		if err != nil {
			return err
		}
		r.name = info.Script
		r.info.params, r.info.steps, r.info.artefacts, r.info.endpoints = info.Params, info.Steps, info.Artefacts, info.Endpoints
		if !r.hosted {
			if err := recordCrashes(dir); err != nil {
				return err
			}
		}
		return r.w.Update(func(i *run.Info) { i.PID = os.Getpid() })
	}
	if r.root, err = filepath.Abs(RunsRoot()); err != nil {
		return err
	}
	args := machine.Redact(scriptArgs())
	info := run.Info{
		Script:      r.name,
		Args:        args,
		Command:     commandLine(path, args),
		PID:         os.Getpid(),
		Started:     r.begun.UTC(),
		Environment: machine.Here(),
	}
	if r.w, err = run.Create(r.root, info); err != nil {
		return Hint(err, "the folder for runs must be writable; COGUMI_RUNS names another one")
	}
	r.con.title(r.name, displayPath(r.Dir()))
	r.background.Go(func() { // git may take a second; nobody waits for it
		commit := machine.Git(filepath.Dir(path))
		r.change(func(c *infoChanges) { c.git = &commit })
	})
	return r.copySource(path)
}

// RunsRoot is where runs live: $COGUMI_RUNS or ./runs.
func RunsRoot() string {
	if root := os.Getenv(envRuns); root != "" {
		return root
	}
	return "runs"
}

func (r *Run) copySource(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil // built without paths: there is no source to keep
	}
	err = os.WriteFile(filepath.Join(r.Dir(), run.SourceDir, filepath.Base(path)), b, 0o644)
	if err != nil {
		return fmt.Errorf("keep the script's source: %w", err)
	}
	return nil
}

// commandLine is what a person types to repeat the run.
func commandLine(path string, args []string) string {
	words := []string{"go", "run", displayPath(path)}
	for _, a := range args {
		words = append(words, shellWord(a))
	}
	return strings.Join(words, " ")
}

func shellWord(s string) string {
	plain := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("-_=+./:,@%~", c)
	}
	if s != "" && strings.IndexFunc(s, func(c rune) bool { return !plain(c) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// displayPath is path as seen from the working folder when that is shorter.
func displayPath(path string) string {
	if wd, err := os.Getwd(); err == nil && filepath.IsAbs(path) {
		if rel, err := filepath.Rel(wd, path); err == nil && filepath.IsLocal(rel) {
			return rel
		}
	}
	return machine.RedactText(path)
}

var hostArgs []string // what SetArgs said; nil: the process's own

// SetArgs gives the script's own arguments (without program and script name).
// The host calls it before the script runs.
func SetArgs(args []string) { hostArgs = append([]string{}, args...) }

func scriptArgs() []string {
	if hostArgs != nil {
		return slices.Clone(hostArgs)
	}
	if len(os.Args) < 2 {
		return nil
	}
	return slices.Clone(os.Args[1:])
}

// errHelp ends a run that only wanted to know the flags.
var errHelp = errors.New("help")
