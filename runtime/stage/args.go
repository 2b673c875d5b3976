package stage

import (
	"fmt"
	"strconv"
	"strings"

	"cogumi/stdlib/experiment"
	"cogumi/stdlib/experiment/source"
)

// ArgError is a wrong flag on a script's command line.
type ArgError struct {
	Message string
	Hint    string
}

func (e *ArgError) Error() string { return e.Message }

// Values are a script's flags as given, and its positional arguments.
type Values struct {
	Given map[string]string
	Rest  []string
}

// Get returns the flag's value, or its default where it is not given.
func (v Values) Get(s *Script, name string) string {
	if value, ok := v.Given[name]; ok {
		return value
	}
	if f := s.Flag(name); f != nil && f.HasDefault {
		return f.Default
	}
	return ""
}

// ReadArgs reads "--name v", "--name=v", "--bool" and positional arguments as
// the script's run will. What follows "--" is positional. Unknown flags are
// errors unless the script computes its flags' names.
func (s *Script) ReadArgs(args []string) (Values, error) {
	v := Values{Given: map[string]string{}}
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			v.Rest = append(v.Rest, args[i+1:]...)
			break
		}
		name, value, given, isFlag := source.SplitFlag(arg)
		if !isFlag {
			v.Rest = append(v.Rest, arg)
			continue
		}
		f := s.Flag(name)
		if f == nil {
			if s.DynamicFlags {
				continue
			}
			return v, s.unknownFlag(name)
		}
		if !given {
			switch {
			case f.Kind == "bool":
				value = "true"
			case i+1 < len(args) && !startsFlag(args[i+1]):
				i++
				value = args[i]
			default:
				return v, &ArgError{"--" + name + " needs a value", "write --" + name + " " + f.Meta()}
			}
		}
		if err := checkValue(f, value); err != nil {
			return v, err
		}
		v.Given[name] = value
	}
	return v, nil
}

func startsFlag(arg string) bool {
	_, _, _, isFlag := source.SplitFlag(arg)
	return isFlag || arg == "--"
}

func (s *Script) unknownFlag(name string) error {
	hint := "its flags are in: cogumi run " + s.Name + " --help"
	if near := experiment.Nearest(name, s.flagNames()); near != "" {
		hint = "did you mean --" + near + "?"
	}
	return &ArgError{fmt.Sprintf("%s has no flag --%s", s.Name, name), hint}
}

func checkValue(f *Flag, value string) error {
	var err error
	what := ""
	switch f.Kind {
	case "int":
		_, err = strconv.Atoi(strings.ReplaceAll(value, "_", ""))
		what = "a whole number"
	case "float":
		_, err = strconv.ParseFloat(strings.ReplaceAll(value, "_", ""), 64)
		what = "a number"
	case "bool":
		_, err = strconv.ParseBool(value)
		what = "true or false"
	}
	if err != nil {
		return &ArgError{fmt.Sprintf("--%s %s: not %s", f.Name, value, what), ""}
	}
	return nil
}
