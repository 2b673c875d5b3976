package stage

import (
	"strconv"
	"strings"

	"cogumi/stdlib/experiment"
	"cogumi/stdlib/experiment/source"
)

// Flag is one flag that a script defines on its experiment run, as read from
// the source.
type Flag = source.Flag

// reserved flags belong to the command line itself.
var reserved = map[string]bool{"json": true, "quiet": true, "help": true, "runs": true, "force": true, "from": true, "trust": true, "may-read": true, "may-write": true}

type scanned struct {
	list    []Flag
	dynamic bool
}

// scanFlags finds the flags without running the script. A file that does not
// parse has none, and may have any.
func scanFlags(path string, src []byte) (found scanned, problems []Problem) {
	script, err := source.Parse(path, src)
	if err != nil {
		return scanned{dynamic: true}, nil
	}
	at, first := newPlace(path, src), map[string]int{}
	for _, f := range script.FlagCalls() {
		wrong := func(hint, format string, args ...any) {
			problems = append(problems, at.problem(f.Line, f.Column, hint, format, args...))
		}
		if f.Name == "" {
			found.dynamic = true
			wrong(`write the name as a string in quotes: x.Int("seed", 1, "…")`, "the flag's name is not a constant")
			continue
		}
		if reserved[f.Name] {
			wrong("choose another name", "--%s belongs to cogumi itself", f.Name)
		}
		if first[f.Name] > 0 {
			wrong("keep its value in a variable", "--%s is defined twice, first in line %d", f.Name, first[f.Name])
			continue
		}
		first[f.Name] = f.Line
		found.list = append(found.list, f)
	}
	return found, problems
}

// compareFlags checks the header's flags against the program's, both ways.
func compareFlags(s *Script) (problems []Problem) {
	at := newPlace(s.Path, s.Source)
	named := map[string]bool{}
	check := func(flag, def string, line, column int) {
		if flag == "" {
			return
		}
		named[flag] = true
		f := s.Flag(flag)
		if f == nil {
			if !s.DynamicFlags {
				hint := "define it with x.String, x.Int, x.Float or x.Bool, or take it out of the header"
				if near := experiment.Nearest(flag, s.flagNames()); near != "" {
					hint = "did you mean --" + near + "?"
				}
				problems = append(problems, at.problem(line, column, hint, "the header names --%s, which the script does not define", flag))
			}
			return
		}
		if def != "" && f.HasDefault && !sameDefault(def, f.Default, f.Kind) {
			problems = append(problems, at.problem(line, column, "one of the two is out of date: the script's line "+strconv.Itoa(f.Line)+" counts",
				"the header says --%s has the default %s, the script says %q", flag, def, f.Default))
		}
	}
	for _, p := range s.Header.Inputs {
		check(p.Flag, p.Default, p.Line, p.Column)
	}
	for _, p := range s.Header.Outputs {
		check(p.Flag, p.Default, p.Line, p.Column)
	}
	for _, d := range s.Header.FlagDocs {
		check(d.Flag, d.Default, d.Line, d.Column)
	}
	for _, f := range s.Flags {
		if !named[f.Name] {
			problems = append(problems, at.problem(f.Line, f.Column,
				"add to the header: // FLAGS: --"+f.Name+" "+f.Meta()+" "+f.Usage,
				"the header does not name --%s", f.Name))
		}
	}
	return problems
}

func (s *Script) flagNames() []string {
	var names []string
	for _, f := range s.Flags {
		names = append(names, f.Name)
	}
	return names
}

func sameDefault(a, b, kind string) bool {
	if a == b || b == "" && (a == `""` || strings.ContainsRune(a, ' ')) {
		return true // words say what the empty default stands for
	}
	if kind != "int" && kind != "float" {
		return false
	}
	x, err1 := strconv.ParseFloat(strings.ReplaceAll(a, ",", ""), 64)
	y, err2 := strconv.ParseFloat(b, 64)
	return err1 == nil && err2 == nil && x == y
}
