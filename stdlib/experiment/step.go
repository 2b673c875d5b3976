package experiment

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"cogumi/reports/run"
	"cogumi/reports/run/durable"
)

// Spec says what decides the result of a step. Two specs with equal fields have
// the same result, bit for bit; that is what makes reuse right.
type Spec struct {
	Name    string
	Version int               // of the primitive: raise it when its results change
	Inputs  map[string]string // name → content hash, see HashPath
	Params  any               // JSON; the order of fields does not matter
	Machine bool              // the result depends on device and instruction set
	Fresh   bool              // begin with an empty folder, whatever a killed attempt left

	source map[string]string // of a script's step: hashes of the text that decides it
}

// Work is what a step's function works with.
type Work struct {
	// Dir is where results go. Files named *.tmp are scratch and do not stay.
	Dir string
	// Resumed says that Dir holds what a killed attempt left.
	Resumed bool
}

// Do gives the folder with the step's results. A finished step with the same key
// is checked (sizes and hashes) and reused: what it reported then is reported
// again. Otherwise fn works in a partial folder, which becomes the result when fn
// succeeds and stays for the next attempt when it fails or is killed. The result
// folder is never changed again. Two runs never work on one step: the second
// waits and reuses. The error is fn's, wrapped with the step's name, or
// ErrInterrupted.
func (r *Run) Do(s Spec, fn func(w *Work) error) (dir string, err error) {
	if s.Name == "" {
		return "", errors.New("a step needs a name")
	}
	parts, key, err := s.key()
	if err != nil {
		return "", fmt.Errorf("step %s: %w", s.Name, err)
	}
	if dir, ok := r.doneBefore(key); ok {
		return dir, nil
	}
	if err := stopErr(r.Context()); err != nil {
		return "", fmt.Errorf("step %s: %w", s.Name, err)
	}
	root, err := r.stepsRoot()
	if err != nil {
		return "", err
	}
	r.flush()
	st := store{root: root, key: key}
	unlock, err := durable.Lock(r.Context(), st.path(".lock"), func() {
		r.con.info("step " + s.Name + ": another run is working on it; waiting for its result")
	})
	if err != nil {
		return "", fmt.Errorf("step %s: %w", s.Name, err)
	}
	defer unlock()
	if dir, ok := r.doneBefore(key); ok { // by another goroutine, while we waited
		return dir, nil
	}
	a := attempt{r: r, spec: s, st: st, step: run.Step{Name: s.Name, Key: key, Parts: redactParts(parts)}}
	if r.redo(s.Name) {
		a.fresh = true
	} else if ok, err := a.reuse(); ok || err != nil {
		return st.path(""), err
	}
	if err := a.work(fn); err != nil {
		return "", err
	}
	return st.path(""), nil
}

// doneBefore says whether this run has done or checked the step already.
func (r *Run) doneBefore(key string) (string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	dir, ok := r.doneKeys[key]
	return dir, ok
}

func (r *Run) setDone(key, dir string) {
	r.mu.Lock()
	r.doneKeys[key] = dir
	r.mu.Unlock()
}

