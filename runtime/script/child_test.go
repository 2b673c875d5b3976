package script

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// write puts a script into a folder of its own.
func write(t testing.TB, src string) (dir, file string) {
	t.Helper()
	dir = t.TempDir()
	file = filepath.Join(dir, "s.go")
	if err := os.WriteFile(file, []byte(src), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, file
}

// TestFailures: how scripts end, with the position of what went wrong.
func TestFailures(t *testing.T) {
	for _, c := range []struct {
		name, src string
		code      int
		stdout    string
		stderr    []string
	}{
		{"syntax", "package main\nfunc main() { x := }\n", exitRejected, "", []string{"s.go:2:20: expected", "func main() { x := }"}},
		{"type", "package main\n\nfunc main() {\n\tvar x int = \"s\"\n\t_ = x\n}\n", exitRejected, "", []string{`s.go:4:14: cannot use "s"`, "\tvar x int = \"s\"\n\t\t            ^"}},
		{"import", "package main\nimport \"os/exec\"\nfunc main() { exec.Command(\"ls\") }\n", exitRejected, "", []string{"s.go:2:8: import os/exec: scripts start no processes"}},
		{"hint", "package main\nimport \"strings\"\nfunc main() { println(strings.ToUper(\"a\")) }\n", exitRejected, "", []string{"hint: did you mean strings.ToUpper?"}},
		{"unsupported", "package main\ntype f func() f\nfunc main() { var x f; _ = x }\n", exitRejected, "", []string{"s.go:2:6: type f refers to itself without a struct in between", "hint: put it in a struct"}},
		{"panic", "package main\nimport \"fmt\"\nfunc f(n int) {\n\tif n == 0 {\n\t\tpanic(fmt.Sprint(\"bo\", \"om\"))\n\t}\n\tf(n - 1)\n}\nfunc main() {\n\tfmt.Println(\"out\")\n\tf(3)\n}\n",
			exitFailed, "out\n", []string{"s.go:5:3: panic: boom", "\t\tpanic(fmt.Sprint"}},
		{"nil map", "package main\nfunc main() {\n\tvar m map[string]int\n\n\tm[\"a\"] = 1\n}\n", exitFailed, "", []string{"s.go:5:", "assignment to entry in nil map"}},
		{"division", "package main\nfunc id(n int) int { return n }\nfunc main() {\n\tx := id(0)\n\tprintln(id(4) +\n\t\t1/x)\n}\n", exitFailed, "", []string{"s.go:5:", "integer divide by zero"}},
		{"nil pointer", "package main\ntype t struct{ n int }\nfunc (x *t) get() int {\n\treturn x.n\n}\nfunc main() {\n\tvar x *t\n\tprintln(x.get())\n}\n", exitFailed, "", []string{"s.go:4:", "nil pointer dereference"}},
		{"stopped", "package main\nimport (\n\t\"errors\"\n\t\"cogumi/stdlib/experiment\"\n)\nfunc pick() error { return errors.New(\"no rows\") }\nfunc main() {\n\tdefer func() {}()\n\texperiment.Stop(\n\t\texperiment.Hint(pick(), \"give some\"))\n}\n",
			exitFailed, "", []string{"s.go:9:2: no rows", "hint: give some"}},
		{"missing file", "package main\nimport \"cogumi/stdlib/dataset\"\nfunc main() {\n\tpath := \"/no/such/file.jsonl\"\n\tset := dataset.MustRead(path)\n\tprintln(set.Len())\n}\n",
			exitFailed, "", []string{"s.go:5:9: ", "/no/such/file.jsonl"}},
		{"goroutine", "package main\nimport \"time\"\nfunc work(n int) {\n\tvar p []int\n\tp[n] = 1\n}\nfunc main() {\n\tgo work(3)\n\ttime.Sleep(time.Minute)\n}\n", exitFailed, "", []string{"s.go:5:", "index out of range", "goroutine 1"}},
		{"goroutines", "package main\nimport (\n\t\"errors\"\n\t\"time\"\n\t\"cogumi/stdlib/experiment\"\n)\nfunc slow() error {\n\ttime.Sleep(300 * time.Millisecond)\n\treturn errors.New(\"late\")\n}\nfunc main() {\n\tgo func() {\n\t\tfor i := 0; ; i++ {\n\t\t\t_ = []int{i}[0]\n\t\t}\n\t}()\n\texperiment.Stop(slow())\n}\n",
			exitFailed, "", []string{"s.go:17:2: late"}},
		{"exit", "package main\nimport (\n\t\"fmt\"\n\t\"os\"\n)\nfunc main() {\n\tdefer fmt.Println(\"never\")\n\tfmt.Println(\"once\")\n\tos.Exit(7)\n}\n", 7, "once\n", nil},
		{"exit in goroutine", "package main\nimport \"os\"\nfunc main() {\n\tgo os.Exit(3)\n\tselect {}\n}\n", 3, "", nil},
		{"fatal", "package main\nimport \"log\"\nfunc main() { log.Fatalf(\"no %d\", 5) }\n", 1, "", []string{"no 5"}},
		{"args", "package main\nimport (\n\t\"fmt\"\n\t\"os\"\n)\nfunc main() { fmt.Println(os.Args[1:]) }\n", 0, "[a -b]\n", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, _ := write(t, c.src)
			o := child(t, dir, "s.go", 20*time.Second, "a", "-b")
			if o.code != c.code || o.stdout != c.stdout || o.timeout {
				t.Errorf("exit %d, stdout %q; want %d, %q", o.code, o.stdout, c.code, c.stdout)
			}
			for _, want := range c.stderr {
				if !strings.Contains(o.stderr, want) {
					t.Errorf("no %q in %s", want, o.stderr)
				}
			}
		})
	}
}

// TestInterrupt: one Ctrl-C ends a script wherever it is.
func TestInterrupt(t *testing.T) {
	for name, src := range map[string]string{
		"loop":      "package main\nfunc main() { println(\"up\"); for {} }\n",
		"recursion": "package main\nfunc f(n int) int { if n > 25 { return 1 }; return f(n+1) + f(n+1) }\nfunc main() { println(\"up\"); println(f(0)) }\n",
		"channel":   "package main\nfunc main() { println(\"up\"); <-make(chan int) }\n",
		"sleep":     "package main\nimport \"time\"\nfunc main() { println(\"up\"); time.Sleep(time.Hour) }\n",
		"recover":   "package main\nfunc f() { defer func() { recover() }(); for {} }\nfunc main() { println(\"up\"); for { f() } }\n",
		"goroutine": "package main\nimport \"sync\"\nfunc main() { println(\"up\"); var wg sync.WaitGroup; wg.Add(1); go func() { defer wg.Done(); for {} }(); wg.Wait() }\n",
	} {
		t.Run(name, func(t *testing.T) {
			dir, file := write(t, src)
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			cmd := exec.CommandContext(ctx, os.Args[0], file)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "SCRIPT_TEST_CHILD=1")
			stderr, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if _, err := stderr.Read(make([]byte, 2)); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != exitInterrupted || ctx.Err() != nil {
				t.Errorf("exit %d after %v", code, time.Since(began))
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// TestRender: the line is shown with a caret below the column, tabs kept.
func TestRender(t *testing.T) {
	d := Diagnostic{File: "a.go", Line: 3, Column: 5, Source: "\tx é := 1", Message: "bad", Hint: "better", Kind: "type"}
	if got, want := d.String(), "a.go:3:5: bad\n\t\tx é := 1\n\t\t   ^\nhint: better\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := (Diagnostic{File: "a.go", Message: "gone"}).String(), "a.go: gone\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
