package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cogumi/reports/run/durable"
)

// StepsDir is where the results of steps lie, under the folder of all runs.
const StepsDir = ".steps"

const (
	lockSuffix    = ".lock"
	removedPrefix = ".removed-" // of a run's folder while it is removed
)

// Garbage is one thing under the folder of all runs that no run needs.
type Garbage struct {
	Paths []string
	Bytes int64
	Why   string

	lock string // held while it is removed
}

// youngest is how old a result of a step has to be: the run that made it a
// moment ago may not have written its name yet.
const youngest = 10 * time.Minute

// FindGarbage lists what is left of runs that were removed: their half-removed
// folders, and results of steps that no run under root names, unfinished ones
// too. A run whose run.json cannot be read could name any of them: then steps are
// not looked at, and the error says so. Runs in gone, by their folders, count as
// removed: for saying what would be garbage without them.
func FindGarbage(root string, gone ...string) ([]Garbage, error) {
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for garbage: %w", err)
	}
	var out []Garbage
	named := map[string]bool{}
	var unreadable error
	for _, e := range entries {
		path := filepath.Join(root, e.Name())
		switch {
		case !e.IsDir(), slices.Contains(gone, path):
		case strings.HasPrefix(e.Name(), removedPrefix):
			out = append(out, Garbage{Paths: []string{path}, Bytes: sizeOf(path), Why: "half removed"})
		case !strings.HasPrefix(e.Name(), "."):
			if err := nameSteps(path, named); err != nil {
				unreadable = fmt.Errorf("steps are left alone: %w", err)
			}
		}
	}
	if unreadable != nil {
		return out, unreadable
	}
	steps, err := stepGarbage(filepath.Join(root, StepsDir), named)
	return append(out, steps...), err
}

// nameSteps adds the keys of all steps that a run names.
func nameSteps(dir string, named map[string]bool) error {
	r, err := Read(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // no run
	}
	if err != nil {
		return err
	}
	for _, s := range r.Info.Steps {
		named[s.Key] = true
	}
	for i := range r.Events {
		if s := r.Events[i].StepInfo; s != nil {
			named[s.Key] = true
		}
	}
	return nil
}

// stepGarbage puts the files of each unnamed key together.
func stepGarbage(dir string, named map[string]bool) ([]Garbage, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for garbage: %w", err)
	}
	at := map[string]int{}
	var out []Garbage
	young := map[string]bool{}
	for _, e := range entries {
		key, suffix, _ := strings.Cut(e.Name(), ".")
		if !isKey(key) || named[key] || "."+suffix == lockSuffix {
			continue
		}
		if fi, err := e.Info(); err != nil || time.Since(fi.ModTime()) < youngest {
			young[key] = true
		}
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, Garbage{Why: "a step that no run names", lock: filepath.Join(dir, key+lockSuffix)})
		}
		path := filepath.Join(dir, e.Name())
		out[i].Bytes += sizeOf(path)
		// The marker goes first: from then on the step counts as not done.
		if suffix == "done.json" {
			out[i].Paths = append([]string{path}, out[i].Paths...)
		} else {
			out[i].Paths = append(out[i].Paths, path)
		}
	}
	for key, i := range at {
		if young[key] {
			out[i].Paths = nil
		}
	}
	return slices.DeleteFunc(out, func(g Garbage) bool { return g.Paths == nil }), nil
}

// isKey says whether a name is a step's key, hex SHA-256: nothing else is touched.
func isKey(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

func sizeOf(path string) (n int64) {
	filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if fi, err := d.Info(); err == nil {
				n += fi.Size()
			}
		}
		return nil
	})
	return n
}

// Remove removes it; a step that a run is working on stays, with durable.ErrLocked.
func (g *Garbage) Remove() error {
	if g.lock != "" {
		unlock, err := durable.TryLock(g.lock)
		if err != nil {
			return err
		}
		defer unlock()
	}
	for _, path := range g.Paths {
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("remove %s: %w", path, err)
		}
	}
	return nil
}

// Remove removes a run's folder. It is renamed first: a folder that is half
// removed is no run any more.
func Remove(dir string) error {
	gone := filepath.Join(filepath.Dir(dir), removedPrefix+filepath.Base(dir))
	if err := os.Rename(dir, gone); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", dir, err)
	}
	if err := os.RemoveAll(gone); err != nil {
		return fmt.Errorf("remove %s: %w", gone, err)
	}
	return nil
}
