package cells

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDefer: a defer in a piece runs at the end of the session, as main's do, with
// the values that it had.
func TestDefer(t *testing.T) {
	s := New(Options{})
	got := play(t, s,
		"var log []string\nfunc note(a string, b ...int) { log = append(log, fmt.Sprint(a, b)) }",
		`n := 1; defer note("first", n); n = 2`,
		`defer func() { note("closure", n) }()`,
		`for i := range 2 { defer note("loop", i, n) }`,
		"type T struct{ name string }\nfunc (t T) Close() { note(t.name) }\nfunc pair() (string, int) { return \"pair\", n }",
		`v := T{"value"}; defer v.Close(); v.name = "changed"`,
		`defer note(pair())`,
		`c := make(chan int); defer close(c)`,
		`p := func(s string) { note(s) }; defer p("variable"); p = nil`,
		`defer func() { if r := recover(); r != nil { note(fmt.Sprint(r)) } }()`,
		`if n == 2 { defer panic("deferred panic") }`,
		`f := func() { defer note("inner"); note("before") }; f(); log`,
		"n = 7")
	for i, g := range got {
		want := ""
		if i == 11 {
			want = `["before[]" "inner[]"]`
		}
		if g != want {
			t.Errorf("piece %d: %q", i+1, g)
		}
	}
	failures := s.Finish(t.Context())
	if len(failures) != 1 || !strings.Contains(failures[0].Diagnostics[0].Message, "deferred panic") {
		t.Errorf("failures %+v", failures)
	}
	want := `["before[]" "inner[]" "variable[]" "pair[2]" "value[]" "loop[1 2]" "loop[0 2]" "closure[7]" "first[1]"]`
	if got := play(t, s, "log", "_, ok := <-c; ok"); got[0] != want || got[1] != "false" {
		t.Errorf("log\n%s\nnot\n%s; channel open: %s", got[0], want, got[1])
	}
	if again := s.Finish(t.Context()); again != nil {
		t.Errorf("twice: %+v", again)
	}
}

// TestReturn: a return ends the piece, and says that main would be over.
func TestReturn(t *testing.T) {
	s := New(Options{})
	for _, test := range []struct {
		src      string
		returned bool
	}{
		{"n := 1\nif n > 0 {\n\tn = 5\n\treturn\n}\nn = 9", true},
		{"if n > 5 { return }\nn++", false},
		{"func() { return }()", false},
		{"switch { case n == 6: return }", true},
		{"for { select { default: return } }", true},
		{"return", true},
	} {
		if out := s.Eval(t.Context(), "p", test.src, nil); out.Failed() || out.Returned != test.returned {
			t.Errorf("%s: %+v", test.src, out)
		}
	}
	if got := play(t, s, "n"); got[0] != "6" {
		t.Errorf("n is %s", got[0])
	}
}

// TestDeferInAProcess: at a reset and at the end.
func TestDeferInAProcess(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	h := begin(t)
	add := func(text string) string {
		return fmt.Sprintf("defer func() { b, _ := os.ReadFile(%q); os.WriteFile(%q, append(b, %q...), 0o644) }()", file, file, text)
	}
	log := func() string { b, _ := os.ReadFile(file); return string(b) }
	h.do(t.Context(), add("one "))
	if got := log(); got != "" {
		t.Errorf("at once: %q", got)
	}
	h.Process().Reset()
	if got := log(); got != "one " {
		t.Errorf("after a reset: %q", got)
	}
	h.do(t.Context(), add("three "))
	h.do(t.Context(), add("two "))
	if _, err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if got := log(); got != "one two three " {
		t.Errorf("at the end: %q", got)
	}
}