// redo says whether the step is to be done again although it is finished.
func (r *Run) redo(name string) bool {
	if v := os.Getenv(envForce); v != "" && v != "0" && v != "false" {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if from := os.Getenv(envFrom); from != "" && from == name {
		r.forceAll = true
	}
	return r.forceAll
}

// attempt is one call of Do that found the step not done in this run.
type attempt struct {
	r     *Run
	spec  Spec
	st    store
	step  run.Step
	fresh bool
	rec   *recorder
	began time.Time
}

// reuse takes a finished step. A damaged one is set aside and reported.
func (a *attempt) reuse() (bool, error) {
	busy := a.r.con.busy(a.spec.Name, "checking the stored result")
	m, err := a.st.check(a.r.Context())
	busy()
	var damage *damageError
	switch {
	case errors.As(err, &damage):
		if err := a.st.setAside(); err != nil {
			return false, fmt.Errorf("step %s: set the damaged result aside: %w", a.spec.Name, err)
		}
		a.r.Note(run.Note{
			Level: "warn", Topic: "steps",
			Text: fmt.Sprintf("The stored result of step %s was damaged (%s). The step is done again.", a.spec.Name, damage),
			Hint: "If this happens again, check the disk.",
		})
		return false, nil
	case err != nil:
		return false, fmt.Errorf("step %s: %w", a.spec.Name, err)
	case m == nil:
		return false, nil
	}
	a.step.State, a.step.Reused, a.step.Seconds = run.Done, true, m.Seconds
	a.r.con.reused(a.spec.Name, m.Seconds)
	a.r.stepEvent(a.step)
	a.r.setDone(a.st.key, a.st.path(""))
	a.r.replay(a.st.path(".record"), a.st.path(""), a.spec.Name)
	return true, nil
}

// work runs fn and stores its result. When fn panics (Must-variants do) the
// panic goes on after the books are closed, with its stack untouched.
func (a *attempt) work(fn func(*Work) error) (err error) {
	resumed, err := a.st.prepare(a.fresh || a.spec.Fresh)
	if err != nil {
		return fmt.Errorf("step %s: %w", a.spec.Name, err)
	}
	a.step.State, a.step.Resumed = run.Running, resumed
	a.began = time.Now()
	bar := a.r.con.stepBegins(a.spec.Name, resumed)
	a.r.stepEvent(a.step)
	if resumed {
		a.r.replay(a.st.path(".record.partial"), a.st.path(".partial"), a.spec.Name)
	}
	a.rec = a.r.pushRecorder(a.spec.Name, a.st)
	returned := false
	defer func() {
		if !returned {
			a.r.popRecorder(a.rec)
			a.end(run.Failed, bar)
		}
	}()
	err = fn(&Work{Dir: a.st.path(".partial"), Resumed: resumed})
	returned = true
	a.r.popRecorder(a.rec)
	if err == nil {
		err = a.st.finish(marker{Name: a.spec.Name, Parts: a.step.Parts, Seconds: time.Since(a.began).Seconds()})
	}
	switch {
	case err == nil:
		a.r.setDone(a.st.key, a.st.path(""))
		a.end(run.Done, bar)
	case a.r.isInterruption(err):
		a.end(run.Interrupted, bar)
		err = ErrInterrupted
	default:
		a.end(run.Failed, bar)
	}
	if err != nil {
		return fmt.Errorf("step %s: %w", a.spec.Name, err)
	}
	return nil
}

func (a *attempt) end(state run.State, bar *stepLine) {
	if state == run.Failed && a.r.Context().Err() != nil {
		state = run.Interrupted
	}
	a.step.State, a.step.Seconds = state, time.Since(a.began).Seconds()
	a.r.con.stepEnds(bar, state, time.Since(a.began))
	a.r.stepEvent(a.step)
	a.r.flush()
}

// stepEvent logs the step's state and keeps run.json's list up to date.
func (r *Run) stepEvent(s run.Step) {
	r.change(func(c *infoChanges) {
		i := slices.IndexFunc(c.steps, func(o run.Step) bool { return o.Name == s.Name && o.Key == s.Key })
		c.steps = slices.Clone(c.steps)
		if i < 0 {
			c.steps = append(c.steps, s)
		} else {
			c.steps[i] = s
		}
	})
	r.event(run.Event{Kind: "step", Step: s.Name, StepInfo: &s})
}

// stepName is the innermost step at work.
func (r *Run) stepName() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.stack); n > 0 {
		return r.stack[n-1].name
	}
	return ""
}

// Step is a step of the script itself. Its result is reused as long as name,
// params, the content of inputs (files or folders, or content hashes) and the
// text of fn with everything of the script that it refers to stay the same. fn
// writes into dir, which is empty at first; Step gives the finished folder.
func (r *Run) Step(name string, inputs []string, params any, fn func(dir string)) string {
	dir, err := r.scriptStep(name, inputs, params, fn)
	if err != nil {
		r.stop(err)
	}
	return dir
}

func (r *Run) scriptStep(name string, inputs []string, params any, fn func(dir string)) (string, error) {
	s := Spec{Name: name, Version: PrimitivesVersion, Params: params, Inputs: map[string]string{}, Fresh: true}
	if fn == nil {
		return "", fmt.Errorf("step %s: it has no function", name)
	}
	for i, in := range inputs {
		hash, err := HashPath(in)
		if err != nil {
			return "", WithCode(Hint(fmt.Errorf("step %s: input %d: %w", name, i+1, err), "inputs are files or folders that exist, or content hashes"), 3)
		}
		s.Inputs[fmt.Sprintf("%d", i+1)] = hash
	}
	if err := r.sourceParts(&s); err != nil {
		return "", fmt.Errorf("step %s: %w", name, err)
	}
	return r.Do(s, func(w *Work) error {
		fn(w.Dir)
		return nil
	})
}

// sourceParts adds the script's text to what decides a step. Without source the
// program itself stands for it.
func (r *Run) sourceParts(s *Spec) error {
	s.source = map[string]string{}
	if r.script == nil {
		program, err := os.Executable()
		if err != nil {
			return err
		}
		s.source["program"], err = HashPath(program)
		return err
	}
	c := r.script.Step(s.Name)
	for name, hash := range c.Parts {
		s.source["source "+name] = hash
	}
	for _, name := range c.Flags {
		s.source["flag "+name] = r.flags.value(name)
	}
	for _, v := range c.Outside {
		text := fmt.Sprintf("Step %s uses %s, which neither its inputs nor its params name: when %s changes, the step is not done again.", s.Name, v, v)
		r.noteOnce(run.Note{Level: "warn", Topic: "steps", Text: text, Hint: "Put it into the step's params, or its file into the inputs."})
	}
	return nil
}

// isInterruption says whether err comes from Ctrl-C.
func (r *Run) isInterruption(err error) bool {
	return interrupted(err) || r.Context().Err() != nil && errors.Is(err, r.Context().Err())
}

func (st store) path(suffix string) string { return filepath.Join(st.root, st.key+suffix) }
