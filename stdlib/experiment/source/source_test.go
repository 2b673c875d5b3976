package source

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

const script = `//go:build ignore

// PURPOSE: try
// TIME: seconds

package main

import (
	"os"
	"strings"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
)

const limit = 3

const (
	first = iota
	second
)

const unused = 1

var table = map[string]int{"a": 1}

type pair struct{ left, right int }

func (p pair) sum() int { return p.left + p.right + limit }

type other struct{}

func (other) nothing() {}

func main() {
	x := experiment.Start()
	defer x.Finish()
	rows := x.Int("rows", 100, "how many rows")
	name := strings.ToUpper("abc")
	pool := dataset.MustRead(x.String("pool", "tinyworld/pool", "problems"))
	seed := 7
	doubled := rows * 2
	x.Step("a", nil, nil, func(dir string) {
		// a comment
		help(dir, doubled)
	})
	x.Step("b", []string{pool.Hash()}, seed, func(dir string) {
		_ = pool.Len() + seed
		_ = name
	})
	x.Step("c", nil, nil, func(dir string) { _ = pool; _ = second })
	x.Step("d", nil, nil, named)
	for i := range 3 {
		x.Step("e", nil, nil, func(dir string) { _ = i })
	}
	x.Step("f", nil, nil, func(dir string) { _ = x.Bool("deep", false, "x"); x.Logf("f") })
}

func help(dir string, n int) {
	p := pair{n, 2}
	_ = os.WriteFile(dir, []byte{byte(p.sum())}, 0o644)
}

func named(dir string) { _ = table["a"] }

func init() { table["b"] = 2 }

func inside(x *experiment.Run, n int, m int) {
	x.Step("g", nil, m, func(dir string) { x.Logf("%d %d", n, m) })
}
`

