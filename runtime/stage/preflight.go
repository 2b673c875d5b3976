package stage

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// Missing is an input that a run needs and does not have, or that is something
// else, with the command that helps.
type Missing struct {
	Message string
	Hint    string
}

func (m *Missing) Error() string { return m.Message }

// Preflight looks at the inputs of a script before it runs; nil where nothing
// is wrong. What cannot be known without running is left to the script.
func Preflight(s *Script, set *Set, values Values) *Missing {
	for _, p := range s.Header.Inputs {
		if m := p.check(s, set, values); m != nil {
			return m
		}
	}
	return nil
}

func (p Port) check(s *Script, set *Set, values Values) *Missing {
	path := p.Value(s, values)
	if isBuiltin(path) || p.Builtin && path == p.Path || p.InRun() && path == p.Path {
		return nil
	}
	if path == "" {
		if p.Maybe {
			return nil
		}
		return &Missing{fmt.Sprintf("%s needs %s, which has no default", s.Name, p.String()), set.makerHint(p, path)}
	}
	if p.Kind == Sources {
		return nil // a description: the script reads it, and says what is wrong
	}
	have, err := Sniff(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if p.Kind == Model && !strings.HasPrefix(path, ".") && !strings.HasPrefix(path, "/") {
			return nil // a Hugging Face id: the script knows how to get it
		}
		if p.Maybe && path == p.Path {
			return nil
		}
		return &Missing{fmt.Sprintf("%s needs %s, and %s does not exist", s.Name, p.Kind, p.named(path)), set.makerHint(p, path)}
	case err != nil:
		return &Missing{fmt.Sprintf("%s: %v", p.named(path), err), ""}
	case have.Kind != "" && !have.fits(p.Kind):
		return &Missing{fmt.Sprintf("%s needs %s, but %s holds %s", s.Name, p.Kind, p.named(path), have.say()), set.takerHint(s, have, path)}
	case p.MinRows > 0 && have.RowsKnown && have.Rows < p.MinRows:
		return &Missing{fmt.Sprintf("%s needs at least %d rows, but %s holds %d", s.Name, p.MinRows, p.named(path), have.Rows), ""}
	}
	return nil
}

// Value is the path that this run uses for the port.
func (p Port) Value(s *Script, values Values) string {
	if p.Flag == "" {
		return p.Path
	}
	return values.Get(s, p.Flag)
}

func (p Port) named(path string) string {
	if p.Flag == "" {
		return path
	}
	return "--" + p.Flag + " " + path
}

// makerHint names the script that makes an input, with its command.
func (set *Set) makerHint(p Port, path string) string {
	makers := p.From
	if len(makers) == 0 {
		for _, s := range set.Scripts {
			if s.makes(p) {
				makers = append(makers, s.Name)
			}
		}
	}
	if len(makers) == 0 {
		return "give a path to " + string(p.Kind)
	}
	var commands []string
	for _, name := range makers {
		commands = append(commands, set.makeCommand(name, p, path))
	}
	return fmt.Sprintf("%s makes it: %s", strings.Join(makers, " or "), strings.Join(commands, "   or   "))
}

// makeCommand is the command by which a script writes to path, as far as its
// output can be told where to go.
func (set *Set) makeCommand(name string, p Port, path string) string {
	s := set.Find(name)
	if s == nil || s.Header == nil {
		return "cogumi run " + name
	}
	command := s.Command()
	if path == "" {
		return command
	}
	for _, out := range s.Header.Outputs {
		if out.Kind.Is(p.Kind) && out.Flag != "" && out.Path != path {
			return command + " --" + out.Flag + " " + path
		}
	}
	return command
}

// takerHint names the scripts that want what lies at path.
func (set *Set) takerHint(not *Script, have Found, path string) string {
	var commands []string
	for _, s := range set.Scripts {
		if s == not || s.Header == nil {
			continue
		}
		for _, p := range s.Header.Inputs {
			if !have.fits(p.Kind) || p.Kind == Folder || p.Kind == Text {
				continue
			}
			command := "cogumi run " + s.Name
			if p.Flag != "" {
				command += " --" + p.Flag + " " + path
			}
			commands = append(commands, command)
			break
		}
	}
	if len(commands) == 0 {
		return "no script here takes " + string(have.Kind)
	}
	return "for " + string(have.Kind) + " use: " + strings.Join(commands, "   or   ")
}
