package stage

import (
	"slices"
	"sort"
	"strings"

	"cogumi/stdlib/experiment"
)

// Set is the scripts of a pipeline, by stage and name.
type Set struct {
	Scripts []*Script
}

// NewSet sorts the scripts by stage; those without a header come last.
func NewSet(scripts []*Script) *Set {
	s := &Set{Scripts: slices.Clone(scripts)}
	sort.SliceStable(s.Scripts, func(i, j int) bool {
		a, b := s.Scripts[i], s.Scripts[j]
		if (a.Header == nil) != (b.Header == nil) {
			return a.Header != nil
		}
		if a.Header != nil && a.Header.Stage != b.Header.Stage {
			return a.Header.Stage < b.Header.Stage
		}
		return a.Name < b.Name
	})
	return s
}

// Find returns the script of that name, or nil.
func (s *Set) Find(name string) *Script {
	name = strings.TrimSuffix(name, ".go")
	for _, script := range s.Scripts {
		if script.Name == name {
			return script
		}
	}
	return nil
}

// Names are the scripts' names, in order.
func (s *Set) Names() []string {
	names := make([]string, len(s.Scripts))
	for i, script := range s.Scripts {
		names[i] = script.Name
	}
	return names
}

// Check compares the scripts with each other: inputs that nobody makes, from=
// that does not fit, two writers of one file, cycles.
func (s *Set) Check() []Problem {
	var problems []Problem
	writers := map[string]*Script{}
	for _, script := range s.Scripts {
		if script.Header == nil {
			continue
		}
		at := newPlace(script.Path, script.Source)
		for _, p := range script.Header.Inputs {
			problems = append(problems, s.checkInput(at, script, p)...)
		}
		for _, p := range script.Header.Outputs {
			if p.Path == "" || p.InRun() {
				continue
			}
			if other := writers[p.Path]; other != nil && other != script {
				problems = append(problems, at.problem(p.Line, p.Column,
					"give one of them another path, or a flag with another default",
					"%s is also written by %s", p.Path, other.Path))
				continue
			}
			writers[p.Path] = script
		}
	}
	problems = append(problems, s.cycles()...)
	SortProblems(problems)
	return problems
}

func (s *Set) checkInput(at place, script *Script, p Port) []Problem {
	var problems []Problem
	for _, name := range p.From {
		from := s.Find(name)
		if from == nil {
			hint := "the scripts are " + strings.Join(s.Names(), ", ")
			if near := experiment.Nearest(name, s.Names()); near != "" {
				hint = "did you mean from=" + near + ".go?"
			}
			problems = append(problems, at.problem(p.Line, p.Column, hint, "from=%s.go: there is no such script", name))
			continue
		}
		if !from.makes(p) {
			problems = append(problems, at.problem(p.Line, p.Column,
				"name it in the OUTPUT of "+from.Path+", or take from= out",
				"%s does not make %s", from.Path, p.what()))
		}
	}
	if len(p.From) > 0 || p.Builtin || p.Own || p.Flag != "" {
		return problems
	}
	hint := "add from=script.go, builtin, or own for a person's own file"
	for _, other := range s.Scripts {
		if other != script && other.Header != nil && other.makes(p) {
			hint = "add | from=" + other.Name + ".go"
			break
		}
	}
	return append(problems, at.problem(p.Line, p.Column, hint, "nobody makes the input %s", p.Path))
}

func (p Port) what() string {
	if p.Path != "" {
		return p.Path + " (" + string(p.Kind) + ")"
	}
	return string(p.Kind)
}

// makes reports whether the script has an output that fits the input p: of its
// kind, and at its path where both are fixed.
func (s *Script) makes(p Port) bool {
	if s.Header == nil {
		return false
	}
	for _, out := range s.Header.Outputs {
		if !out.Kind.Is(p.Kind) {
			continue
		}
		fixed := p.Path != "" && out.Path != "" && !p.InRun() && !out.InRun() && p.Flag == "" && out.Flag == ""
		if !fixed || out.Path == p.Path {
			return true
		}
	}
	return false
}

// needs returns the scripts without which script cannot run: an input that is
// optional, or that has a default which comes with cogumi, asks for none.
func (s *Set) needs(script *Script) []*Script {
	var list []*Script
	for _, p := range script.Header.Inputs {
		if p.Maybe || p.Builtin || p.Own {
			continue
		}
		for _, name := range p.From {
			if from := s.Find(name); from != nil && from.Header != nil && !slices.Contains(list, from) {
				list = append(list, from)
			}
		}
	}
	return list
}

// cycles finds scripts that wait for each other; each cycle is told once.
func (s *Set) cycles() []Problem {
	var problems []Problem
	const open, closed = 1, 2
	state := map[*Script]int{}
	var path []*Script
	var visit func(*Script)
	visit = func(script *Script) {
		state[script] = open
		path = append(path, script)
		for _, next := range s.needs(script) {
			switch state[next] {
			case open:
				problems = append(problems, cycleProblem(path[slices.Index(path, next):]))
			case 0:
				visit(next)
			}
		}
		path = path[:len(path)-1]
		state[script] = closed
	}
	for _, script := range s.Scripts {
		if script.Header != nil && state[script] == 0 {
			visit(script)
		}
	}
	return problems
}

func cycleProblem(loop []*Script) Problem {
	names := make([]string, 0, len(loop)+1)
	for _, script := range loop {
		names = append(names, script.Name)
	}
	names = append(names, loop[0].Name)
	first := loop[0]
	line, column := first.Header.at("INPUT")
	return newPlace(first.Path, first.Source).problem(line, column,
		"mark the input that the first round can do without as optional",
		"the scripts wait for each other: %s", strings.Join(names, " ← "))
}
