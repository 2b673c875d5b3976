package experiment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"cogumi/reports/run/durable"
)

// store is the place of one step under runs/.steps:
//
//	<key>/                 the result, never changed
//	<key>.done.json        marker: the result is whole, and what it must look like
//	<key>.record/          what the step reported, to report it again
//	<key>.partial/         an attempt at work, or what a killed one left
//	<key>.record.partial/
//	<key>.lock             held by the run that works on the step
//	<key>.damaged/         a result that did not match its marker
type store struct{ root, key string }

// marker is the content of <key>.done.json.
type marker struct {
	Version int               `json:"version"`
	Name    string            `json:"name"`
	Seconds float64           `json:"seconds"`
	Parts   map[string]string `json:"parts"`
	Files   []storedFile      `json:"files"`
}

// damageError says how a stored result differs from its marker.
type damageError struct{ what string }

func (d *damageError) Error() string { return d.what }

// check gives the marker of a finished, whole step; nil when there is none.
func (st store) check(ctx context.Context) (*marker, error) {
	b, err := os.ReadFile(st.path(".done.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var m marker
	if err := json.Unmarshal(b, &m); err != nil || m.Version != storeVersion {
		return nil, &damageError{"its marker cannot be read"}
	}
	have, err := listSizes(st.path(""))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &damageError{"its folder is missing"}
	}
	if err != nil {
		return nil, &damageError{err.Error()}
	}
	for _, f := range m.Files {
		if err := stopErr(ctx); err != nil {
			return nil, err
		}
		size, ok := have[f.Path]
		delete(have, f.Path)
		if !ok {
			return nil, &damageError{f.Path + " is missing"}
		}
		if size != f.Size {
			return nil, &damageError{fmt.Sprintf("%s has %d bytes instead of %d", f.Path, size, f.Size)}
		}
		sum, err := hashFile(filepath.Join(st.path(""), filepath.FromSlash(f.Path)))
		if err != nil {
			return nil, &damageError{err.Error()}
		}
		if sum != f.SHA256 {
			return nil, &damageError{f.Path + " has other content than when it was written"}
		}
	}
	for path := range have {
		return nil, &damageError{path + " was added later"}
	}
	return &m, nil
}

func listSizes(dir string) (map[string]int64, error) {
	sizes := map[string]int64{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		sizes[filepath.ToSlash(rel)] = fi.Size()
		return err
	})
	return sizes, err
}

// setAside takes a damaged result out of the way. The marker goes first: from
// then on the step counts as not done.
func (st store) setAside() error {
	if err := os.Remove(st.path(".done.json")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, dir := range []string{st.path(".damaged"), st.path(".record")} {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	err := os.Rename(st.path(""), st.path(".damaged"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return durable.SyncDir(st.root)
}

// prepare makes the partial folder. resumed says that it holds what a killed
// attempt left.
func (st store) prepare(fresh bool) (resumed bool, err error) {
	partial := st.path(".partial")
	if err := st.takeBack(); err != nil {
		return false, err
	}
	if fresh {
		for _, dir := range []string{partial, st.path(".record.partial")} {
			if err := os.RemoveAll(dir); err != nil {
				return false, fmt.Errorf("clear what an earlier attempt left: %w", err)
			}
		}
	}
	if err := os.MkdirAll(partial, 0o755); err != nil {
		return false, err
	}
	if err := unlock(partial); err != nil {
		return false, err
	}
	entries, err := os.ReadDir(partial)
	return len(entries) > 0, err
}

// takeBack turns a result without marker, from a kill between the two, into a
// partial one again: only the marker proves that it is whole. With a partial
// folder beside it, it is the half-removed result that a forced repetition replaces.
func (st store) takeBack() error {
	if exists(st.path(".done.json")) {
		return nil // a forced repetition: the old result stays until the new one is there
	}
	for _, pair := range [][2]string{{"", ".partial"}, {".record", ".record.partial"}} {
		whole, partial := st.path(pair[0]), st.path(pair[1])
		var err error
		switch {
		case !exists(whole):
		case exists(partial):
			err = os.RemoveAll(whole)
		default:
			err = os.Rename(whole, partial)
		}
		if err != nil {
			return fmt.Errorf("take back an unfinished result: %w", err)
		}
	}
	return nil
}

func exists(path string) bool { _, err := os.Lstat(path); return err == nil }

// unlock makes the files that a killed attempt had closed already writable again.
func unlock(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		fi, err := d.Info()
		if err != nil || fi.Mode().Perm()&0o200 != 0 {
			return err
		}
		f, err := os.Open(path) // a restricted process changes no modes by name
		if err != nil {
			return err
		}
		return errors.Join(f.Chmod(fi.Mode().Perm()|0o200), f.Close())
	})
}

// finish turns the partial folder into the result: files to disk, rename, marker.
func (st store) finish(m marker) error {
	partial := st.path(".partial")
	if err := settle(partial); err != nil {
		return err
	}
	var err error
	if m.Files, err = listFiles(partial); err != nil {
		return err
	}
	m.Version = storeVersion
	if err := st.removeOld(); err != nil {
		return fmt.Errorf("replace the earlier result: %w", err)
	}
	if err := os.Rename(partial, st.path("")); err != nil {
		return err
	}
	if err := os.Rename(st.path(".record.partial"), st.path(".record")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := durable.SyncDir(st.root); err != nil {
		return err
	}
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return durable.WriteBytes(st.path(".done.json"), append(b, '\n'))
}

func (st store) removeOld() error {
	err := os.Remove(st.path(".done.json"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.RemoveAll(st.path("")); err != nil {
		return err
	}
	return os.RemoveAll(st.path(".record"))
}

// settle removes scratch files and brings the rest to disk, read-only.
func settle(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return durable.SyncDir(path)
		case strings.HasSuffix(path, ".tmp"):
			return os.Remove(path)
		case !d.Type().IsRegular():
			return fmt.Errorf("%s is neither file nor folder: a step's result is files", path)
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := f.Sync(); err != nil {
			return fmt.Errorf("write %s to disk: %w", path, err)
		}
		fi, err := f.Stat()
		if err != nil {
			return err
		}
		return f.Chmod(fi.Mode().Perm() &^ 0o222)
	})
}
