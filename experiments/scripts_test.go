package experiments

import (
	"go/build/constraint"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"strings"
	"testing"
)

// TestScripts: each script is a program of its own, formatted, with a header,
// and the binary carries it.
func TestScripts(t *testing.T) {
	names, err := fs.Glob(Scripts, "*.go")
	if err != nil {
		t.Fatal(err)
	}
	scripts := 0
	for _, name := range names {
		text, err := fs.ReadFile(Scripts, name)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(text), "\n")
		if !constraint.IsGoBuild(first) {
			continue // of the package
		}
		scripts++
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if file.Name.Name != "main" || file.Scope.Lookup("main") == nil {
			t.Errorf("%s is no program", name)
		}
		if nice, err := format.Source(text); err != nil || string(nice) != string(text) {
			t.Errorf("%s is not formatted: %v", name, err)
		}
		for _, key := range []string{"PURPOSE", "WHEN TO USE", "WHEN NOT TO USE", "INPUT", "OUTPUT", "PIPELINE STAGE", "TIME", "COST"} {
			if !strings.Contains(string(text), "\n// "+key+": ") {
				t.Errorf("%s: its header has no %s", name, key)
			}
		}
	}
	if scripts < 2 {
		t.Errorf("%d scripts", scripts)
	}
}