func parse(t *testing.T, text string) *Script {
	t.Helper()
	s, err := Parse("x.go", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWhatAStepDependsOn(t *testing.T) {
	s := parse(t, script)
	for _, c := range []struct {
		step    string
		parts   []string
		flags   []string
		outside []string
	}{
		{"a", []string{"captured doubled", "captured rows", "const limit", "func", "func help", "func pair.sum", "type pair"}, []string{"rows"}, nil},
		{"b", []string{"captured name", "func"}, nil, nil},
		{"c", []string{"captured pool", "const second", "func"}, []string{"pool"}, []string{"pool"}},
		{"d", []string{"func", "func named", "var table"}, nil, nil},
		{"e", []string{"captured i", "func"}, nil, []string{"i"}},
		{"f", []string{"func"}, []string{"deep"}, nil},
		{"g", []string{"func"}, nil, []string{"n"}},
	} {
		got := s.Step(c.step)
		if parts := slices.Sorted(maps.Keys(got.Parts)); !slices.Equal(parts, c.parts) {
			t.Errorf("step %s: parts %q\nwant %q", c.step, parts, c.parts)
		}
		if !slices.Equal(got.Flags, c.flags) || !slices.Equal(got.Outside, c.outside) {
			t.Errorf("step %s: flags %q, outside %q; want %q, %q", c.step, got.Flags, got.Outside, c.flags, c.outside)
		}
	}
}

// TestWhatChangesAStep edits the script: the steps named must change, all others
// must not.
func TestWhatChangesAStep(t *testing.T) {
	before := parse(t, script)
	for _, c := range []struct{ name, old, new, changed string }{
		{"a comment", "// a comment", "// other words", ""},
		{"layout", "help(dir, doubled)", "help(\n\n\tdir,\n\tdoubled,\n)", ""},
		{"its own text", "help(dir, doubled)", "help(dir, doubled+1)", "a"},
		{"a called function", "p := pair{n, 2}", "p := pair{n, 3}", "a"},
		{"a method of a used type", "p.left + p.right", "p.left - p.right", "a"},
		{"a constant used by it", "limit = 3", "limit = 4", "a"},
		{"a type", "left, right int", "left, right int64", "a"},
		{"a constant nobody uses", "unused = 1", "unused = 2", ""},
		{"a type nobody uses", "func (other) nothing() {}", "func (other) nothing() { println() }", ""},
		{"iota above", "first = iota", "first = iota + 1", "c"},
		{"a package variable", `"a": 1`, `"a": 2`, "d"},
		{"an assignment to it elsewhere", `table["b"] = 2`, `table["b"] = 3`, "d"},
		{"a captured value", `ToUpper("abc")`, `ToUpper("abd")`, "b"},
		{"a captured sum", "rows * 2", "rows * 3", "a"},
		{"a value that is in params", "seed := 7", "seed := 8", ""},
		{"another flag's default", `"rows", 100`, `"rows", 101`, "a"},
		{"code around the steps", "defer x.Finish()", "defer x.Finish()\n\tprintln(1)", ""},
	} {
		if !strings.Contains(script, c.old) {
			t.Fatalf("%s: the script has no %q", c.name, c.old)
		}
		after := parse(t, strings.Replace(script, c.old, c.new, 1))
		for _, step := range before.Steps() {
			same := maps.Equal(before.Step(step).Parts, after.Step(step).Parts)
			if want := !strings.Contains(c.changed, step); same != want {
				t.Errorf("%s: step %s same: %v, want %v\n%v\n%v", c.name, step, same, want, before.Step(step).Parts, after.Step(step).Parts)
			}
		}
	}
}

func TestStepWithoutAWrittenName(t *testing.T) {
	s := parse(t, script)
	got := s.Step("made up")
	if len(got.Parts) != 1 || got.Parts["script"] == "" || !slices.Equal(got.Flags, []string{"rows", "pool", "deep"}) {
		t.Errorf("%+v", got)
	}
	edited := parse(t, strings.Replace(script, "unused = 1", "unused = 2", 1))
	if edited.Step("made up").Parts["script"] == got.Parts["script"] {
		t.Error("the whole script counts, and did not")
	}
}

// TestSameNameTwice: both calls count, because either may be meant.
func TestSameNameTwice(t *testing.T) {
	two := `package main
func main() {
	x.Step("a", nil, nil, func(dir string) { println(1) })
	x.Step("a", nil, nil, func(dir string) { println(2) })
}`
	a := parse(t, two).Step("a").Parts["func"]
	for _, edit := range []string{"println(1)", "println(2)"} {
		if b := parse(t, strings.Replace(two, edit, "println(3)", 1)).Step("a").Parts["func"]; a == b {
			t.Errorf("an edit of %s went unseen", edit)
		}
	}
}

func TestRecursionEnds(t *testing.T) {
	s := parse(t, `package main
func even(n int) bool { return n == 0 || odd(n-1) }
func odd(n int) bool { return n != 0 && even(n-1) }
type list[T any] struct { next *list[T]; v T }
func (l *list[T]) len() int { if l == nil { return 0 }; return 1 + l.next.len() }
func main() { x.Step("a", nil, nil, func(dir string) { even(3); var l *list[int]; l.len() }) }`)
	got := slices.Sorted(maps.Keys(s.Step("a").Parts))
	if len(got) != 5 {
		t.Errorf("%q", got)
	}
}

func TestFlags(t *testing.T) {
	s := parse(t, `package main
import "flag"
import "cogumi/stdlib/experiment"
const poolFlag = "po" + "ol"
const many = 500
type mine struct{}
type held struct{ run *experiment.Run }
func (mine) Int(a string, b int, c string) int { return b }
func main() {
	x := experiment.Start()
	_ = x.String(poolFlag, "tiny" + "world", "problems")
	_ = x.Int("rows", many, "rows")
	_ = x.Float("lr", -2e-4, "rate")
	_ = x.Bool("deep", true, "more")
	_ = x.Int("rows", 7, "again")
	_ = flag.String("not", "this", "one")
	_ = mine{}.Int("nor", 1, "this")
	h := held{x}
	_ = h.run.Bool("field", false, "through a field")
	_ = x.String("computed", def(), "x")
}
func def() string { return "x" }`)
	got, complete := s.Flags()
	want := []Flag{
		{"pool", "string", "tinyworld", true, "problems", 11, 15}, {"rows", "int", "500", true, "rows", 12, 12},
		{"lr", "float", "-2e-4", true, "rate", 13, 14}, {"deep", "bool", "true", true, "more", 14, 13},
		{"field", "bool", "false", true, "through a field", 19, 17}, {"computed", "string", "", false, "x", 20, 15},
	}
	if !slices.Equal(got, want) || !complete {
		t.Errorf("flags %+v\nwant  %+v\ncomplete %v", got, want, complete)
	}
	if _, complete := parse(t, `package main
import "cogumi/stdlib/experiment"
func main() { x := experiment.Start(); for _, n := range names { x.String(n, "", "") } }`).Flags(); complete {
		t.Error("a computed name counts as complete")
	}
}

func TestHeaderAndLine(t *testing.T) {
	s := parse(t, script)
	if got := s.Header(); got != "PURPOSE: try\nTIME: seconds" {
		t.Errorf("header %q", got)
	}
	if s.Line(1) != "//go:build ignore" || s.Line(0) != "" || s.Line(10000) != "" {
		t.Errorf("line 1 is %q", s.Line(1))
	}
}

func TestNormalText(t *testing.T) {
	same := [][2]string{
		{"f(a, b)", "f(\n\ta, // x\n\tb,\n)"},
		{"x := 1 /* y */ + 2", "x := 1 + 2"},
		{"if a { b() }", "if a {\n\n\tb()\n}"},
	}
	for _, c := range same {
		if normal([]byte(c[0])) != normal([]byte(c[1])) {
			t.Errorf("%q and %q differ", c[0], c[1])
		}
	}
	for _, c := range [][2]string{{"a b", "ab"}, {`"a b"`, `"a  b"`}, {"a\nb", "a b"}, {"f(a)", "f(b)"}, {"x = 1", "x == 1"}} {
		if normal([]byte(c[0])) == normal([]byte(c[1])) {
			t.Errorf("%q and %q are one", c[0], c[1])
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(script)
	f.Add("package main\nfunc main() { x.Step(\"a\", nil, nil, func(dir string) { main() }) }")
	f.Add("package main\nconst (a = iota; b)\nvar c, d = f()\ntype t = t\nfunc (t) m() {}")
	f.Add("package main\nfunc f[T any](x T) { x.Int(\"\", -y, z); for x.a = range x {} }")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse("x.go", []byte(text))
		if err != nil {
			return
		}
		s.Flags()
		s.Header()
		s.Line(3)
		for _, name := range append(s.Steps(), "none") {
			a, b := s.Step(name), s.Step(name)
			if !maps.Equal(a.Parts, b.Parts) || len(a.Parts) == 0 {
				t.Errorf("step %q: %v, then %v", name, a.Parts, b.Parts)
			}
		}
	})
}
