// Package objects holds the compiled kernels: one archive a family (norm.zip of
// src/norm.cu) with machine code for each architecture, PTX for GPUs that came
// later, and the hash of the source that it was made from. `make kernels`
// writes them; nobody needs a compiler for the GPU to build cogumi.
package objects

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
)

//go:embed *.zip
var archives embed.FS

// Archives are the files of this package, for who writes the source out again.
func Archives() fs.FS { return archives }

// Entries of an archive beside the architectures.
const (
	SourceEntry  = "source.sha256" // hash of the source
	KernelsEntry = "kernels"       // names of the kernels, one a line
)

var index = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	for _, f := range Families() {
		b, err := Read(f, KernelsEntry)
		if err != nil {
			continue
		}
		for _, k := range strings.Fields(string(b)) {
			all[k] = f
		}
	}
	return all
})

// Family is the family that holds a kernel.
func Family(kernel string) (string, bool) {
	f, ok := index()[kernel]
	return f, ok
}

// Families lists what is embedded, sorted.
func Families() []string {
	names, err := fs.Glob(archives, "*.zip")
	if err != nil {
		return nil
	}
	for i, n := range names {
		names[i] = strings.TrimSuffix(n, ".zip")
	}
	slices.Sort(names)
	return names
}

// Read returns one entry of a family's archive: an architecture ("sm_90a",
// "compute_90") or SourceEntry.
func Read(family, entry string) ([]byte, error) {
	b, err := archives.ReadFile(family + ".zip")
	if err != nil {
		return nil, fmt.Errorf("compiled kernels: %w", err)
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, fmt.Errorf("compiled kernels %s: %w", family, err)
	}
	f, err := z.Open(entry)
	if err != nil {
		return nil, fmt.Errorf("compiled kernels %s: %w", family, err)
	}
	defer f.Close()
	return io.ReadAll(f)
}

var include = regexp.MustCompile(`(?m)^\s*#include\s+"([^"]+)"`)

// SourceHash is the hash over a source file and all that it includes from the
// same folder.
func SourceHash(sources fs.FS, file string) (string, error) {
	h := sha256.New()
	seen := map[string]bool{}
	var add func(name string) error
	add = func(name string) error {
		if seen[name] {
			return nil
		}
		seen[name] = true
		b, err := fs.ReadFile(sources, name)
		if err != nil {
			return fmt.Errorf("hash of %s: %w", file, err)
		}
		fmt.Fprintf(h, "%s %d\n", name, len(b))
		h.Write(b)
		for _, m := range include.FindAllSubmatch(b, -1) {
			if err := add(path.Clean(string(m[1]))); err != nil {
				return err
			}
		}
		return nil
	}
	if err := add(file); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
