package cells

import (
	"go/format"
	"strings"
	"testing"

	"cogumi/runtime/script"
)

func TestOneLine(t *testing.T) {
	for _, test := range []struct{ src, want string }{
		{"x := 1", "x := 1"},
		{"func f(x int) int {\n\treturn x // twice\n}", "func f(x int) int { return x }"},
		{"if a {\n\tb()\n\tc()\n}", "if a { b(); c() }"},
		{"x := []int{\n\t1,\n\t2,\n}", "x := []int{ 1, 2, }"},
		{"s := `a\nb`", `s := "a\nb"`},
		{"// nothing\n", ""},
	} {
		if got := OneLine(test.src); got != test.want {
			t.Errorf("%q: %q, want %q", test.src, got, test.want)
		}
	}
}

func TestDefinitions(t *testing.T) {
	src := "// doc\npackage main\n\nimport \"fmt\"\n\nfunc main() {\n\tfmt.Println(f())\n}\n\nfunc f() int { return 7 }\n"
	got, err := Definitions("x.go", src)
	if err != nil || strings.Contains(got, "main") || strings.Count(got, "\n") != strings.Count(src, "\n") {
		t.Errorf("%v: %q", err, got)
	}
	if out := play(t, New(Options{}), got, "f()"); out[1] != "7" {
		t.Errorf("declared: %q", out)
	}
	if got, _ := Definitions("x", "x := 1\nx"); got != "x := 1\nx" {
		t.Errorf("pieces: %q", got)
	}
	if _, err := Definitions("x.go", "package main\nfunc {"); err == nil {
		t.Error("a file that is no Go is taken")
	}
}

// TestScript: what sessions save passes the checks, and says what it leaves out.
func TestScript(t *testing.T) {
	for _, test := range []struct {
		name   string
		pieces []string
		has    []string // lines of the script
	}{
		{"a variable of main", []string{"x := 1", "x := 2", "x + 1"}, []string{"x := 1", "x = 2", "fmt.Println(x + 1)"}},
		{"nobody reads it", []string{"x := 1"}, []string{"x := 1", "_ = x"}},
		{"a function uses it", []string{"x := 1", "func f() int { return x }", "f()"}, []string{"var x int", "x = 1", "func f() int { return x }"}},
		{"another type", []string{"x := 1", `x := fmt.Sprint(x, "!")`, "x"}, []string{"x1 := 1", `x := fmt.Sprint(x1, "!")`}},
		{"var again", []string{"var n int", "n++", "var n int", "n"}, []string{"var n1 int", "n1++", "var n int"}},
		{"var again among statements", []string{"n := 1; n++", "fmt.Print(); var n int", "n"}, []string{"n := 1", "n = *new(int)"}},
		{"package variables in their order", []string{"var a = b + 1\nvar b = 2", "a"}, []string{"var b = 2", "var a = b + 1"}},
		{"closures", []string{"x := 1", "f := func() int { return x }", "x := 2", "f() + x"}, []string{"x1 := 1", "f := func() int { return x1 }", "x := 2"}},
		{"the last declaration counts", []string{"func f() int { return 1 }", "func f() int { return 2 }", "f()"}, []string{"func f() int { return 2 }"}},
		{"what failed is not in it", []string{"x := 1", `panic("no")`, "x"}, []string{"x := 1"}},
		{"generics and methods", []string{"type S[T any] struct{ v []T }", "func (s *S[T]) Push(x T) { s.v = append(s.v, x) }", "var s S[int]", "s.Push(3)", "s.v"}, []string{"s.Push(3)", "fmt.Println(s.v)"}},
		{"imports of its own", []string{`import str "strings"`, `str.ToUpper("a")`}, []string{`str "strings"`}},
		{"comments", []string{"// why\nx := 1\nx"}, []string{"// why"}},
		{"what is gone is named", []string{"x := 1", "func f() int { return x }", "f()", `x := "s"`}, []string{`// Left out: f() of piece In[3] (undefined: f).`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := New(Options{})
			play(t, s, test.pieces...)
			text, err := s.Script("saved.go")
			if err != nil {
				t.Fatal(err)
			}
			if wrong := script.Check("saved.go", []byte(text)); len(wrong) > 0 {
				t.Errorf("%s\n%s", wrong[0], text)
			}
			if b, err := format.Source([]byte(text)); err != nil || string(b) != text {
				t.Errorf("not formatted: %v", err)
			}
			lines := strings.Split(text, "\n")
			for i := range lines {
				lines[i] = strings.TrimSpace(lines[i])
			}
			for _, want := range test.has {
				found := false
				for _, l := range lines {
					found = found || l == want
				}
				if !found {
					t.Errorf("no line %q in\n%s", want, text)
				}
			}
		})
	}
	if _, err := New(Options{}).Script("x.go"); err != ErrNothing {
		t.Errorf("an empty session: %v", err)
	}
}

// FuzzPieces: any text is split, put on one line and completed without harm.
func FuzzPieces(f *testing.F) {
	for _, src := range []string{"x := 1", "func f() {\n}", "s := `a\nb`", "a.b(c)[1].d", `os.Open("/tm`, "}", "/* ", "?x", "x :=\n"} {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		chunks, _ := split(src)
		end := 0
		for _, c := range chunks {
			if c.start < end || c.end < c.start || c.end > len(src) {
				t.Fatalf("%q: chunk %d-%d after %d", src, c.start, c.end, end)
			}
			end = c.end
		}
		if line := OneLine(src); strings.Contains(src, "\n") && strings.Contains(line, "\n") {
			t.Fatalf("%q is not one line: %q", src, line)
		}
		if chain, begin := lastChain(src); begin < 0 || begin+len(chain) != len(src) {
			t.Fatalf("%q: chain %q at %d", src, chain, begin)
		}
		openString(src)
		_, _ = Definitions("x.go", src)
	})
}
