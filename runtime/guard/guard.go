// Package guard keeps a script to the places where it may write, by name.
//
// The kernel's rules are for whole folders: where a file is to be made in a
// folder, under a temporary name first, all of the folder must be writable. This
// package stands before them: what a script writes with package os, and what
// primitives put in its place, is compared with the paths themselves. It gives
// the reason, too, which the kernel does not.
package guard

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"cogumi/reports/run/durable"
	"cogumi/runtime/script/symbols"
)

// ErrOutside is why a script may not write at a path.
var ErrOutside error = outside{}

type outside struct{}

func (outside) Error() string {
	return "permission denied: a script writes below its run's folder (x.Dir()) and where its header's OUTPUT says; --may-write PATH allows more"
}

// Is makes errors.Is(err, fs.ErrPermission) true.
func (outside) Is(target error) bool { return target == fs.ErrPermission }

// places are folders and files with all links resolved.
type places []string

// scope is where somebody may write.
type scope struct {
	places
	steps string // folder of steps: in those that are not finished; "": none
}

// unfinished says whether path lies in the folder of a step that is being made.
func (s scope) unfinished(path string) bool {
	if s.steps == "" {
		return false
	}
	rel, err := filepath.Rel(s.steps, path)
	step, _, below := strings.Cut(rel, string(filepath.Separator))
	return err == nil && below && strings.HasSuffix(step, ".partial")
}

// resolve is path without links, as far as it exists.
func resolve(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	for rest := ""; ; {
		real, err := filepath.EvalSymlinks(abs)
		if err == nil {
			return filepath.Join(real, rest), nil
		}
		if !errors.Is(err, fs.ErrNotExist) || abs == filepath.Dir(abs) {
			return "", err
		}
		if _, err := os.Lstat(abs); err == nil {
			return "", fs.ErrPermission // a link to nowhere: what it will lead to is unknown
		}
		abs, rest = filepath.Dir(abs), filepath.Join(filepath.Base(abs), rest)
	}
}

func newPlaces(paths []string) places {
	var p places
	for _, path := range paths {
		if real, err := resolve(path); err == nil {
			p = append(p, real)
		}
	}
	return p
}

func (s scope) allow(op, path string) error {
	real, err := resolve(path)
	if err == nil {
		if s.unfinished(real) {
			return nil
		}
		for _, place := range s.places {
			if rel, err := filepath.Rel(place, real); err == nil && filepath.IsLocal(rel) {
				return nil
			}
		}
	}
	return &fs.PathError{Op: op, Path: path, Err: ErrOutside}
}

// Files replaces what package os gives to scripts by functions that write at
// these paths and below only, and in steps that are not finished; primitives may
// write to the caches and to all steps as well.
func Files(writable, caches []string, steps string) error {
	script := scope{places: newPlaces(append([]string{os.DevNull}, writable...))}
	all := scope{places: append(newPlaces(append(caches, steps)), script.places...)}
	if real, err := resolve(steps); err == nil {
		script.steps = real
	}
	durable.Guard = func(path string) error { return all.allow("write", path) }
	table := symbols.Get("os")
	if table == nil {
		return errors.New("guard files: there is no table for package os")
	}
	for name, f := range script.functions() {
		if !table.Values[name].IsValid() || table.Values[name].Type() != reflect.TypeOf(f) {
			return errors.New("guard files: os." + name + " is another function now")
		}
		table.Values[name] = reflect.ValueOf(f)
	}
	return nil
}

// functions are those of package os that change something, by name.
func (p scope) functions() map[string]any {
	one := func(op string, do func(string) error) func(string) error {
		return func(path string) error {
			if err := p.allow(op, path); err != nil {
				return err
			}
			return do(path)
		}
	}
	two := func(op string, do func(from, to string) error) func(from, to string) error {
		return func(from, to string) error {
			if err := errors.Join(p.allow(op, from), p.allow(op, to)); err != nil {
				return err
			}
			return do(from, to)
		}
	}
	mode := func(op string, do func(string, os.FileMode) error) func(string, os.FileMode) error {
		return func(path string, m os.FileMode) error {
			return one(op, func(path string) error { return do(path, m) })(path)
		}
	}
	owner := func(op string, do func(string, int, int) error) func(string, int, int) error {
		return func(path string, user, group int) error {
			return one(op, func(path string) error { return do(path, user, group) })(path)
		}
	}
	return map[string]any{
		"Create": func(path string) (*os.File, error) { return p.open(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o666) },
		"OpenFile": func(path string, flag int, m os.FileMode) (*os.File, error) {
			if flag&(os.O_WRONLY|os.O_RDWR|os.O_CREATE|os.O_TRUNC|os.O_APPEND) == 0 {
				return os.OpenFile(path, flag, m)
			}
			return p.open(path, flag, m)
		},
		"WriteFile": func(path string, b []byte, m os.FileMode) error {
			return one("open", func(path string) error { return os.WriteFile(path, b, m) })(path)
		},
		"Mkdir": mode("mkdir", os.Mkdir), "MkdirAll": mode("mkdir", os.MkdirAll), "Chmod": mode("chmod", chmod),
		"Remove": one("remove", os.Remove), "RemoveAll": one("remove", os.RemoveAll),
		"Rename": two("rename", os.Rename), "Link": two("link", os.Link), "Symlink": two("symlink", os.Symlink),
		"Chown": owner("chown", os.Chown), "Lchown": owner("lchown", os.Lchown),
		"Truncate": func(path string, size int64) error {
			return one("truncate", func(path string) error { return os.Truncate(path, size) })(path)
		},
		"Chtimes": func(path string, a, m time.Time) error {
			return one("chtimes", func(path string) error { return os.Chtimes(path, a, m) })(path)
		},
		"CreateTemp": func(dir, pattern string) (*os.File, error) {
			if err := p.allow("createtemp", inside(dir)); err != nil {
				return nil, err
			}
			return os.CreateTemp(dir, pattern)
		},
		"MkdirTemp": func(dir, pattern string) (string, error) {
			if err := p.allow("mkdirtemp", inside(dir)); err != nil {
				return "", err
			}
			return os.MkdirTemp(dir, pattern)
		},
	}
}

// chmod goes through a descriptor: by name it would reach files that cannot be
// opened, and the process has no such call.
func chmod(path string, m os.FileMode) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Chmod(m)
}

// inside is a name in the folder that temporary files get.
func inside(dir string) string {
	if dir == "" {
		dir = os.TempDir()
	}
	return filepath.Join(dir, "temporary")
}

func (p scope) open(path string, flag int, m os.FileMode) (*os.File, error) {
	if err := p.allow("open", path); err != nil {
		return nil, err
	}
	return os.OpenFile(path, flag, m)
}
