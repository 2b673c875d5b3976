package notebook

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const sample = `// PURPOSE: a sample

package main

import "fmt"

// %% Names
func double(n int) int { // %% not one
	// %% nor this
	return 2 * n
}

func main() {
	a := 1
	// %% First
	text := ` + "`\n// %% text, no mark\n`" + `
	for range 2 {
		// %% inside of a loop
	}

	// %%
	fmt.Println(a, text, double(a))
}

// %% After
const last = 3
`

func shape(d *Document) (list []string) {
	for _, p := range d.Parts {
		list = append(list, fmt.Sprintf("%d %s %s", p.Line, p.Kind, p.Title))
	}
	return list
}

func TestParse(t *testing.T) {
	d := Parse(sample)
	want := []string{"1 head ", "4 decls ", "7 decls Names", "13 frame ", "14 steps ", "15 steps First", "23 steps ", "25 frame ", "26 decls ", "27 decls After"}
	if got := shape(d); !slices.Equal(got, want) {
		t.Errorf("parts\n%s\nnot\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if d.Text() != sample {
		t.Error("the parts are not the file")
	}
}

func TestParseOddScripts(t *testing.T) {
	for _, c := range []struct {
		name, src string
		want      []string
	}{
		{"empty", "", nil},
		{"one line", "package main; func main() { f() }", []string{"1 head ", "1 decls ", "1 frame ", "1 steps ", "1 frame "}},
		{"a method called main", "package main\nfunc (t T) main() {\n\t// %% no\n}\n", []string{"1 head ", "2 decls "}},
		{"main does not end", "package main\nfunc main() {\n\t// %% a\n\tif x {\n", []string{"1 head ", "2 frame ", "3 steps a"}},
		{"mark behind a statement", "package main\nfunc main() {\n\tf() // %% no\n}\n", []string{"1 head ", "2 frame ", "3 steps ", "4 frame "}},
		{"mark in the header", "// %% no\npackage main\n", []string{"1 head "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := Parse(c.src)
			if got := shape(d); !slices.Equal(got, c.want) {
				t.Errorf("parts %q, not %q", got, c.want)
			}
			if d.Text() != c.src {
				t.Error("the parts are not the file")
			}
		})
	}
}

func TestReplace(t *testing.T) {
	d := Parse(sample)
	const first = 5
	for _, c := range []struct {
		name, text string
		wrong      error
		parts      int
	}{
		{"another text", "\t// %% First\n\ttext := \"\"\n", nil, len(d.Parts)},
		{"without a line end", "\t// %% First\n\ttext := \"\"", nil, len(d.Parts)},
		{"two cells", "\t// %% First\n\ttext := \"\"\n\t// %% Second\n", nil, len(d.Parts) + 1},
		{"gone", "", nil, len(d.Parts) - 1},
		{"bracket too many", "\t// %% First\n}\n", ErrOpen, 0},
		{"bracket too few", "\t// %% First\n\tif true {\n", ErrOpen, 0},
		{"open comment", "\t// %% First\n\t/* \n", ErrOpen, 0},
		{"out of main and in again", "\t// %% First\n}\nfunc other() {\n", ErrOpen, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			next, err := d.Replace(first, c.text)
			if !errors.Is(err, c.wrong) {
				t.Fatalf("error %v, not %v", err, c.wrong)
			}
			if err == nil && len(next.Parts) != c.parts {
				t.Errorf("%d parts, not %d: %q", len(next.Parts), c.parts, shape(next))
			}
			if d.Text() != sample {
				t.Error("the former document changed")
			}
		})
	}
	for _, i := range []int{-1, 3, len(d.Parts)} {
		if _, err := d.Replace(i, ""); !errors.Is(err, ErrNoCell) {
			t.Errorf("part %d: %v, not ErrNoCell", i, err)
		}
	}
}

// The experiments come out as they went in, with cells of main in each script.
func TestExperiments(t *testing.T) {
	files, err := filepath.Glob("../../experiments/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no experiments", err)
	}
	scripts := 0
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		d := Parse(string(b))
		if d.Text() != string(b) {
			t.Errorf("%s: the parts are not the file", f)
		}
		if !strings.Contains(string(b), "\nfunc main() {") {
			continue
		}
		scripts++
		if !slices.ContainsFunc(d.Parts, func(p Part) bool { return p.Kind == Steps }) {
			t.Errorf("%s: no cell of main: %q", f, shape(d))
		}
	}
	if scripts == 0 {
		t.Error("no experiment has a main")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(sample, 5, "x := 1\n")
	f.Add("package main; func main() { f() }", 3, "}")
	f.Fuzz(func(t *testing.T, src string, i int, text string) {
		d := Parse(src)
		if d.Text() != src {
			t.Fatalf("the parts are not the file: %q", shape(d))
		}
		line := 1
		for _, p := range d.Parts {
			if p.Line != line {
				t.Fatalf("part at line %d, not %d", p.Line, line)
			}
			line += strings.Count(p.Text, "\n")
		}
		next, err := d.Replace(i, text)
		if err == nil && !strings.Contains(next.Text(), text) {
			t.Fatal("the new text is not in the file")
		}
	})
}
