// Package experiment ties a script to its run: flags, steps that are never done
// twice, progress, and everything that the report shows.
//
//	func main() {
//		x := experiment.Start()
//		defer x.Finish()
//		n := x.Int("rows", 100, "how many rows to use")
//		...
//	}
//
// A script runs hosted (cogumi run: a parent made the run folder and names it in
// COGUMI_RUN_DIR) or alone (go run); it prints the same either way.
package experiment

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"cogumi/reports/run"
	"cogumi/stdlib/experiment/machine"
	"cogumi/stdlib/experiment/source"
)

// Environment variables that decide how a script runs.
const (
	envRunDir   = "COGUMI_RUN_DIR"        // hosted: the prepared run folder
	envScript   = "COGUMI_SCRIPT"         // hosted: the script's source
	envCompiled = "COGUMI_COMPILED"       // the run folder is prepared, and the script is a program that closes its run itself
	envRuns     = "COGUMI_RUNS"           // where runs live, default ./runs
	envQuiet    = "COGUMI_QUIET"          // no progress
	envShown    = "COGUMI_SHOWN"          // a page shows what is reported: nothing of it on standard error
	envForce    = "COGUMI_FORCE"          // do every step again
	envFrom     = "COGUMI_FROM"           // do this step and all after it again
	envPrice    = "COGUMI_PRICE_PER_HOUR" // dollars an hour of this machine costs
)

// Run is one run of a script. All methods are safe for concurrent use.
type Run struct {
	life   atomic.Pointer[life]
	begun  time.Time
	con    *console
	flags  *flagSet
	script *source.Script // nil: the source is not known
	name   string         // of the script
	file   string         // the source as the program's frames name it
	root   string         // where runs live; "" for an unattached run

	prepared bool // by a parent, which made the folder
	hosted   bool // and closes the run

	w *run.Writer // nil for an unattached run

	stopSignals func()
	background  sync.WaitGroup // what ends within a second: git

	flushing sync.Mutex // one writer of run.json at a time, so that none is older

	mu       sync.Mutex
	info     infoChanges
	steps    string // folder of the step store, made when first needed
	stack    []*recorder
	doneKeys map[string]string // key → folder, of steps done or checked in this run
	forceAll bool              // COGUMI_FROM's step was met
	failure  *run.Failure
	failed   error // what failure is about
	notified map[string]bool
	closed   bool
}

// infoChanges are what run.json does not hold yet.
type infoChanges struct {
	dirty     bool
	params    []run.Param
	steps     []run.Step
	artefacts []run.Artefact
	endpoints []string
	result    []byte
	git       *machine.Commit
}

var (
	current    atomic.Pointer[Run]
	unattached = sync.OnceValue(newUnattached)
)

// Current is the run of this process. Outside a run it is an unattached one: no
// folder, steps in a temporary folder, progress as plain lines.
func Current() *Run {
	if r := current.Load(); r != nil {
		return r
	}
	return unattached()
}

func newUnattached() *Run {
	r := newRun()
	r.con = newConsole(os.Stderr)
	r.flags = &flagSet{}
	return r
}

func newRun() *Run {
	r := &Run{begun: time.Now(), doneKeys: map[string]string{}, notified: map[string]bool{}}
	r.live()
	return r
}

// Context ends when the run is to stop. Everything that waits or computes for
// long looks at it.
func (r *Run) Context() context.Context { return r.life.Load().ctx }

// Dir is the run folder; "" for an unattached run.
func (r *Run) Dir() string {
	if r.w == nil {
		return ""
	}
	return r.w.Dir()
}

// stepsRoot is the folder of finished steps.
func (r *Run) stepsRoot() (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.steps != "" {
		return r.steps, nil
	}
	var err error
	dir := filepath.Join(r.root, ".steps")
	if r.root == "" {
		dir, err = os.MkdirTemp("", "cogumi-steps-")
	} else {
		err = os.MkdirAll(dir, 0o755)
	}
	if err == nil {
		dir, err = filepath.Abs(dir)
	}
	if err != nil {
		return "", fmt.Errorf("make the folder for steps: %w", err)
	}
	r.steps = dir
	return dir, nil
}

// flush brings run.json up to date.
func (r *Run) flush() {
	if r.w == nil {
		return
	}
	r.flushing.Lock()
	defer r.flushing.Unlock()
	r.mu.Lock()
	c := r.info
	r.info.dirty = false
	r.mu.Unlock()
	if !c.dirty {
		return
	}
	r.report(r.w.Update(func(i *run.Info) { c.apply(i) }))
}

func (c *infoChanges) apply(i *run.Info) {
	i.Params, i.Steps, i.Artefacts = c.params, c.steps, c.artefacts
	i.Endpoints = c.endpoints
	if c.git != nil {
		i.Environment.GitCommit, i.Environment.GitDirty = c.git.Hash, c.git.Dirty
	}
	if c.result != nil {
		i.Result = c.result
	}
}

// change alters what run.json will hold.
func (r *Run) change(f func(*infoChanges)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(&r.info)
	r.info.dirty = true
}

// report shows an error of the run's own book-keeping once; the work goes on.
func (r *Run) report(err error) {
	if err == nil {
		return
	}
	r.mu.Lock()
	first := !r.notified[err.Error()]
	r.notified[err.Error()] = true
	r.mu.Unlock()
	if first {
		r.con.warn("the run's record is incomplete: " + err.Error())
	}
}
