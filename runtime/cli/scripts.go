package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cogumi/experiments"
	"cogumi/runtime/launch"
	"cogumi/runtime/stage"
)

// scriptFolder is where a project keeps its scripts, seen from where cogumi is
// started. They come before those that the binary carries.
const scriptFolder = "experiments"

// found is a script with where it is from.
type found struct {
	*stage.Script
	problems []stage.Problem
	file     string // path on disk; empty: carried by the binary
}

// allScripts are the project's own scripts and those of the binary; a name that
// both have is the project's.
func allScripts() ([]found, error) {
	list, err := scriptsIn(os.DirFS("."), scriptFolder, scriptFolder)
	if err != nil {
		return nil, err
	}
	carried, err := scriptsIn(experiments.Scripts, ".", "")
	if err != nil {
		return nil, err
	}
	for _, c := range carried {
		if !slices.ContainsFunc(list, func(f found) bool { return f.Name == c.Name }) {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b found) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// scriptsIn reads the programs of one folder; onDisk is the folder's path, or
// empty for the binary's own. A missing folder has none.
func scriptsIn(fsys fs.FS, folder, onDisk string) ([]found, error) {
	entries, err := fs.ReadDir(fsys, folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the scripts: %w", err)
	}
	var list []found
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		path := name
		if folder != "." {
			path = folder + "/" + name
		}
		src, err := fs.ReadFile(fsys, path)
		if err != nil {
			return nil, fmt.Errorf("read the scripts: %w", err)
		}
		if !isProgram(src) {
			continue
		}
		f, shown := found{}, scriptFolder+"/"+name
		if onDisk != "" {
			f.file = filepath.Join(onDisk, name)
			shown = filepath.ToSlash(f.file)
		}
		f.Script, f.problems = stage.Parse(shown, src)
		list = append(list, f)
	}
	return list, nil
}

// isProgram: the file is meant to be run, not a part of a package. A program
// beside others has to say so by a build line.
func isProgram(src []byte) bool {
	for _, line := range strings.Split(string(src), "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "package ") {
			return strings.TrimSpace(strings.TrimPrefix(line, "package ")) == "main"
		}
	}
	return false
}

// findScript resolves NAME or FILE.
func findScript(arg string) (found, []found, error) {
	all, err := allScripts()
	if err != nil {
		return found{}, nil, err
	}
	isPath := strings.ContainsAny(arg, `/\`)
	if isPath || strings.HasSuffix(arg, ".go") {
		if fi, err := os.Stat(arg); err == nil && !fi.IsDir() {
			f := found{file: arg}
			f.Script, f.problems, err = stage.Read(arg)
			if err != nil {
				return found{}, nil, failed("", "read the script: %v", err)
			}
			return f, all, nil
		}
	}
	name := strings.TrimSuffix(arg, ".go")
	if !isPath {
		for _, f := range all {
			if f.Name == name {
				return f, all, nil
			}
		}
	}
	return found{}, all, &fault{launch.Usage, fmt.Errorf("there is no script %q", arg), notFoundHint(arg, isPath, all)}
}

func notFoundHint(arg string, isPath bool, all []found) string {
	if !isPath && !strings.HasSuffix(arg, ".go") {
		if _, err := os.Stat(arg + ".go"); err == nil {
			return "did you mean the file " + arg + ".go? cogumi run " + arg + ".go"
		}
	}
	var names []string
	for _, f := range all {
		names = append(names, f.Name)
	}
	if near := nearest(strings.TrimSuffix(filepath.Base(arg), ".go"), names); near != "" {
		return "did you mean " + near + "?"
	}
	return "what there is: cogumi list"
}

func stageSet(all []found) *stage.Set {
	scripts := make([]*stage.Script, len(all))
	for i, f := range all {
		scripts[i] = f.Script
	}
	return stage.NewSet(scripts)
}
