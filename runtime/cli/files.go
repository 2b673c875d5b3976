package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cogumi/runtime/confine"
	"cogumi/runtime/launch"
	"cogumi/runtime/stage"
)

// filesOf is what a script may read and write because of its command line: the
// paths among its flags and arguments, and what its header names. nil: it is
// trusted.
func (a *app) filesOf(script found, line *runLine, values stage.Values) *launch.Files {
	if line.trust || line.compiled {
		return nil
	}
	f := &launch.Files{Read: slices.Clone(line.mayRead), Write: slices.Clone(line.mayWrite)}
	outputs := map[string]bool{}
	if h := script.Header; h != nil {
		for _, p := range h.Inputs {
			f.Read = append(f.Read, pathsIn(p.Value(script.Script, values))...)
		}
		for _, p := range h.Outputs {
			outputs[p.Flag] = p.Flag != ""
			if path := p.Value(script.Script, values); path != "" && !p.InRun() {
				f.Outputs = append(f.Outputs, path)
			}
		}
	}
	for name, value := range values.Given {
		if !outputs[name] {
			f.Read = append(f.Read, pathsIn(value)...)
		}
	}
	if script.Header == nil {
		for _, arg := range line.script {
			f.Read = append(f.Read, pathsIn(arg)...)
		}
	}
	for _, arg := range values.Rest {
		f.Read = append(f.Read, pathsIn(arg)...)
	}
	return f
}

// pathsIn are the paths that a value names: itself, the parts of a list, and what
// stands behind a name, as in "math=data/*.jsonl,answer=reply". What exists counts;
// a pattern counts as the folder that it begins with.
func pathsIn(value string) []string {
	var paths []string
	for _, part := range append([]string{value}, strings.Split(value, ",")...) {
		_, after, _ := strings.Cut(part, "=")
		for _, path := range []string{part, after} {
			if at := strings.IndexAny(path, "*?["); at >= 0 {
				path = filepath.Dir(path[:at] + "x")
			}
			if path == "" || slices.Contains(paths, path) {
				continue
			}
			if _, err := os.Stat(path); err == nil {
				paths = append(paths, path)
			}
		}
	}
	return paths
}

// tellIsolation says what a person has to know: that a script is trusted with
// everything, that the machine cannot keep it from anything, that it will not
// find a secret that it asks for.
func (a *app) tellIsolation(script found, files *launch.Files) {
	if files == nil {
		return
	}
	switch offered := confine.Offered(); {
	case offered.Landlock == 0 && offered.Seccomp:
		a.tell("this kernel has no Landlock: the script may read and write what you may; it starts no programs")
	case offered.Landlock == 0:
		a.tell("this system does not restrict processes: the script may read and write what you may")
	}
	for _, name := range launch.Withheld(script.Source) {
		a.tell("%s is kept from the script: primitives get it; --trust hands it over", name)
	}
}
