package experiment

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"cogumi/reports/run"
	"cogumi/stdlib/experiment/machine"
	"cogumi/stdlib/experiment/source"
)

// flagSet are the arguments of a script. Flags are known one by one, as the
// script asks for them; its source tells all of them earlier.
type flagSet struct {
	mu       sync.Mutex
	args     []string
	known    []source.Flag
	complete bool // known are all of them
	bools    map[string]bool
	taken    []bool // args that a flag used
	values   map[string]string
}

func newFlagSet(args []string, script *source.Script) *flagSet {
	f := &flagSet{args: args, taken: make([]bool, len(args)), bools: map[string]bool{}, values: map[string]string{}}
	if script != nil {
		f.known, f.complete = script.Flags()
	}
	for _, k := range f.known {
		f.bools[k.Name] = k.Kind == "bool"
	}
	return f
}

// lookup finds the last value given for a flag.
func (f *flagSet) lookup(name string, isBool bool) (value string, given bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.bools == nil {
		f.bools = map[string]bool{}
	}
	f.bools[name] = isBool
	for i := 0; i < len(f.args) && f.args[i] != "--"; i++ {
		n, v, has, ok := source.SplitFlag(f.args[i])
		if !ok || n != name {
			continue
		}
		f.taken[i] = true
		switch {
		case has:
			value = v
		case isBool:
			value = "true"
		default:
			if i+1 == len(f.args) || f.args[i+1] == "--" || isFlag(f.args[i+1]) {
				return "", true, f.err(name, "needs a value", "write --"+name+" VALUE or --"+name+"=VALUE")
			}
			f.taken[i+1] = true
			value = f.args[i+1]
		}
		given = true
	}
	return value, given, nil
}

func isFlag(arg string) bool { _, _, _, ok := source.SplitFlag(arg); return ok }

func (f *flagSet) err(name, what, hint string) error {
	return WithCode(Hint(fmt.Errorf("flag --%s %s", name, what), hint), 2)
}

// unknown names a given flag that the script does not define.
func (f *flagSet) unknown() error {
	if !f.complete {
		return nil
	}
	var names []string
	for _, k := range f.known {
		names = append(names, k.Name)
	}
	for _, arg := range f.args {
		if arg == "--" {
			break
		}
		name, _, _, ok := source.SplitFlag(arg)
		if !ok || slices.Contains(names, name) {
			continue
		}
		hint := "this script has no flags"
		if near := Nearest(name, names); near != "" {
			hint = "did you mean --" + near + "?"
		} else if len(names) > 0 {
			hint = "flags of this script: --" + strings.Join(names, ", --")
		}
		return f.err(name, "is not known to this script", hint)
	}
	return nil
}

// unread names given flags that the script never asked for.
func (f *flagSet) unread() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var names []string
	for i, arg := range f.args {
		if arg == "--" {
			break
		}
		if name, _, _, ok := source.SplitFlag(arg); ok && !f.taken[i] {
			names = append(names, name)
		}
	}
	return names
}

// positional are the arguments that are no flags and no values of flags.
func (f *flagSet) positional() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := []string{}
	for i := 0; i < len(f.args); i++ {
		if f.args[i] == "--" {
			return append(list, f.args[i+1:]...)
		}
		name, _, has, ok := source.SplitFlag(f.args[i])
		isBool, known := f.bools[name]
		switch {
		case ok && !has && known && !isBool:
			i++ // its value
		case !ok:
			list = append(list, f.args[i])
		}
	}
	return list
}

// String is the value of flag --name, def when it is not given.
func (r *Run) String(name, def, usage string) string {
	return flagValue(r, name, def, usage, "text", false, func(s string) (string, error) { return s, nil })
}

// Int is the value of flag --name. Thousands may be written as 1_000.
func (r *Run) Int(name string, def int, usage string) int {
	return flagValue(r, name, def, usage, "a whole number, for example 100", false, func(s string) (int, error) {
		return strconv.Atoi(strings.ReplaceAll(s, "_", ""))
	})
}

// Float is the value of flag --name.
func (r *Run) Float(name string, def float64, usage string) float64 {
	return flagValue(r, name, def, usage, "a number, for example 0.5 or 2e-4", false, func(s string) (float64, error) {
		return strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64)
	})
}

// Bool is the value of flag --name: --name and --name=true set it, --name=false
// clears it.
func (r *Run) Bool(name string, def bool, usage string) bool {
	return flagValue(r, name, def, usage, "true or false", true, strconv.ParseBool)
}

// Args are the arguments that are no flags.
func (r *Run) Args() []string { return r.flags.positional() }

func flagValue[T any](r *Run, name string, def T, usage, wants string, isBool bool, parse func(string) (T, error)) T {
	v := def
	text, given, err := r.flags.lookup(name, isBool)
	if err == nil && given {
		if v, err = parse(text); err != nil {
			shown := machine.RedactValue(name, text)
			err = r.flags.err(name, fmt.Sprintf("is %q, which is not %s", shown, strings.SplitN(wants, ",", 2)[0]), "give "+wants)
		}
	}
	if err != nil {
		r.stop(err)
	}
	r.setParam(run.Param{Name: name, Value: machine.RedactValue(name, fmt.Sprint(v)), Default: machine.RedactValue(name, fmt.Sprint(def)), Usage: usage}, fmt.Sprint(v))
	return v
}

// setParam records a flag once, in the order of the first use.
func (r *Run) setParam(p run.Param, value string) {
	r.flags.mu.Lock()
	if r.flags.values == nil {
		r.flags.values = map[string]string{}
	}
	r.flags.values[p.Name] = value
	r.flags.mu.Unlock()
	r.change(func(c *infoChanges) {
		i := slices.IndexFunc(c.params, func(q run.Param) bool { return q.Name == p.Name })
		// The slice may be on its way to disk: never change it in place.
		c.params = slices.Clone(c.params)
		if i < 0 {
			c.params = append(c.params, p)
		} else {
			c.params[i] = p
		}
	})
}

// value is a flag as it stands, for keys of steps: also of one not read yet.
func (f *flagSet) value(name string) string {
	f.mu.Lock()
	v, ok := f.values[name]
	isBool := f.bools[name]
	f.mu.Unlock()
	if ok {
		return v
	}
	if v, given, err := f.lookup(name, isBool); given && err == nil {
		return v
	}
	return "default"
}
