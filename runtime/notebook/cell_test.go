package notebook

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"cogumi/runtime/cells"
)

func TestShown(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"_ = x", "    x"},
		{"\t// %% T\n\t_ = rows.Len()\n", "\t// %% T\n\t    rows.Len()\n"},
		{"a := 1\n_ = a; _ = b", "a := 1\n    a;     b"},
		{"_, b := f()", "_, b := f()"},
		{"_ = x == _x", "    x == _x"},
		{"f(func() { _ = x })", "f(func() { _ = x })"},
		{"s := `\n_ = x\n`", "s := `\n_ = x\n`"},
		{"// _ = x", "// _ = x"},
		{"_ := x", "_ := x"},
		{"_", "_"},
		{"", ""},
	} {
		if got := shown(c.text); got != c.want {
			t.Errorf("%q becomes %q, not %q", c.text, got, c.want)
		}
	}
}

func FuzzShown(f *testing.F) {
	f.Add("_ = x")
	f.Add("a; _\n= b /* _ = */ `_ = `")
	f.Fuzz(func(t *testing.T, text string) {
		got := shown(text)
		if len(got) != len(text) || strings.Count(got, "\n") != strings.Count(text, "\n") {
			t.Errorf("%q becomes %q", text, got)
		}
		d := Parse(text) // whatever a text is, its parts are the text
		if d.Text() != text {
			t.Errorf("the parts of %q are %q", text, d.Text())
		}
	})
}

func TestAssigned(t *testing.T) {
	for text, want := range map[string]string{
		"x = 1":               "x",
		"x := 1":              "",
		"x.f[2].g++":          "x",
		"*p = 3":              "p",
		"a, b = b, a":         "a b",
		"for k = range m { }": "k",
		"if y { z += 1 }":     "z",
		"_ = x":               "",
		"x = (":               "x",
	} {
		if got := strings.Join(slices.Sorted(maps.Keys(assigned(text, Steps))), " "); got != want {
			t.Errorf("%s changes %q, not %q", text, got, want)
		}
	}
}

// made is a book's cells after runs: a name, what it uses, what it declares or sets.
type made struct {
	kind          Kind
	seq           int
	uses, defines string
	sets          string
	edited        bool
}

func TestStale(t *testing.T) {
	for _, c := range []struct {
		name  string
		cells []made
		want  string // a letter a cell: . fresh, s stale
	}{
		{"in order", []made{{Steps, 1, "", "a", "", false}, {Steps, 2, "a", "b", "", false}}, ".."},
		{"the first again", []made{{Steps, 3, "", "a", "", false}, {Steps, 2, "a", "b", "", false}}, ".s"},
		{"the first edited", []made{{Steps, 1, "", "a", "", true}, {Steps, 2, "a", "b", "", false}}, "ss"},
		{"through a third", []made{{Steps, 4, "", "a", "", false}, {Steps, 2, "a", "b", "", false}, {Steps, 3, "b", "c", "", false}, {Steps, 5, "", "d", "", false}}, ".ss."},
		{"a later cell's doing", []made{{Steps, 1, "", "a", "", false}, {Steps, 2, "a", "", "", false}, {Steps, 3, "a", "", "a", false}}, "..."},
		{"a former cell sets", []made{{Steps, 1, "", "a", "", false}, {Steps, 5, "a", "", "a", false}, {Steps, 3, "a", "", "", false}}, "..s"},
		{"declared below main", []made{{Steps, 2, "f", "a", "", false}, {Decls, 3, "", "f", "", false}}, "s."},
		{"what it uses stands below", []made{{Steps, 2, "a", "b", "", false}, {Steps, 1, "", "a", "", false}}, "s."},
		{"what it uses is gone", []made{{Steps, 2, "a", "b", "", false}}, "s"},
		{"never run", []made{{Steps, 0, "", "", "", true}, {Steps, 1, "", "x", "", false}}, ".."},
		{"made twice, the nearer again", []made{{Steps, 1, "", "a", "", false}, {Steps, 4, "", "a", "", false}, {Steps, 3, "a", "", "", false}}, "..s"},
	} {
		var list []*cell
		for i, m := range c.cells {
			o := &cell{ID: i + 1, Part: Part{Kind: m.kind, Text: "x"}, seq: m.seq, ran: "x", uses: strings.Fields(m.uses), defines: strings.Fields(m.defines), sets: map[string]bool{}}
			for _, s := range strings.Fields(m.sets) {
				o.sets[s] = true
			}
			if m.edited {
				o.Text = "y"
			}
			list = append(list, o)
		}
		judge(list)
		got := ""
		for _, o := range list {
			got += map[bool]string{true: "s", false: "."}[o.Stale != ""]
		}
		if got != c.want {
			t.Errorf("%s: %s, not %s", c.name, got, c.want)
		}
	}
}

