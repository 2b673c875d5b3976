package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"cogumi/reports/run"
	"cogumi/runtime/stage"
)

func TestMain(m *testing.M) {
	// A run starts the program that it is itself: here, the test binary.
	if len(os.Args) > 1 && os.Args[1] == childCommand {
		os.Exit(Main(os.Args[1:], ownSource()))
	}
	if os.Getenv(envEscape) != "" {
		os.Exit(Main(os.Args[1:], ownSource()))
	}
	testscript.Main(m, map[string]func(){
		"cogumi": func() { os.Exit(Main(os.Args[1:], ownSource())) },
	})
}

// envEscape makes the test binary cogumi itself.
const envEscape = "COGUMI_TEST_AS_ITSELF"

// ownSource is the module's root, seen from this file.
func ownSource() fs.FS {
	_, file, _, _ := runtime.Caller(0)
	return os.DirFS(filepath.Join(filepath.Dir(file), "..", ".."))
}

// TestScripts runs testdata/*.txtar. Beyond testscript's own commands they have
//
//	exits CODE cogumi …   the command ends with exactly that code
//	waitfor FILE TEXT     until a file of this name, which may hold *, has the text
//	json FILE PATH VALUE  the value at a path like runs.0.state; VALUE may end in *
//	newest                copies the newest run's run.json to run.json
//	keep FILE PREFIX VAR  what follows PREFIX in the first line that begins with it
//	adapter, shards, truncate: see try_test.go
func TestScripts(t *testing.T) { testscript.Run(t, scriptParams("testdata")) }

// scriptParams runs the scripts of a folder, each with a home of its own.
func scriptParams(dir string) testscript.Params {
	return testscript.Params{
		Dir: dir,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			source, err := filepath.Abs(root)
			if err != nil {
				return err
			}
			env.Setenv("SOURCE", source) // of cogumi: the binary carries it, tests read it
			env.Setenv("XDG_CONFIG_HOME", filepath.Join(env.WorkDir, ".config"))
			env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, ".cache"))
			for _, name := range []string{"COGUMI_RUNS", envPrice, envBudget, "COGUMI_CACHE", "HF_HOME", "HF_TOKEN", "HF_HUB_CACHE", "HF_HUB_OFFLINE"} {
				env.Setenv(name, "")
			}
			for name, value := range goSettings() {
				env.Setenv(name, value)
			}
			env.Setenv("HF_ENDPOINT", startHub(env.Defer))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "waitfor": waitFor, "json": jsonValue, "newest": newest,
			"keep": keepLine, "adapter": makeAdapter, "shards": makeShards, "truncate": cutFile,
		},
	}
}

// goSettings are where the go command keeps what it has, which it would look for
// below the test's own HOME.
var goSettings = sync.OnceValue(func() map[string]string {
	settings := map[string]string{}
	out, err := exec.Command("go", "env", "-json", "GOCACHE", "GOMODCACHE", "GOPROXY", "GOSUMDB").Output()
	if err == nil {
		err = json.Unmarshal(out, &settings)
	}
	if err != nil {
		return nil
	}
	return settings
})

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE command…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func keepLine(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: keep FILE PREFIX VAR")
	}
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		if rest, ok := strings.CutPrefix(line, args[1]); ok {
			ts.Setenv(args[2], strings.TrimSpace(rest))
			return
		}
	}
	ts.Fatalf("no line of %s begins with %q", args[0], args[1])
}

