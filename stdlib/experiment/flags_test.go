package experiment

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"cogumi/stdlib/experiment/source"
)

func flagRun(t *testing.T, script string, args ...string) *Run {
	t.Helper()
	r := newRun()
	r.con = newConsole(nil)
	r.con.quiet = true
	var s *source.Script
	if script != "" {
		var err error
		if s, err = source.Parse("x.go", []byte("package main\nimport \"cogumi/stdlib/experiment\"\nvar x = experiment.Start()\nfunc main() {"+script+"}")); err != nil {
			t.Fatal(err)
		}
	}
	r.flags = newFlagSet(args, s)
	return r
}

func TestFlagValues(t *testing.T) {
	r := flagRun(t, "", "one", "--rows", "1_000", "-lr=2e-4", "--deep", "--offset", "-5", "--name", "", "--quiet=false", "two", "--rows=7", "--", "--rows", "9")
	if n := r.Int("rows", 1, ""); n != 7 {
		t.Errorf("rows %d: the last one counts", n)
	}
	if v := r.Float("lr", 1, ""); v != 2e-4 {
		t.Errorf("lr %v", v)
	}
	if !r.Bool("deep", false, "") || r.Bool("quiet", true, "") || !r.Bool("other", true, "") {
		t.Error("bools")
	}
	if n := r.Int("offset", 1, ""); n != -5 {
		t.Errorf("offset %d", n)
	}
	if s := r.String("name", "x", ""); s != "" {
		t.Errorf("name %q", s)
	}
	if s := r.String("absent", "default", ""); s != "default" {
		t.Errorf("absent %q", s)
	}
	if got := r.Args(); !slices.Equal(got, []string{"one", "two", "--rows", "9"}) {
		t.Errorf("args %q", got)
	}
	if got := r.flags.unread(); len(got) != 0 {
		t.Errorf("unread %q", got)
	}
	var names []string
	for _, p := range r.info.params {
		names = append(names, p.Name+"="+p.Value+"/"+p.Default)
	}
	if got := strings.Join(names, " "); got != "rows=7/1 lr=0.0002/1 deep=true/false quiet=false/true other=true/true offset=-5/1 name=/x absent=default/default" {
		t.Errorf("params %s", got)
	}
}

func TestWrongFlags(t *testing.T) {
	for _, c := range []struct {
		args          []string
		use           func(*Run)
		message, hint string
	}{
		{[]string{"--rows", "many"}, func(r *Run) { r.Int("rows", 1, "") }, `flag --rows is "many", which is not a whole number`, "for example 100"},
		{[]string{"--rows=1.5"}, func(r *Run) { r.Int("rows", 1, "") }, `flag --rows is "1.5", which is not a whole number`, ""},
		{[]string{"--lr", "fast"}, func(r *Run) { r.Float("lr", 1, "") }, `flag --lr is "fast", which is not a number`, "2e-4"},
		{[]string{"--deep=perhaps"}, func(r *Run) { r.Bool("deep", false, "") }, `flag --deep is "perhaps", which is not true or false`, ""},
		{[]string{"--rows"}, func(r *Run) { r.Int("rows", 1, "") }, "flag --rows needs a value", "--rows=VALUE"},
		{[]string{"--rows", "--deep"}, func(r *Run) { r.Int("rows", 1, "") }, "flag --rows needs a value", ""},
		{[]string{"--rows", "--"}, func(r *Run) { r.Int("rows", 1, "") }, "flag --rows needs a value", ""},
		{[]string{"--rows=99999999999999999999"}, func(r *Run) { r.Int("rows", 1, "") }, "not a whole number", ""},
	} {
		r := flagRun(t, "", c.args...)
		func() {
			defer func() {
				s, ok := recover().(*Stopped)
				if !ok || !strings.Contains(s.Error(), c.message) || !strings.Contains(HintOf(s), c.hint) || ExitCode(s) != 2 {
					t.Errorf("%q: %v, hint %q, code %d", c.args, s, HintOf(s), ExitCode(s))
				}
			}()
			c.use(r)
		}()
	}
}

func TestASecretIsNotRecorded(t *testing.T) {
	r := flagRun(t, "", "--api-key", "sk-123", "--api-token=oops")
	if r.String("api-key", "", "") != "sk-123" {
		t.Error("the script does not get it")
	}
	if p := r.info.params[0]; strings.Contains(p.Value, "sk-") {
		t.Errorf("recorded: %+v", p)
	}
	defer func() {
		if s := recover().(*Stopped); strings.Contains(s.Error(), "oops") {
			t.Errorf("shown: %v", s)
		}
	}()
	r.Int("api-token", 1, "")
}

func TestUnknownFlags(t *testing.T) {
	const script = `x.Int("rows", 1, ""); x.Bool("deep", false, ""); x.String("pool", "", "")`
	for _, c := range []struct{ script, arg, hint string }{
		{script, "--rwos=3", "did you mean --rows?"},
		{script, "--epool", "did you mean --pool?"},
		{script, "--learning-rate=1", "flags of this script: --rows, --deep, --pool"},
		{"", "--rows", ""}, // source without flags
	} {
		r := flagRun(t, c.script+" ", c.arg)
		err := r.usage()
		if err == nil || !strings.Contains(HintOf(err), c.hint) || exitCode(err) != 2 {
			t.Errorf("%s: %v, hint %q", c.arg, err, HintOf(err))
		}
	}
	for _, args := range [][]string{{"--rows", "3", "--deep"}, {"--", "--other"}, {"-5", "-"}, {}} {
		if err := flagRun(t, script, args...).usage(); err != nil {
			t.Errorf("%q: %v", args, err)
		}
	}
	if err := flagRun(t, `x.Int(name(), 1, "")`, "--other").usage(); err != nil {
		t.Errorf("a script whose flags are not all known: %v", err)
	}
	if err := flagRun(t, script, "--help").usage(); !errors.Is(err, errHelp) {
		t.Errorf("--help: %v", err)
	}
	r := flagRun(t, `x.Int(name(), 1, "")`, "--other", "--rows=1")
	r.Int("rows", 1, "")
	if got := r.flags.unread(); !slices.Equal(got, []string{"other"}) {
		t.Errorf("unread %q", got)
	}
}

func TestNearest(t *testing.T) {
	names := []string{"rows", "pool", "learning-rate", "lr"}
	for in, want := range map[string]string{"row": "rows", "rwos": "rows", "POOL": "pool", "learning_rate": "learning-rate", "lr2": "lr", "something": "", "zzzz": ""} {
		if got := Nearest(in, names); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", in, got, want)
		}
	}
	for _, c := range []struct {
		a, b string
		d    int
	}{{"", "", 0}, {"a", "", 1}, {"abc", "acb", 1}, {"kitten", "sitting", 3}} {
		if d := distance(c.a, c.b); d != c.d {
			t.Errorf("distance(%q, %q) = %d", c.a, c.b, d)
		}
	}
}

func FuzzFlags(f *testing.F) {
	f.Add("--rows\x003\x00--deep\x00x", "rows")
	f.Add("--\x00--rows", "rows")
	f.Add("-\x00--=\x00---x=--y", "x")
	f.Fuzz(func(t *testing.T, joined, name string) {
		args := strings.Split(joined, "\x00")
		set := newFlagSet(args, nil)
		for _, isBool := range []bool{true, false} {
			if _, given, err := set.lookup(name, isBool); err != nil && !given {
				t.Errorf("an error for a flag that is not there: %v", err)
			}
		}
		if len(set.positional()) > len(args) || len(set.unread()) > len(args) {
			t.Error("more than there was")
		}
	})
}
