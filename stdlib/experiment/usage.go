package experiment

import (
	"fmt"
	"strings"

	"cogumi/stdlib/experiment/machine"
	"cogumi/stdlib/experiment/source"
)

// usage answers --help and refuses flags that the script does not have.
func (r *Run) usage() error {
	for _, a := range r.flags.args {
		if a == "--" {
			break
		}
		if a == "-h" || a == "--help" {
			return errHelp
		}
	}
	return r.flags.unknown()
}

// Usage is the help text of a script: its header and its flags. nil is a script
// whose source is not known.
func Usage(s *source.Script) string {
	if s == nil {
		return "The script's source is not there: its flags are not known.\n"
	}
	var b strings.Builder
	if h := s.Header(); h != "" {
		b.WriteString(h + "\n\n")
	}
	flags, _ := s.Flags()
	if len(flags) == 0 {
		b.WriteString("This script has no flags.\n")
		return b.String()
	}
	b.WriteString("Flags:\n")
	wide := 0
	left := make([]string, len(flags))
	for i, f := range flags {
		left[i] = "  --" + f.Name
		if f.Kind != "bool" {
			left[i] += " " + f.Kind
		}
		wide = max(wide, len(left[i]))
	}
	for i, f := range flags {
		fmt.Fprintf(&b, "%-*s  %s", wide, left[i], f.Usage)
		if f.Default != "" && f.Default != "false" && !machine.Secret(f.Name) {
			fmt.Fprintf(&b, " (default %s)", f.Default)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
