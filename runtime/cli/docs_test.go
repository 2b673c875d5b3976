package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cogumi/runtime/script"
	"cogumi/runtime/stage"
)

// root is the repository's folder.
var root = filepath.Join("..", "..")

// pages are the documents that people read.
var pages = []string{"README.md", "docs/GUIDE.md", "docs/SCRIPTS.md", "docs/WRITING.md", "docs/ARCHITECTURE.md", "docs/PIPELINE.md"}

var goBlock = regexp.MustCompile("(?s)```go\n(.*?)```")

// fileName is the first line of an example that is a file: // first.go
var fileName = regexp.MustCompile(`^// \S+\.go\n`)

// TestDocumentedGo: every Go example type-checks, and its header holds.
func TestDocumentedGo(t *testing.T) {
	count := 0
	for _, page := range pages {
		text, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range goBlock.FindAllStringSubmatch(string(text), -1) {
			count++
			name := fmt.Sprintf("%s, example %d", page, i+1)
			src := []byte(program(fileName.ReplaceAllString(m[1], "")))
			for _, d := range script.Check(name, src) {
				t.Errorf("%s", d)
			}
			if _, problems := stage.Parse(name, src); strings.Contains(m[1], "// PURPOSE:") {
				for _, p := range problems {
					t.Errorf("%v (%s)", p, p.Hint)
				}
			}
		}
	}
	if count < 5 {
		t.Errorf("only %d examples found", count)
	}
}

// program makes a whole program of an example that shows less: the imports
// that it uses, main, the run.
func program(example string) string {
	if strings.Contains(example, "package ") {
		return example
	}
	if !strings.Contains(example, "func main()") {
		example = "func main() {\nx := experiment.Start()\ndefer x.Finish()\n" + example + "}\n"
	}
	known := map[string]string{"fmt": "fmt", "os": "os", "strings": "strings", "filepath": "path/filepath", "run": "cogumi/reports/run"}
	for _, name := range []string{"experiment", "dataset", "dedup", "model", "grade", "extract", "train", "validate", "stats", "sandbox", "judge", "curate"} {
		known[name] = "cogumi/stdlib/" + name
	}
	var imports []string
	for name, path := range known {
		if regexp.MustCompile(`\b` + name + `\.[A-Z]`).MatchString(example) {
			imports = append(imports, "import \""+path+"\"\n")
		}
	}
	slices.Sort(imports)
	return "package main\n\n" + strings.Join(imports, "") + "\n" + example
}

var link = regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`)

// TestLinks: what the documents point at is there.
func TestLinks(t *testing.T) {
	for _, page := range pages {
		text, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") || strings.HasSuffix(m[1], ".png") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s points at %s: %v", page, m[1], err)
			}
		}
	}
}
