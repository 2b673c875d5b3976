// Package toolchain uses the Go toolchain where a machine has one: it compiles a
// script against cogumi's own source, which the binary carries, and makes
// folders in which gopls, go vet and go run understand scripts.
package toolchain

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"cogumi/kernels/cuda/objects"
	"cogumi/reports/run/durable"
	"cogumi/stdlib/experiment/machine"
	"cogumi/stdlib/model/builtin"
)

// Source is cogumi's own source: the packages that scripts can import and all
// below them, without tests.
type Source struct {
	files map[string][]byte // by path, "/" on every system
	hash  string
}

// rooms are what scripts are compiled from.
var rooms = []string{"go.mod", "go.sum", "LICENSE", "kernels", "stdlib", "reports/run"}

// carried are files that packages embed: the source has them from there.
var carried = map[string]fs.FS{
	"stdlib/model/builtin": builtin.Files,
	"kernels/cuda/objects": objects.Archives(),
}

// ReadSource collects the source from root, the module's root folder.
func ReadSource(root fs.FS) (*Source, error) {
	s := &Source{files: map[string][]byte{}}
	for _, room := range rooms {
		if err := s.add(root, room, ""); err != nil {
			return nil, fmt.Errorf("source of cogumi: %w", err)
		}
	}
	for prefix, files := range carried {
		if err := s.add(files, ".", prefix); err != nil {
			return nil, fmt.Errorf("source of cogumi: %w", err)
		}
	}
	s.hash = s.sum()
	return s, nil
}

func (s *Source) add(files fs.FS, from, prefix string) error {
	return fs.WalkDir(files, from, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == "testdata":
			return fs.SkipDir
		case entry.IsDir() || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		b, err := fs.ReadFile(files, name)
		s.files[path.Join(prefix, name)] = b
		return err
	})
}

func (s *Source) names() []string {
	names := make([]string, 0, len(s.files))
	for name := range s.files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (s *Source) sum() string {
	h := sha256.New()
	for _, name := range s.names() {
		fmt.Fprintf(h, "%s %d\n", name, len(s.files[name]))
		h.Write(s.files[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Unpack writes the source into cogumi's cache, unless it is there, and returns
// the module's folder.
func (s *Source) Unpack() (string, error) {
	cache, err := machine.CacheDir()
	if err != nil {
		return "", fmt.Errorf("unpack cogumi's source: %w", err)
	}
	dir := filepath.Join(cache, "source", s.hash[:16])
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := s.unpack(dir); err != nil {
		return "", fmt.Errorf("unpack cogumi's source: %w", err)
	}
	return dir, nil
}

// unpack fills a folder beside dir and renames it: dir is whole or not there.
func (s *Source) unpack(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	partial, err := os.MkdirTemp(filepath.Dir(dir), ".partial-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(partial)
	if err := os.Chmod(partial, 0o755); err != nil {
		return err
	}
	for _, name := range s.names() {
		file := filepath.Join(partial, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, s.files[name], 0o644); err != nil {
			return err
		}
	}
	err = durable.Rename(partial, dir)
	if _, exists := os.Stat(dir); exists == nil {
		return nil // by us, or by another process that did the same
	}
	return err
}
