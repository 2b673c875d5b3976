// Command gen writes the symbol tables of package symbols: one Go file for each
// package that scripts may import (list.go). Run it with `make symbols` or
// `go generate ./runtime/script/symbols`; the files are committed, because users
// build without it.
package main

import (
	"bytes"
	"fmt"
	"go/format"
	"go/importer"
	"go/token"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("symbols: ")
	dir := "."
	if len(os.Args) > 1 {
		dir = os.Args[1]
	}
	files, broken, err := generate(dir)
	if err != nil {
		log.Fatal(err)
	}
	for name := range broken {
		log.Printf("kept %s: its package does not compile", name)
	}
	old, _ := filepath.Glob(filepath.Join(dir, "table_*.go"))
	for _, f := range old {
		if _, ok := files[filepath.Base(f)]; !ok && !broken[filepath.Base(f)] {
			if err := os.Remove(f); err != nil {
				log.Fatal(err)
			}
		}
	}
	for name, src := range files {
		path := filepath.Join(dir, name)
		if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, src) {
			continue
		}
		if err := os.WriteFile(path, src, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

// generate returns the files' contents by name, and the files of packages that
// are there and do not compile. dir is a folder of the module.
func generate(dir string) (files map[string][]byte, broken map[string]bool, err error) {
	patterns := append([]string{}, standard...)
	for _, p := range own {
		patterns = append(patterns, "cogumi/"+p)
	}
	exports, folders, err := exportData(dir, patterns)
	if err != nil {
		return nil, nil, err
	}
	open := func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("no export data for %s", path)
		}
		return os.Open(exports[path])
	}
	imp := importer.ForCompiler(token.NewFileSet(), "gc", open)
	files, broken = map[string][]byte{}, map[string]bool{}
	for _, path := range patterns {
		if exports[path] == "" {
			if !strings.HasPrefix(path, "cogumi/") {
				return nil, nil, fmt.Errorf("%s: not in this Go's library", path)
			}
			if folders[path] != "" {
				broken[fileName(path)] = true
			}
			continue
		}
		pkg, err := imp.Import(path)
		if err != nil {
			return nil, nil, fmt.Errorf("import %s: %w", path, err)
		}
		src, err := format.Source(table(pkg))
		if err != nil {
			return nil, nil, fmt.Errorf("format the table of %s: %w", path, err)
		}
		files[fileName(path)] = src
	}
	return files, broken, nil
}

func fileName(path string) string {
	return "table_" + strings.NewReplacer("/", "_", ".", "_").Replace(path) + ".go"
}

// exportData asks the go command for the compiled export data of the patterns
// and of what they import: import path → file. Packages with errors have none.
// folders says where each package's source is.
func exportData(dir string, patterns []string) (exports, folders map[string]string, err error) {
	args := append([]string{"list", "-e", "-export", "-deps", "-f", "{{.ImportPath}}\t{{.Export}}\t{{.Dir}}"}, patterns...)
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return nil, nil, fmt.Errorf("go list: %w", err)
	}
	exports, folders = map[string]string{}, map[string]string{}
	for line := range strings.Lines(string(out)) {
		parts := strings.Split(strings.TrimRight(line, "\n"), "\t")
		exports[parts[0]], folders[parts[0]] = parts[1], parts[2]
	}
	return exports, folders, nil
}