func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: waitfor FILE TEXT")
	}
	for range 1000 {
		paths, _ := filepath.Glob(ts.MkAbs(args[0]))
		for _, path := range paths {
			if b, err := os.ReadFile(path); err == nil && strings.Contains(string(b), args[1]) {
				return
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("%s never had %q", args[0], args[1])
}

func newest(ts *testscript.TestScript, neg bool, args []string) {
	paths, err := filepath.Glob(ts.MkAbs("runs/*/run.json"))
	ts.Check(err)
	if neg || len(args) > 0 || len(paths) == 0 {
		ts.Fatalf("%d runs", len(paths))
	}
	var last run.Info
	var text []byte
	for _, path := range paths { // an id has the second only
		b, err := os.ReadFile(path)
		ts.Check(err)
		var info run.Info
		ts.Check(json.Unmarshal(b, &info))
		if info.Started.After(last.Started) {
			last, text = info, b
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs("run.json"), text, 0o644))
}

func jsonValue(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: json FILE PATH VALUE")
	}
	var v any
	if err := json.Unmarshal([]byte(ts.ReadFile(args[0])), &v); err != nil {
		ts.Fatalf("not one JSON value: %v", err)
	}
	for _, key := range strings.Split(args[1], ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i >= len(at) {
				ts.Fatalf("no %s in a list of %d", key, len(at))
			}
			v = at[i]
		default:
			ts.Fatalf("no %s in %v", key, v)
		}
	}
	got := fmt.Sprint(v)
	if ok := got == args[2] || strings.HasSuffix(args[2], "*") && strings.HasPrefix(got, strings.TrimSuffix(args[2], "*")); ok == neg {
		ts.Fatalf("%s is %q", args[1], got)
	}
}

func TestDuration(t *testing.T) {
	for s, want := range map[float64]string{
		0: "0 ms", 0.0304: "30 ms", 0.9999: "1 s", 9.94: "9.9 s", 9.96: "10 s", 59.4: "59 s", 59.6: "1 min",
		119.7: "2 min", 185: "3 min 5 s", 3599.4: "59 min 59 s", 3599.8: "1 h", 7800: "2 h 10 min", 86399: "1 d", 273600: "3 d 4 h",
	} {
		if got := duration(s); got != want {
			t.Errorf("%v s is %q, want %q", s, got, want)
		}
	}
}

func TestHeadline(t *testing.T) {
	for result, want := range map[string]string{
		``:                                 "",
		`null`:                             "",
		`3.5`:                              "3.5",
		`{"b": 2, "a": "x", "c": {"d":1}}`: "a x, b 2",
		`{"base": {"n": 600, "accuracy": 0.727}, "tuned": {"n": 600, "accuracy": 0.852}, "regressions": [{}, {}]}`: "72.7 → 85.2 % (n 600), 2 worse",
	} {
		if got := headline(json.RawMessage(result)); got != want {
			t.Errorf("%s is %q, want %q", result, got, want)
		}
	}
}

func TestShellQuote(t *testing.T) {
	for word, want := range map[string]string{"a-b/c.go": "a-b/c.go", "": "''", "a b": "'a b'", "it's": `'it'\''s'`, "$x": "'$x'"} {
		if got := shellQuote(word); got != want {
			t.Errorf("%s is %s, want %s", word, got, want)
		}
	}
}

func TestMoneyIsNeverNothing(t *testing.T) {
	if got := money(0.0001); got != "less than $0.01" {
		t.Errorf("a hundredth of a cent is %s", got)
	}
}

func TestPrintable(t *testing.T) {
	if got := printable("a\x1b[31mb\u009bc\td"); strings.ContainsAny(got, "\x1b\u009b") || !strings.Contains(got, "\t") {
		t.Errorf("%q can steer a terminal", got)
	}
}

// FuzzRunLine: whatever stands on the line of a run, every argument ends up in
// one place, in order.
func FuzzRunLine(f *testing.F) {
	f.Add("--json x --seed 3 -q -- --json")
	f.Add("--runs")
	f.Add("--runs=a x --pool --json")
	f.Add("-q=3 x")
	f.Fuzz(func(t *testing.T, text string) {
		args := strings.Fields(text)
		l := splitName(args)
		if l.err != nil || l.name == "" {
			return
		}
		s := &stage.Script{Flags: []stage.Flag{{Name: "pool", Kind: "string"}, {Name: "fast", Kind: "bool"}}}
		if l.splitRest(s) != nil {
			return
		}
		rest := l.rest
		for _, arg := range l.script {
			i := slices.Index(rest, arg)
			if i < 0 {
				t.Fatalf("%q is not on the line %q", arg, text)
			}
			rest = rest[i+1:]
		}
		if i := slices.Index(l.rest, "--"); i >= 0 && len(l.script) < len(l.rest[i:]) {
			t.Errorf("what follows -- in %q was taken: %q", text, l.script)
		}
	})
}
