package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// example is a Go block, and the text block that follows it: what it prints.
var example = regexp.MustCompile("(?s)```go\n(.*?)```(?:\n```text\n(.*?)```)?")

// TestScriptsByTask runs every example of docs/SCRIPTS.md as a script and compares
// what it prints.
func TestScriptsByTask(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "SCRIPTS.md"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for i, m := range example.FindAllStringSubmatch(string(text), -1) {
		script := "exits 0 cogumi run -q e.go\n"
		files := "-- e.go --\n" + program(m[1])
		if m[2] != "" {
			script += "cmp stdout want\n"
			files += "-- want --\n" + m[2]
		}
		name := fmt.Sprintf("%02d.txtar", i+1)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script+files), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	testscript.Run(t, scriptParams(dir))
}

var shell = regexp.MustCompile("(?s)```(sh|go)\n(.*?)```")

// TestGuide does what docs/GUIDE.md tells a person to do, one command after the
// other, in a folder of its own. A Go block is the file that its first line names.
func TestGuide(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "GUIDE.md"))
	if err != nil {
		t.Fatal(err)
	}
	var script, files strings.Builder
	n := 0
	for _, m := range shell.FindAllStringSubmatch(string(text), -1) {
		if m[1] == "go" {
			first, _, _ := strings.Cut(m[2], "\n")
			name := strings.TrimPrefix(first, "// ")
			n++
			fmt.Fprintf(&script, "cp file%d %s\n", n, name)
			fmt.Fprintf(&files, "-- file%d --\n%s", n, strings.TrimPrefix(m[2], first+"\n"))
			continue
		}
		for line := range strings.Lines(m[2]) {
			command, _, _ := strings.Cut(strings.TrimSpace(line), "   #")
			command, _, piped := strings.Cut(command, " && ")
			if strings.HasPrefix(command, "cogumi ") {
				fmt.Fprintf(&script, "exits 0 %s\n", strings.TrimSpace(command))
			} else if !piped && command != "" && !strings.HasPrefix(command, "make ") && !strings.HasPrefix(command, "xdg-open") {
				t.Errorf("nobody tries %q", command)
			}
		}
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "guide.txtar"), []byte(script.String()+files.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, scriptParams(dir))
}
