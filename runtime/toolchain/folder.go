package toolchain

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"cogumi/reports/run/durable"
)

// MakeModule makes dir a module in which gopls, go vet and go run understand
// scripts: its go.mod leads to cogumi's unpacked source. A go.mod that leads to
// another version's is led to this one; any other is kept, and is an error.
func (s *Source) MakeModule(dir string) error {
	source, err := s.Unpack()
	if err != nil {
		return err
	}
	file := filepath.Join(dir, "go.mod")
	old, err := os.ReadFile(file)
	switch {
	case err == nil && !replaced.Match(old):
		return fmt.Errorf("%s exists already and does not lead to cogumi's source", file)
	case err == nil:
		fresh := replaced.ReplaceAllLiteral(old, []byte(replacement(source)))
		return s.writeModule(dir, fresh)
	case !os.IsNotExist(err):
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return s.writeModule(dir, []byte(s.goMod(source)))
}

func (s *Source) writeModule(dir string, goMod []byte) error {
	if err := durable.WriteBytes(filepath.Join(dir, "go.sum"), s.files["go.sum"]); err != nil {
		return err
	}
	return durable.WriteBytes(filepath.Join(dir, "go.mod"), goMod)
}

var (
	replaced = regexp.MustCompile(`(?m)^replace cogumi => .*$`)
	// required is one module that cogumi needs, in go.mod.
	required = regexp.MustCompile(`(?m)^\t(\S+ v\S+)(?: // indirect)?$`)
	language = regexp.MustCompile(`(?m)^go \S+$`)
)

func replacement(source string) string {
	return "replace cogumi => " + quoted(filepath.ToSlash(source))
}

// quoted writes a path as go.mod has it.
func quoted(path string) string {
	if strings.ContainsAny(path, " \t(),") {
		return "\"" + path + "\""
	}
	return path
}

// goMod names all that cogumi needs as well: a module's go.mod must list what
// lies behind its direct dependencies.
func (s *Source) goMod(source string) string {
	own := s.files["go.mod"]
	var b strings.Builder
	fmt.Fprintf(&b, "module scripts\n\n%s\n\nrequire cogumi v0.0.0\n\n%s\n\nrequire (\n", language.Find(own), replacement(source))
	for _, m := range required.FindAllSubmatch(own, -1) {
		fmt.Fprintf(&b, "\t%s // indirect\n", m[1])
	}
	return b.String() + ")\n"
}
