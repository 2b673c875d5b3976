package notebook

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cogumi/reports"
	"cogumi/runtime/cells"
	"cogumi/runtime/launch"
	"cogumi/runtime/stage"
)

// played runs all cells of a script, without a page, and gives what they printed
// in the order of the file.
func played(t *testing.T, file string) string {
	t.Helper()
	b, err := openBook(Config{File: file})
	if err != nil {
		t.Fatal(err)
	}
	var late strings.Builder
	b.host, err = cells.Begin(launch.Config{Script: &stage.Script{Name: "try"}, Root: t.TempDir(), Program: os.Args[0], ProgramArgs: []string{childArg}, Report: reports.Write},
		func(e cells.Event) { late.WriteString(e.Text) })
	if err != nil {
		t.Fatal(err)
	}
	b.follow = follow(b.host.Dir())
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	go b.work(ctx)
	if err := b.run("all", 0); err != nil {
		t.Fatal(err)
	}
	for {
		b.mu.Lock()
		over := b.now == nil && len(b.queue) == 0
		b.mu.Unlock()
		if over || ctx.Err() != nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	var out strings.Builder
	b.mu.Lock()
	for _, c := range b.cells {
		for _, d := range c.Problems {
			t.Errorf("%s: %s", titleOf(c), d.Message)
		}
		for _, o := range c.Outputs {
			if o.Kind == "stdout" {
				out.WriteString(o.Text)
			}
		}
	}
	b.mu.Unlock()
	if _, err := b.host.Close(); err != nil {
		t.Error(err)
	}
	return out.String() + late.String() // what is deferred comes last
}

// TestSameAsRun: all cells of a notebook print what the script prints that is run.
func TestSameAsRun(t *testing.T) {
	for name, text := range map[string]string{
		"small": small,
		"declared after main": "package main\n\nimport \"fmt\"\n\nfunc main() {\n\t// %% A\n\tfmt.Println(twice(limit))\n\n\t// %% B\n\tvar s shape = square{3}\n\tfmt.Println(s.area())\n}\n\n" +
			"// %% Later\nfunc twice(x int) int { return 2 * x }\n\nconst limit = 21\n\n// %% Shapes\ntype shape interface{ area() int }\n\ntype square struct{ side int }\n\nfunc (s square) area() int { return s.side * s.side }\n",
		"deferred":  "package main\n\nimport \"fmt\"\n\nfunc main() {\n\t// %% A\n\tdefer fmt.Println(\"last\")\n\tdefer fmt.Println(\"before\")\n\n\t// %% B\n\tfmt.Println(\"first\")\n}\n",
		"returns":   "package main\n\nimport \"fmt\"\n\nfunc main() {\n\t// %% A\n\tx := 1\n\tif x > 0 {\n\t\tfmt.Println(\"out\")\n\t\treturn\n\t}\n\n\t// %% B\n\tfmt.Println(\"never\", x)\n}\n",
		"nothing":   "package main\n\nimport \"fmt\"\n\nfunc main() {\n\t// %% A\n\txs := []int{3, 1, 2}\n\t_ = xs\n\t_ = len(xs)\n\n\t// %% B\n\tfmt.Println(xs)\n}\n",
		"closures":  "package main\n\nimport \"fmt\"\n\nfunc main() {\n\t// %% A\n\tn := 0\n\tnext := func() int { n++; return n }\n\n\t// %% B\n\tnext()\n\tnext()\n\n\t// %% C\n\tfmt.Println(n, next())\n}\n",
		"globals":   "package main\n\nimport \"fmt\"\n\n// %% Names\nvar total = start + 1\n\n// %% More\nvar start = 4\n\nfunc add(n int) { total += n }\n\nfunc main() {\n\t// %% A\n\tadd(10)\n\n\t// %% B\n\tfmt.Println(total)\n}\n",
		"two cells": "package main\n\nimport \"fmt\"\n\n// %% Even\nfunc even(n int) bool { return n == 0 || odd(n-1) }\n\n// %% Odd\nfunc odd(n int) bool { return n != 0 && even(n-1) }\n\nfunc main() {\n\tfmt.Println(even(10), odd(7))\n}\n",
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "try.go")
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			run := exec.Command(os.Args[0], scriptArg, file)
			var stderr bytes.Buffer
			run.Stderr = &stderr
			want, err := run.Output()
			if err != nil {
				t.Fatalf("the script: %v\n%s", err, &stderr)
			}
			if got := played(t, file); got != string(want) {
				t.Errorf("the notebook printed\n%s\nand the script\n%s", got, want)
			}
			if after, _ := os.ReadFile(file); string(after) != text {
				t.Errorf("the file changed:\n%s", after)
			}
		})
	}
}