func TestFinished(t *testing.T) {
	c := &cell{Part: Part{Kind: Steps}}
	c.finished(1, "a := 1", cells.Outcome{Started: true, Defines: []string{"a"}})
	c.finished(2, "a := (", cells.Outcome{}) // refused: what it made before is still there
	if c.seq != 1 || !slices.Equal(c.defines, []string{"a"}) || c.ran != "a := 1" {
		t.Errorf("a refused run changed %+v", c)
	}
	c.forget()
	if c.defines != nil || c.seq != 0 || !c.lost {
		t.Errorf("after the process's end: %+v", c)
	}
}

// TestMatch follows cells through changes of the file.
func TestMatch(t *testing.T) {
	id := 0
	fresh := func() *cell { id++; return &cell{ID: id} }
	text := func(titles ...string) string {
		s := "package main\n"
		for _, t := range titles {
			name, body, _ := strings.Cut(t, "=")
			s += "// %% " + name + "\nvar " + strings.ToLower(name) + " = 1 // " + body + "\n"
		}
		return s
	}
	ids := func(list []*cell) string {
		s := ""
		for _, c := range list[1:] { // without the head
			s += fmt.Sprint(c.ID, " ")
		}
		return strings.TrimSpace(s)
	}
	first := match(nil, Parse(text("A", "B", "C")).Parts, fresh) // 1 is the head
	for _, c := range []struct{ name, text, want string }{
		{"the same", text("A", "B", "C"), "2 3 4"},
		{"one between", text("A", "N", "B", "C"), "2 5 3 4"},
		{"one gone", text("A", "C"), "2 4"},
		{"one changed", text("A", "B=2", "C"), "2 3 4"},
		{"two exchanged", text("B", "A", "C"), "3 2 4"},
		{"moved and changed", text("C", "A=7", "B"), "4 2 3"},
		{"renamed", text("A", "X", "C"), "2 3 4"},
	} {
		id = 4
		var old []*cell
		for _, o := range first {
			n := *o
			old = append(old, &n)
		}
		if got := ids(match(old, Parse(c.text).Parts, fresh)); got != c.want {
			t.Errorf("%s: %s, not %s", c.name, got, c.want)
		}
	}
}

func TestPlaces(t *testing.T) {
	d := Parse(sample)
	var text string
	for i := range d.Parts {
		next, at, err := d.Insert(i)
		if err != nil || len(next.Parts) != len(d.Parts)+1 || at < i+1 || !next.Parts[at].Cell() || !empty(next.Parts[at].Text) {
			t.Errorf("behind part %d: %v", i, err)
		}
		if err == nil && d.Parts[i].Kind == Steps && next.Parts[at].Kind != Steps {
			t.Errorf("behind part %d: %s", i, next.Parts[at].Kind)
		}
		next, err = d.Remove(i)
		if d.Parts[i].Cell() != (err == nil) && !errors.Is(err, ErrOpen) {
			t.Errorf("remove part %d: %v", i, err)
		}
		if err == nil && len(next.Parts) != len(d.Parts)-1 {
			t.Errorf("without part %d there are %d", i, len(next.Parts))
		}
	}
	next, at, err := d.Move(4, 1) // main's first cell has no mark
	if err != nil || at != 5 || !strings.Contains(next.Parts[5].Text, "// %%\n\ta := 1") || next.Parts[4].Title != "First" {
		t.Errorf("moved: %v, %q", err, shape(next))
	}
	if _, _, err := d.Move(4, -1); !errors.Is(err, ErrNoCell) {
		t.Errorf("over main's edge: %v", err)
	}
	next, at, err = Parse("package main\n\nfunc main() {\n}\n").Insert(2)
	if err == nil {
		text = next.Text()
	}
	if err != nil || next.Parts[at].Kind != Steps || !strings.Contains(text, "func main() {\n\t// %%\n") {
		t.Errorf("into an empty main: %v\n%s", err, text)
	}
}
