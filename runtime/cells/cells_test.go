package cells

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// play runs pieces and returns what each shows, notes and reports.
func play(t *testing.T, s *Session, pieces ...string) []string {
	t.Helper()
	var list []string
	for i, src := range pieces {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		var parts []string
		out := s.Eval(ctx, fmt.Sprintf("In[%d]", i+1), src, func(v Value) { parts = append(parts, v.Text) })
		cancel()
		for _, d := range out.Diagnostics {
			parts = append(parts, fmt.Sprintf("%d:%d: %s", d.Line, d.Column, d.Message))
		}
		if out.Interrupted {
			parts = append(parts, "interrupted")
		}
		parts = append(parts, out.Notes...)
		list = append(list, strings.Join(parts, " | "))
	}
	return list
}

func TestPieces(t *testing.T) {
	for _, test := range []struct {
		name   string
		pieces []string // source, what it shows, source, …
	}{
		{"values stay", []string{"x := 5", "", "x + 1", "6", "x++", "", "x", "6"}},
		{"two values", []string{`n, err := fmt.Sscan("7", new(int))`, "", "n", "1", "err", "nil"}},
		{"imports on first use", []string{`strings.ToUpper("a")`, "A", `slices.Max([]int{3, 9, 2})`, "9"}},
		{"functions", []string{"func f(x int) int { return x * 2 }", "", "f(4)", "8"}},
		{"a function declared again serves its callers", []string{"func f() int { return 1 }", "", "func g() int { return f() + 10 }", "", "g()", "11",
			"func f() int { return 2 }", "", "g()", "12"}},
		{"a function that no longer fits is said", []string{"func f() int { return 1 }", "", "func g() int { return f() + 10 }", "",
			`func f() string { return "s" }`, "g is gone, it does not fit any more: invalid operation: f() + 10 (mismatched types string and untyped int)",
			"g()", "1:1: undefined: g", "f()", "s"}},
		{"a function that fits no value is gone", []string{"x := 1", "", "func f() int { return x }", "", `x := "s"`,
			"f is gone, it does not fit any more: cannot use x (variable of type string) as int value in return statement", "f()", "1:1: undefined: f"}},
		{"types and methods", []string{"type P struct{ X, Y int }", "", "func (p P) Sum() int { return p.X + p.Y }", "", "p := P{1, 2}", "", "p.Sum()", "3",
			`func (p P) String() string { return fmt.Sprint("P", p.Sum()) }`, "p is gone: it was of a type that is declared anew (P); make it again",
			"P{3, 4}", "P7"}},
		{"a type word for word again changes nothing", []string{"type P struct{ X int }", "", "p := P{1}", "", "type P struct{ X int }", "", "p.X", "1"}},
		{"a variable of another type", []string{"x := 5", "", "func f() string { return fmt.Sprint(x) }", "", `x := "five"`, "", "f()", "five", "x", "five"}},
		{"a variable declared again serves functions", []string{"x := 1", "", "func f() int { return x }", "", "x := 2", "", "f()", "2"}},
		{"a closure keeps its variable", []string{"x := 1", "", "f := func() int { return x }", "", "x := 2", "", "f()", "1", "x", "2"}},
		{"from itself", []string{"x := 1", "", "x := x + 1", "", "x", "2", `x := fmt.Sprint(x, "!")`, "", "x", "2!"}},
		{"loop variables", []string{"var fs []func() int", "", "for i := range 3 { fs = append(fs, func() int { return i }) }", "",
			"fs[0]() + fs[1]() + fs[2]()", "3", "for i := 0; i < 3; i++ { fs[i] = func() int { return i * 10 } }", "", "fs[1]()", "10"}},
		{"generics", []string{"func Map[T, U any](xs []T, f func(T) U) []U { var us []U; for _, x := range xs { us = append(us, f(x)) }; return us }", "",
			"Map([]int{1, 2}, func(i int) string { return strings.Repeat(\"a\", i) })", `["a" "aa"]`, "type Stack[T any] struct{ items []T }", "",
			"func (s *Stack[T]) Push(x T) { s.items = append(s.items, x) }", "", "var s Stack[int]", "", "s.Push(4); s.Push(5)", "", "s.items", "[4 5]", "s", "{items:[4 5]}"}},
		{"typed nil", []string{"type E struct{}", "", `func (e *E) Error() string { return "e" }`, "", "func f() error { var e *E; return e }", "", "f() == nil", "false"}},
		{"recursive structs", []string{"type N struct { V int; Next *N }", "", "n := &N{1, nil}", "", "n = &N{2, n}", "", "n.Next.V", "1", "var a any = n", "", "a.(*N).V", "2"}},
		{"mixed piece", []string{"x := 2\nfunc twice() int { return x * 2 }\ntwice()", "4"}},
		{"a wrong piece changes nothing", []string{"x := 1", "", "x := 2; y := undefinedThing", "1:14: undefined: undefinedThing", "x", "1", "y", "1:1: undefined: y"}},
		{"a panic keeps the former value", []string{"x := 1", "", "func bad() int { panic(\"no\") }", "", "x := bad()", "1:18: no", "x", "1", `y := fmt.Sprint(bad())`, "1:18: no", "y", "1:1: undefined: y"}},
		{"positions", []string{"xs := []int{1}\n\nxs[5]", "3:1: runtime error: index out of range [5] with length 1"}},
		{"recover", []string{"func f() (s string) { defer func() { s = fmt.Sprint(recover()) }(); panic(1) }", "", "f()", "1"}},
		{"constants", []string{"const ( A = iota; B; C )", "", "B + C", "3", "const A = 10", "", "A", "10"}},
		{"constants of a type", []string{"type Color int", "", "const ( Red Color = iota; Blue )", "", `func (c Color) String() string { return []string{"red", "blue"}[c] }`, "", "Blue", "blue", "[]Color{Red, Blue}", "[red blue]"}},
		{"syntax", []string{"x := (1", "1:8: expected ')', found newline", "1 +* 2", "1:6: invalid operation: cannot indirect 2 (untyped int constant)"}},
		{"goroutines", []string{"c := make(chan int)", "", "go func() { c <- 42 }()", "", "<-c", "42"}},
		{"package variables in their order", []string{"var a = b + 1\nvar b = 2", "", "a", "3"}},
		{"no value", []string{"func f() {}", "", "f()", "", `fmt.Sprint("a");`, ""}},
		{"images", []string{"image.NewGray(image.Rect(0, 0, 2, 2))", "image/png, 75 B", `var b bytes.Buffer; png.Encode(&b, image.NewGray(image.Rect(0, 0, 2, 2))); b.Bytes()`, "image/png, 75 B",
			"image.NewGray(image.Rect(0, 0, 0, 0)).Bounds().Empty()", "true", `[]byte("<svg/>")`, "6 bytes: 3c7376672f3e"}},
		{"errors as values", []string{"type E struct{ N int }", "", `func (e E) Error() string { return fmt.Sprint("E", e.N) }`, "", "var err error = E{3}", "", "err", "E3",
			"var e E; errors.As(fmt.Errorf(\"w %w\", err), &e)", "true", "e.N", "3"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := New(Options{})
			var src []string
			for i := 0; i < len(test.pieces); i += 2 {
				src = append(src, test.pieces[i])
			}
			for i, got := range play(t, s, src...) {
				if want := test.pieces[2*i+1]; got != want {
					t.Errorf("%s\n got %q\nwant %q", src[i], got, want)
				}
			}
		})
	}
}

// TestInterrupt ends pieces in all the ways that they may hang; the session goes
// on, and what was made before still works.
func TestInterrupt(t *testing.T) {
	for name, hang := range map[string]string{
		"loop":       "for { n++ }",
		"calculates": "for i := 0; i < 1<<60; i++ { n += i }",
		"sleep":      "time.Sleep(time.Hour)",
		"channel":    "<-make(chan int)",
		"select":     "select {}",
		"recursion":  "var f func(); f = func() { for { n++; if n < 0 { f() } } }; f()",
		"goroutines": "go func() { for { n++ } }(); for { n++ }",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := New(Options{Grace: func(d time.Duration) bool { return d < 300*time.Millisecond }})
			play(t, s, "n := 0", "inc := func() int { for range 3 { n++ }; return n }", "c := make(chan int, 1)")
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			if out := s.Eval(ctx, "In[9]", hang, nil); !out.Interrupted {
				t.Fatalf("not interrupted: %+v", out)
			}
			got := play(t, s, "n = 0", "inc()", "c <- 5; <-c", "func f(k int) int { return k * k }; f(7)")
			if want := "|3|5|49"; strings.Join(got, "|") != want {
				t.Errorf("afterwards: %q, want %q", got, want)
			}
		})
	}
}
