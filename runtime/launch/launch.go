// Package launch is the parent's side of a run: it makes the run folder, starts
// the script in a child process, passes Ctrl-C on, and closes the run when the
// child could not.
//
// The parent never runs a script itself. A panic in a goroutine, an endless
// loop or an out-of-memory kill ends the child; the folder is then complete up
// to its last line, and what killed it is written down here.
package launch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"cogumi/reports/run"
	"cogumi/runtime/stage"
	"cogumi/stdlib/experiment/machine"
)

// Names of the environment between parent and child.
const (
	EnvRunDir = "COGUMI_RUN_DIR" // the prepared run folder
	EnvScript = "COGUMI_SCRIPT"  // the source copy in it
	EnvQuiet  = "COGUMI_QUIET"   // "1": no progress, no hints
	EnvForce  = "COGUMI_FORCE"   // "1": do every step again
	EnvFrom   = "COGUMI_FROM"    // do this step and all after it again

	EnvCompiled = "COGUMI_COMPILED" // "1": the child is the script's own program
	EnvBroker   = "COGUMI_BROKER"   // descriptor over which a restricted child asks
	crashFile   = "crash.log"       // in the run folder: what the Go runtime says when the child crashes
)

// Exit codes of a run.
const (
	OK          = 0
	Failed      = 1
	Usage       = 2
	Preflight   = 3
	GateFailed  = 4
	Interrupted = 130
)

// ErrNotSupported: this system has no process groups, so that a script could
// not be stopped with all that it started.
var ErrNotSupported = errors.New("running scripts is not supported on this system")

// Config says what to run and how.
type Config struct {
	Script  *stage.Script
	File    string   // what the child reads; empty: the copy in the run folder
	Args    []string // the script's own
	Root    string   // folder of all runs
	Command string   // what repeats the run
	Quiet   bool
	Force   bool   // do every step again
	From    string // do this step and all after it again

	// Program and ProgramArgs start the child; the script and its arguments
	// are appended.
	Program     string
	ProgramArgs []string

	// Compiled: Program is the script itself, which closes its run.
	Compiled bool

	// Files are what a person gave to the script. With nil the script is trusted:
	// its process is not restricted.
	Files *Files

	Stdin          *os.File // nil: empty
	Stdout, Stderr *os.File // of the script

	// Report builds the report of a run folder and returns its path.
	Report func(dir string) (string, error)
}

// Outcome is how a run ended.
type Outcome struct {
	Dir       string
	Run       *run.Run // as read back after the end
	Code      int      // exit code for the command line
	Orphan    bool     // the child could not close the run itself
	Report    string   // empty when it could not be built
	ReportErr error
}

// Run runs one script to its end. An error means that there was no run; how a
// run went is in the Outcome.
func Run(cfg Config) (*Outcome, error) {
	w, err := create(cfg)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	w.Heartbeat(nil)
	dir, err := filepath.Abs(w.Dir())
	if err != nil {
		return nil, err
	}
	copied := filepath.Join(dir, run.SourceDir, cfg.Script.Name+".go")
	if err := os.WriteFile(copied, cfg.Script.Source, 0o644); err != nil {
		return nil, fmt.Errorf("copy the script: %w", err)
	}
	file := cfg.File
	if file == "" {
		file = nearPath(copied)
	}
	end := watch(cfg, dir, file, copied)
	out := &Outcome{Dir: dir, Code: end.code()}
	if out.Orphan, err = end.closeRun(w); err != nil {
		return nil, fmt.Errorf("close run %s: %w", dir, err)
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if cfg.Report != nil {
		out.Report, out.ReportErr = report(cfg.Report, dir)
	}
	out.Run, err = run.Read(dir)
	return out, err
}

// nearPath is path as seen from here, where that is below.
func nearPath(path string) string {
	if wd, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(wd, path); err == nil && filepath.IsLocal(rel) {
			return rel
		}
	}
	return path
}

func create(cfg Config) (*run.Writer, error) {
	s := cfg.Script
	info := run.Info{
		Script:  s.Name,
		Header:  s.Header.Map(),
		Args:    machine.Redact(cfg.Args),
		Command: cfg.Command,
		Started: time.Now().UTC(),
		PID:     os.Getpid(),

		Environment: machine.Detect(filepath.Dir(cfg.File)),
		Isolation:   cfg.isolation(),
	}
	if h := s.Header; h != nil {
		info.Declared = run.Declared{
			Time: h.Time.Text, MinSeconds: h.Time.Min, MaxSeconds: h.Time.Max,
			Cost: h.Cost.Text, MinDollars: h.Cost.Min, MaxDollars: h.Cost.Max,
		}
	}
	return run.Create(cfg.Root, info)
}

// report builds the report; a panic there must not lose the run's exit code.
func report(build func(string) (string, error), dir string) (path string, err error) {
	defer func() {
		if p := recover(); p != nil {
			path, err = "", fmt.Errorf("the report's builder failed: %v", p)
		}
	}()
	return build(dir)
}
